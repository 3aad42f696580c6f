import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { BULK_ACTIONS, type BulkAction, type BulkCount } from '../../queues/index.ts'
import { defineForm, definePage, ownAddress, type PageContext, saying } from '../http/page.ts'
import { plural } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { badge } from '../ui/parts.ts'
import { changeRuns } from './change-runs.ts'
import { filterInSight } from './run-filter.ts'
import { addressOf, fieldsOf, filterOf, type RunSearch, runSearchFields, searchWords } from './run-search.ts'

const fields = { ...runSearchFields, action: z.enum(BULK_ACTIONS) }
const place = { path: '/runs/bulk', role: 'operator', scope: 'client', params: z.strictObject({}) } as const

const WORDS: Record<BulkAction, { title: string; what: string; button: string; none: string }> = {
  retry: {
    title: 'Retry everything that matches',
    what: 'They are planned again, with what they depend on that has not succeeded. What was done stays done.',
    button: 'Retry',
    none: 'Nothing that matches has failed.',
  },
  discard: {
    title: 'Discard everything that matches',
    what: 'What waits is cancelled, what is at work is stopped, and what failed is set aside: it no longer counts as trouble, and its tries stay on record. What stands on them goes on waiting.',
    button: 'Discard',
    none: 'Nothing that matches is open or has failed.',
  },
}

/** How many runs a bulk action would change. Nothing changes before somebody has seen that. */
export const bulkRunsPage = definePage({
  ...place,
  cost: 'dear',
  query: z.strictObject(fields),
  async render({ query: { action, ...search } }, context) {
    const count = await context.board.ledger.countAll(action, filterInSight(context, filterOf(search)))
    const { title, none } = WORDS[action]
    const content = html`<p class="crumbs"><a href="${addressOf('/runs', search)}">Runs</a></p>
<div class="page-head"><div><h1>${title}</h1><p class="lead">${searchWords(search) ?? 'Of every client, whenever it was planned'}</p></div></div>
${count.total === 0 ? html`<p class="hint">${none}</p>` : counted(context, action, search, count)}`
    return layout(context, { title, place: '/runs' }, content)
  },
})

function counted({ identity }: PageContext, action: BulkAction, search: RunSearch, count: BulkCount): Html {
  const { what, button } = WORDS[action]
  const hidden = [
    ...fieldsOf(search),
    ['action', action],
    ['count', String(count.total)],
    ['back', addressOf('/runs', search)],
    ['csrf', identity.csrfToken],
  ]
  return html`<section class="card bulk-count" aria-labelledby="count"><h2 id="count">${plural(count.total, 'run')}</h2>
<ul class="bare">${Object.entries(count.byState).map(([state, runs]) => html`<li>${badge(state)} <strong class="number">${runs}</strong></li>`)}</ul>
<p>${what}</p>
<form class="stack" method="post" action="/runs/bulk">${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="primary">${button} ${plural(count.total, 'run')}</button></form></section>`
}

export const bulkRunsForm = defineForm({
  ...place,
  cost: 'dear',
  fields: z.strictObject({ ...fields, count: z.coerce.number().int().min(0), back: ownAddress }),
  async submit({ fields: { action, count, back, ...search } }, context) {
    const filter = filterInSight(context, filterOf(search))
    const { board, identity } = context
    const { audit } = await changeRuns(board.ledger, identity.name, { action, filter, count })
    return { audit, location: saying(back, action === 'retry' ? 'retried-all' : 'discarded-all') }
  },
})
