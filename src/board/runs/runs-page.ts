import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { formatDistance, formatInstant, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { badge, cell, dataTable, empty, isOperator, olderLink } from '../ui/parts.ts'
import { livelyState, runActions } from '../ui/run-parts.ts'
import { runsInSight } from './endpoints.ts'
import { addressOf, filterOf, type RunSearch, runSearchQuery, searchForm } from './run-search.ts'

type RunList = Awaited<ReturnType<typeof runsInSight>>

export const runsPage = definePage({
  path: '/runs',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: z.strictObject({}),
  query: runSearchQuery,
  async render({ query }, context) {
    const { cursor, limit, ...search } = query
    const list = await runsInSight(context, { ...filterOf(search), cursor, limit })
    const busy = list.runs.some(({ state }) => state === 'running' || state === 'queued')
    const content = html`<div class="page-head"><h1>Runs</h1>${bulkLinks(context, search)}</div>
${await searchForm(search, context)}
${list.runs.length > 0 ? runTable(context, list) : list.lookedBackTo === null && empty('No run fits', 'Choose less, or wait for the night.')}
${further(context, list)}`
    return layout(
      context,
      { title: 'Runs', place: '/runs', refreshSeconds: busy && cursor === undefined ? 5 : null },
      content,
    )
  },
})

/** Everything the search finds, also what is not on this page. */
function bulkLinks(context: PageContext, search: RunSearch): Html | null {
  if (!isOperator(context)) return null
  return html`<div class="card-actions">
<a class="button" href="${addressOf('/runs/bulk', search, { action: 'retry' })}">Retry all that match …</a>
<a class="button" href="${addressOf('/runs/bulk', search, { action: 'discard' })}">Discard all that match …</a></div>`
}

/** A search that left off says how far it came: what it has not looked at it has not ruled out. */
function further(context: PageContext, { runs, lookedBackTo, nextCursor }: RunList): Html | null {
  if (lookedBackTo === null) return olderLink(context, nextCursor)
  const found = runs.length === 0 ? 'Nothing fits' : 'Nothing else fits'
  return html`<p class="hint">${found} that was planned since ${formatInstant(lookedBackTo, 'UTC')}.</p>
${olderLink(context, nextCursor, 'Look further back')}`
}

function withoutClient({ key, clientId }: RunList['runs'][number]): string {
  return clientId !== null && key.startsWith(`${clientId}.`) ? key.slice(clientId.length + 1) : key
}

function runTable(context: PageContext, { runs }: RunList): Html {
  const now = context.board.clock()
  return dataTable({
    caption: 'Runs, newest first',
    columns: ['Run', 'Client', 'Night', 'State', 'Planned', 'Asked for by', ...(isOperator(context) ? [''] : [])],
    rows: runs.map((run) => {
      const waitsFor = run.waitsFor.filter(({ state }) => state !== 'succeeded')
      const lively = { ...run, waitsFor, cancelRequested: run.cancelRequestedAt !== null }
      return html`<tr><th scope="row" data-label="Run"><a href="/runs/${run.id}">${titleOf(run.job)}</a><span class="quiet">${withoutClient(run)}</span></th>
${cell('Client', run.clientId ?? 'All', 'number')}${cell('Night', run.night ?? '–', 'number')}
${cell('State', html`${badge(livelyState(lively))}${run.errorMessage !== null && run.state === 'failed' && html`<p class="error">${run.errorMessage.slice(0, 160)}</p>`}`)}
${cell('Planned', html`<time datetime="${run.plannedAt}" title="${run.plannedAt}">${formatDistance(run.plannedAt, now)}</time>`)}
${cell('Asked for by', run.requestedBy ?? titleOf(run.origin))}
${isOperator(context) && cell('', runActions(context, lively), 'actions')}</tr>`
    }),
  })
}
