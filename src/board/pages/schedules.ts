import { z } from 'zod'
import { nextFires, zoneOf } from '../../queues/index.ts'
import { clientId } from '../endpoints/address.ts'
import { formatDistance, formatTime, titleOf } from '../format.ts'
import { type Html, html } from '../html.ts'
import { definePage, type PageContext } from '../page.ts'
import { clientOptions } from '../reads/clients.ts'
import { readSchedules, SCHEDULES_MAX, type ScheduleView } from '../reads/schedules.ts'
import { layout } from './layout.ts'
import { badge, cell, dataTable, empty, select } from './parts.ts'

const FIRES = 5

export const schedulesPage = definePage({
  path: '/schedules',
  role: 'viewer',
  scope: 'client',
  params: z.strictObject({}),
  query: z.strictObject({ client: clientId.optional() }),
  async render({ query }, context) {
    const schedules = await readSchedules(context.db, query.client)
    const clients = await clientOptions(context.db)
    const content = html`<div class="page-head"><div><h1>Schedules</h1><p class="lead">A schedule plans runs; each window is planned once. Times are in the schedule’s own zone.</p></div></div>
<form class="filter" method="get" action="/schedules">${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: clients })}<button>Show</button></form>
${schedules.length === 0 ? empty('No schedules yet', 'The scheduler makes them a minute after it starts, for every client.') : scheduleTable(context, schedules)}
${schedules.length === SCHEDULES_MAX && html`<p class="hint">The first ${SCHEDULES_MAX} are shown; choose a client to see the rest.</p>`}`
    return layout(context, { title: 'Schedules', place: '/schedules' }, content)
  },
})

function scheduleTable({ board }: PageContext, schedules: readonly ScheduleView[]): Html {
  const now = board.clock()
  return dataTable({
    caption: 'Schedules',
    columns: ['Job', 'Client', 'When', 'Next', 'If missed', 'If the last one still runs'],
    rows: schedules.map(
      (
        each,
      ) => html`<tr><th scope="row" data-label="Job">${titleOf(each.job)}${each.subject !== null && html`<span class="quiet">${titleOf(each.subject)}</span>`}</th>
${cell('Client', each.clientName ?? 'The whole system')}
${cell('When', html`<code>${each.cron}</code><span class="quiet">${zoneOf(each)}</span>`)}
${cell('Next', fires(each, now))}${cell('If missed', CATCH_UP[each.catchUp] ?? each.catchUp)}${cell('If the last one still runs', OVERLAP[each.overlap] ?? each.overlap)}</tr>`,
    ),
  })
}

const CATCH_UP: Record<string, string> = { all: 'Plan every one', latest: 'Plan the last one', none: 'Leave it out' }
const OVERLAP: Record<string, string> = { skip: 'Leave it out', queue: 'Wait for it', allow: 'Run beside it' }

function fires(schedule: ScheduleView, now: Temporal.Instant): Html {
  const zone = zoneOf(schedule)
  if (schedule.pausedUntil !== null && Temporal.Instant.compare(schedule.pausedUntil, now) > 0) {
    return html`${badge('paused', `Paused until ${formatTime(schedule.pausedUntil, zone)}`)}<p class="quiet">${schedule.pausedReason}</p>`
  }
  const [first, ...later] = nextFires(schedule.cron, zone, now, FIRES)
  if (!first) return html`<span class="quiet">Never again</span>`
  return html`<strong>${formatTime(first.toString(), zone)}</strong> <span class="quiet">${formatDistance(first.toString(), now)}</span>
<details id="fires-${schedule.id}"><summary>then</summary><ol class="bare">${later.map((fire) => html`<li>${formatTime(fire.toString(), zone)}</li>`)}</ol></details>`
}
