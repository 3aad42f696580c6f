import { z } from 'zod'
import { formatInstant, titleOf } from '../format.ts'
import { type Html, html } from '../html.ts'
import { definePage } from '../page.ts'
import { type AuditView, readAudit } from '../reads/audit.ts'
import { layout } from './layout.ts'
import { cell, dataTable, empty, olderLink } from './parts.ts'

export const auditPage = definePage({
  path: '/audit',
  role: 'admin',
  scope: 'client',
  params: z.strictObject({}),
  query: z.strictObject({
    cursor: z
      .string()
      .regex(/^\d{1,18}$/, 'is none of ours')
      .optional(),
  }),
  async render({ query }, context) {
    const { board, identity } = context
    const { entries, nextCursor } = await readAudit(board.database.system, identity.clientId, query.cursor)
    const content = html`<div class="page-head"><div><h1>Audit log</h1><p class="lead">Every change a person or a program made: who, what, before and after, and from where.</p></div></div>
${entries.length === 0 ? empty('No changes yet', 'Whatever somebody changes is kept here.') : auditTable(entries)}
${olderLink(context, nextCursor)}`
    return layout(context, { title: 'Audit log', place: '/audit' }, content)
  },
})

const ACTOR_WORDS: Record<string, string> = {
  user: 'person',
  key: 'API key',
  link: 'link',
  'command-line': 'command line',
}

function auditTable(entries: readonly AuditView[]): Html {
  return dataTable({
    caption: 'Changes, newest first',
    columns: ['When', 'Who', 'What', 'To what', 'Client', 'Before and after', 'From'],
    rows: entries.map(
      (each) => html`<tr>${cell('When', html`<time datetime="${each.at}">${formatInstant(each.at, 'UTC')}</time>`)}
${cell('Who', html`${each.actorName}<span class="quiet">${ACTOR_WORDS[each.actorKind] ?? each.actorKind}</span>`)}
${cell('What', titleOf(each.action))}${cell('To what', html`<code>${each.target}</code>`)}${cell('Client', each.clientId ?? '–')}
${cell('Before and after', change(each))}${cell('From', each.ip ?? '–', 'number')}</tr>`,
    ),
  })
}

function change({ id, before, after }: AuditView): Html | string {
  if (before === null && after === null) return '–'
  return html`<details id="change-${id}"><summary>Show</summary><pre>${JSON.stringify({ before, after }, null, 2)}</pre></details>`
}
