import { z } from 'zod'
import { RUN_STATES } from '../endpoints/run-reply.ts'
import { runsInSight, runsQuery } from '../endpoints/runs.ts'
import { formatDistance, titleOf } from '../format.ts'
import { type Html, html } from '../html.ts'
import { definePage, type PageContext } from '../page.ts'
import { clientOptions } from '../reads/clients.ts'
import { layout } from './layout.ts'
import { livelyState, runActions } from './night-card.ts'
import { badge, cell, dataTable, empty, isOperator, olderLink, select } from './parts.ts'

type RunList = Awaited<ReturnType<typeof runsInSight>>

export const runsPage = definePage({
  path: '/runs',
  role: 'viewer',
  scope: 'client',
  params: z.strictObject({}),
  query: runsQuery,
  async render({ query }, context) {
    const list = await runsInSight(context, query)
    const busy = list.runs.some(({ state }) => state === 'running' || state === 'queued')
    const content = html`<div class="page-head"><h1>Runs</h1></div>
${await filterForm(query, context)}
${list.runs.length === 0 ? empty('No run fits', 'Choose less, or wait for the night.') : runTable(context, list)}
${olderLink(context, list.nextCursor)}`
    return layout(
      context,
      { title: 'Runs', place: '/runs', refreshSeconds: busy && query.cursor === undefined ? 5 : null },
      content,
    )
  },
})

async function filterForm(query: z.output<typeof runsQuery>, context: PageContext): Promise<Html> {
  const jobs = [...context.board.registry.keys()].map((name) => ({ value: name, label: titleOf(name) }))
  const states = RUN_STATES.map((state) => ({ value: state, label: titleOf(state) }))
  return html`<form class="filter" method="get" action="/runs">
${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: await clientOptions(context.db) })}
${select({ name: 'job', label: 'Job', any: 'Every job', chosen: query.job, values: jobs })}
${select({ name: 'state', label: 'State', any: 'Every state', chosen: query.state?.[0], values: states })}
<label>Night<input type="date" name="night" value="${query.night}"></label>
<button>Show</button></form>`
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
