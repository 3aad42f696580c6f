import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { OUTCOMES, type Outcome } from '../../people/audit.ts'
import { definePage } from '../http/page.ts'
import { formatInstant, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { badge, cell, dataTable, empty, olderLink, select } from '../ui/parts.ts'
import { type AuditView, auditFilter, readAudit } from './read-audit.ts'

export const auditPage = definePage({
  path: '/audit',
  role: 'admin',
  scope: 'client',
  params: z.strictObject({}),
  query: auditFilter,
  async render({ query }, context) {
    const { board, identity } = context
    const { entries, nextCursor } = await readAudit(board.database.system, identity.clientId, query)
    const content = html`<div class="page-head"><div><h1>Audit log</h1><p class="lead">Every change a person or a program made, every file they took, and what they were refused: who, what, before and after, and from where.</p></div></div>
${filterForm(query.outcome)}
${query.outcome === 'begun' && html`<p class="hint">A change goes on record before it is made. What stays begun was cut off: whether it was done is not on record.</p>`}
${entries.length === 0 ? empty('No changes', 'Whatever somebody changes is kept here.') : auditTable(entries)}
${olderLink(context, nextCursor)}`
    return layout(context, { title: 'Audit log', place: '/audit' }, content)
  },
})

function filterForm(chosen: Outcome | undefined): Html {
  const values = OUTCOMES.map((value) => ({ value, label: titleOf(value) }))
  return html`<form class="filter" method="get" action="/audit">
${select({ name: 'outcome', label: 'Outcome', any: 'Every outcome', chosen, values })}
<button>Show</button></form>`
}

const ACTOR_WORDS: Record<string, string> = {
  user: 'person',
  key: 'API key',
  link: 'link',
  'command-line': 'command line',
  stranger: 'not signed in',
}

function auditTable(entries: readonly AuditView[]): Html {
  return dataTable({
    caption: 'Changes, newest first',
    columns: ['When', 'Who', 'What', 'To what', 'Client', 'Outcome', 'Before and after', 'From'],
    rows: entries.map(
      (each) => html`<tr>${cell('When', html`<time datetime="${each.at}">${formatInstant(each.at, 'UTC')}</time>`)}
${cell('Who', html`${each.actorName}<span class="quiet">${ACTOR_WORDS[each.actorKind] ?? each.actorKind}</span>`)}
${cell('What', titleOf(each.action))}${cell('To what', html`<code>${each.target}</code>`)}${cell('Client', each.clientId ?? '–')}
${cell('Outcome', outcomeOf(each))}${cell('Before and after', change(each))}${cell('From', each.ip ?? '–', 'number')}</tr>`,
    ),
  })
}

function outcomeOf({ outcome, code, times }: AuditView): Html {
  return html`${badge(outcome)}${code !== null && html`<span class="quiet"><code>${code}</code></span>`}${times > 1 && html`<span class="quiet">${times} times within the minute</span>`}`
}

function change({ id, before, after }: AuditView): Html | string {
  if (before === null && after === null) return '–'
  return html`<details id="change-${id}"><summary>Show</summary><pre>${JSON.stringify({ before, after }, null, 2)}</pre></details>`
}
