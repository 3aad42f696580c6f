import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { clientOptions } from '../http/clients.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { plural, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { cell, dataTable, empty, olderLink, select } from '../ui/parts.ts'
import { scheduleFilter } from './endpoints.ts'
import type { ScheduleView } from './read-schedules.ts'
import { schedulesInSight } from './request-schedule.ts'
import { catchUpWords, fireList, nextFire, OVERLAP_WORDS } from './schedule-words.ts'

export const schedulesPage = definePage({
  path: '/schedules',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: z.strictObject({}),
  query: scheduleFilter,
  async render({ query }, context) {
    const { schedules, nextCursor } = await schedulesInSight(context, query)
    const clients = await clientOptions(context.db)
    const jobs = [...context.board.registry.values()]
      .filter(({ schedule }) => schedule !== null)
      .map(({ name }) => ({ value: name, label: titleOf(name) }))
    const content = html`<div class="page-head"><div><h1>Schedules</h1><p class="lead">A schedule plans runs; each window is planned once. Times are in the schedule’s own zone, and in UTC beside it.</p></div></div>
<form class="filter" method="get" action="/schedules">${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: clients })}
${select({ name: 'job', label: 'Job', any: 'Every job', chosen: query.job, values: jobs })}<button>Show</button></form>
${schedules.length === 0 ? empty('No schedule fits', 'The scheduler makes them a minute after it starts, for every client.') : scheduleTable(context, schedules)}
${olderLink(context, nextCursor, 'Later')}`
    return layout(context, { title: 'Schedules', place: '/schedules' }, content)
  },
})

function scheduleTable({ board }: PageContext, schedules: readonly ScheduleView[]): Html {
  const now = board.clock()
  return dataTable({
    caption: 'Schedules, those due soonest first',
    columns: ['Job', 'Client', 'When', 'Next', 'If missed', 'If the last one still runs'],
    rows: schedules.map(
      (
        each,
      ) => html`<tr><th scope="row" data-label="Job"><a href="${scheduleAddress(each.id)}">${titleOf(each.job)}</a>${each.subject !== null && html`<span class="quiet">${titleOf(each.subject)}</span>`}</th>
${cell('Client', each.clientName ?? 'The whole system')}
${cell('When', html`<code>${each.cron}</code><span class="quiet">${each.timeZone}${each.isEdited && ' · edited'}</span>`, 'number')}
${cell('Next', next(each, now))}${cell('If missed', catchUpWords(each))}${cell('If the last one still runs', overlap(each))}</tr>`,
    ),
  })
}

/** The page of one schedule. */
export function scheduleAddress(id: string): string {
  return `/schedules/${encodeURIComponent(id)}`
}

function next(schedule: ScheduleView, now: Temporal.Instant): Html {
  const { id, nextFires, pausedUntil, pausedReason } = schedule
  const rest = pausedUntil === null ? nextFires.slice(1) : nextFires
  return html`${nextFire(schedule, now)}${pausedReason !== null && html`<p class="quiet">${pausedReason}</p>`}
${rest.length > 0 && html`<details id="fires-${id}"><summary>then</summary>${fireList(rest, now)}</details>`}`
}

function overlap({ overlap, skipped }: ScheduleView): Html {
  return html`${OVERLAP_WORDS[overlap]}${skipped > 0 && html`<span class="quiet">${plural(skipped, 'time')} left out so far</span>`}`
}
