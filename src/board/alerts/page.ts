import { z } from 'zod'
import { badgeOf, pageOf } from '../../alerts/index.ts'
import { type Html, html } from '../../html.ts'
import { clientOptions } from '../http/clients.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { formatDistance, formatInstant } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { badge, cell, dataTable, empty, olderLink, select } from '../ui/parts.ts'
import { alertFilter, alertsInSight } from './endpoints.ts'

const REFRESH_S = 10

type Alert = Awaited<ReturnType<typeof alertsInSight>>['alerts'][number]

export const alertsPage = definePage({
  path: '/alerts',
  role: 'viewer',
  scope: 'client',
  params: z.strictObject({}),
  query: alertFilter,
  async render({ query }, context) {
    const { alerts, nextCursor } = await alertsInSight(context, query)
    const content = html`<div class="page-head"><div><h1>Alerts</h1>
<p class="lead">What a person should know, each told once; it closes by itself when its cause is gone.</p></div></div>
${await filterForm(query, context)}
${alerts.length === 0 ? empty('No alerts', query.state === 'open' ? 'Nothing is wrong that Daybreak knows of.' : 'Nothing has gone wrong yet.') : alertTable(context, alerts)}
${olderLink(context, nextCursor)}`
    const refreshSeconds = query.cursor === undefined ? REFRESH_S : null
    return layout(context, { title: 'Alerts', place: '/alerts', refreshSeconds }, content)
  },
})

async function filterForm(query: z.output<typeof alertFilter>, context: PageContext): Promise<Html> {
  const states = [{ value: 'open', label: 'Open' }]
  return html`<form class="filter" method="get" action="/alerts">
${select({ name: 'state', label: 'State', any: 'Open and closed', chosen: query.state, values: states })}
${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: await clientOptions(context.db) })}
<button>Show</button></form>`
}

function alertTable(context: PageContext, alerts: readonly Alert[]): Html {
  return dataTable({
    caption: 'Alerts, open ones first',
    className: 'alerts',
    columns: ['What happened', 'State', 'Noticed', 'What to do', 'Told'],
    rows: alerts.map((alert) => alertRow(context, alert)),
  })
}

function alertRow({ board }: PageContext, alert: Alert): Html {
  const { id, title, message, advice, raisedAt, resolvedAt } = alert
  const mark = badgeOf(alert)
  const now = board.clock()
  return html`<tr id="alert-${id}"><th scope="row" data-label="What happened"><a href="${pageOf(alert).path}">${title}</a><p class="quiet">${message}</p></th>
${cell('State', resolvedAt === null ? badge(mark.state, mark.words) : html`${badge('done', 'Closed')}<span class="quiet">${formatDistance(resolvedAt, now)}</span>`)}
${cell('Noticed', html`<time datetime="${raisedAt}" title="${formatInstant(raisedAt, 'UTC')}">${formatDistance(raisedAt, now)}</time>`)}
${cell('What to do', resolvedAt === null ? advice : html`<details id="advice-${id}"><summary>It was</summary>${advice}</details>`, 'words')}
${cell('Told', toldWords(alert))}</tr>`
}

/** Where a receiver is named only to whoever may do something about it. */
function toldWords({ notices }: Alert): Html {
  if (notices.length === 0) return html`<span class="quiet">On the board only</span>`
  return html`<ul class="bare">${notices.map(
    ({ channel, address, state, reply }) =>
      html`<li>${badge(state)} <span class="quiet">${address ?? (channel === 'mail' ? 'By mail' : 'By webhook')}</span>${
        reply !== null && state !== 'sent' && html`<br><span class="quiet">${reply}</span>`
      }</li>`,
  )}</ul>`
}
