import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import type { ScheduleFreshness, WindowFreshness, WindowState } from '../../queues/index.ts'
import { addDays, type Day, dayOf, daysOf } from '../../time.ts'
import { clientOptions } from '../http/clients.ts'
import { definePage, type PageContext } from '../http/page.ts'
import { formatDayShort, formatDuration, formatTime, formatWindow, plural, titleOf } from '../ui/format.ts'
import { type IconName, icon } from '../ui/icons.ts'
import { layout } from '../ui/layout.ts'
import { badge, empty, olderLink, select } from '../ui/parts.ts'
import { freshnessFilter } from './endpoints.ts'
import { freshnessInSight, subjectOf } from './read-freshness.ts'

const REFRESH_S = 30
const DAYS = ['7', '14', '30', '60']

type Look = { words: string; icon: IconName; tone: 'good' | 'bad' | 'warn' | 'busy' | 'still' }

/** Never by colour alone: each has a picture of its own. */
const LOOKS: Record<WindowState | 'done-late', Look> = {
  done: { words: 'Done', icon: 'done', tone: 'good' },
  'done-late': { words: 'Done late', icon: 'schedule', tone: 'good' },
  waiting: { words: 'Waiting, not yet late', icon: 'waiting', tone: 'busy' },
  late: { words: 'Late', icon: 'late', tone: 'warn' },
  failed: { words: 'Failed', icon: 'failed', tone: 'bad' },
  cancelled: { words: 'Cancelled', icon: 'stopped', tone: 'still' },
  missing: { words: 'Missing: never planned', icon: 'unknown', tone: 'bad' },
}

/** What one cell shows of several windows that end on the same day. */
const WORST: readonly WindowState[] = ['missing', 'failed', 'late', 'cancelled', 'waiting', 'done']

export const freshnessPage = definePage({
  path: '/freshness',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: z.strictObject({}),
  query: freshnessFilter,
  async render({ query }, context) {
    const { at, schedules, nextCursor } = await freshnessInSight(context, query)
    const clients = [...Map.groupBy(schedules, (each) => each.clientId).values()]
    const content = html`<div class="page-head"><div><h1>Freshness</h1>
<p class="lead">Which windows are done, by the last day of each; days are each client’s own.</p></div></div>
${await filterForm(query, context)}${legend()}
${clients.length === 0 ? empty('Nothing is owed yet', 'Windows appear once a client has facts and its schedules have come due.') : clients.map((each) => clientCard(each, query.days, at))}
${olderLink(context, nextCursor, 'More')}`
    return layout(context, { title: 'Freshness', place: '/freshness', refreshSeconds: REFRESH_S }, content)
  },
})

async function filterForm(query: z.output<typeof freshnessFilter>, context: PageContext): Promise<Html> {
  const jobs = [...context.board.registry.values()]
    .filter(({ schedule }) => schedule !== null)
    .map(({ name }) => ({ value: name, label: titleOf(name) }))
  const days = DAYS.map((value) => ({ value, label: `${value} days` }))
  return html`<form class="filter" method="get" action="/freshness">
${select({ name: 'client', label: 'Client', any: 'Every client', chosen: query.client, values: await clientOptions(context.db) })}
${select({ name: 'job', label: 'Job', any: 'Every job', chosen: query.job, values: jobs })}
${select({ name: 'days', label: 'Back to', any: 'Two weeks', chosen: String(query.days), values: days })}
<button>Show</button></form>`
}

function legend(): Html {
  return html`<ul class="legend" aria-label="What the pictures mean">${Object.values(LOOKS).map(
    (look) => html`<li><span class="window ${look.tone}">${icon(look.icon)}</span>${look.words}</li>`,
  )}</ul>`
}

function clientCard(schedules: readonly ScheduleFreshness[], days: number, at: Temporal.Instant): Html {
  const [first] = schedules
  if (!first) return html``
  const { clientId, clientName, timeZone } = first
  const today = dayOf(at, timeZone)
  const columns = daysOf({ from: addDays(today, -days), to: today })
  return html`<section class="card" aria-labelledby="client-${clientId}">
<div class="card-head"><div><h2 id="client-${clientId}">${clientName}</h2><p class="quiet">${timeZone}</p></div></div>
<div class="table-frame" role="region" aria-label="Windows of ${clientName}" tabindex="0"><table class="windows">
<caption class="for-readers">Windows of ${clientName}, by their last day</caption>
<thead><tr><th scope="col">Job</th><th scope="col">Fresh until</th>${columns.map(columnHead)}</tr></thead>
<tbody>${schedules.map((each) => scheduleRow(each, columns))}</tbody></table></div></section>`
}

function columnHead(day: Day): Html {
  const [weekday = '', number = ''] = formatDayShort(day).split(' ')
  return html`<th scope="col" class="day"><span aria-hidden="true">${weekday.slice(0, 2)}<br>${number}</span><span class="for-readers">${formatDayShort(day)}</span></th>`
}

function scheduleRow(schedule: ScheduleFreshness, columns: readonly Day[]): Html {
  const subject = subjectOf(schedule)
  const byDay = Map.groupBy(schedule.windows, ({ to }) => addDays(to, -1))
  return html`<tr><th scope="row"><a href="/runs?client=${schedule.clientId}&job=${schedule.job}">${titleOf(schedule.job)}</a>${
    subject !== null && html`<span class="quiet">${titleOf(subject)}</span>`
  }</th>
<td class="fresh">${freshWords(schedule)}</td>
${columns.map((day) => windowCell(day, byDay.get(day) ?? [], schedule))}</tr>`
}

function freshWords({ freshTo, gaps, pausedUntil, problem, timeZone }: ScheduleFreshness): Html {
  const until = freshTo === null ? 'Never' : `end of ${formatDayShort(addDays(freshTo, -1))}`
  return html`${until}${gaps > 0 && html`<span class="quiet">${plural(gaps, 'gap')} before</span>`}${
    pausedUntil !== null && html`<span class="quiet">Paused until ${formatTime(pausedUntil, timeZone)}</span>`
  }${problem !== null && html` ${badge('failed', problem)}`}`
}

function windowCell(day: Day, windows: readonly WindowFreshness[], { job, timeZone }: ScheduleFreshness): Html {
  const label = day.slice(8)
  const [window] = windows.toSorted((a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state))
  if (!window) return html`<td class="day none" data-day="${label}"><span class="for-readers">no window</span></td>`
  const look = LOOKS[window.state === 'done' && window.lateByS !== null ? 'done-late' : window.state]
  const words = `${titleOf(job)}, ${formatWindow(window.from, window.to)}: ${detailOf(window, look, timeZone)}${
    windows.length > 1 ? `; the worst of ${windows.length} windows that end this day` : ''
  }`
  const picture = html`${icon(look.icon)}<span class="for-readers">${words}</span>`
  return html`<td class="day" data-day="${label}">${
    window.runId === null
      ? html`<span class="window ${look.tone}" title="${words}">${picture}</span>`
      : html`<a class="window ${look.tone}" title="${words}" href="/runs/${window.runId}">${picture}</a>`
  }</td>`
}

/** "Done late, by 2 h 5 min", "Missing: never planned, due Sat 21 Nov 00:10:00". */
function detailOf({ state, lateByS, dueAt }: WindowFreshness, { words }: Look, timeZone: string): string {
  if (lateByS !== null) return `${words}, by ${formatDuration(lateByS * 1000)}`
  return state === 'missing' || state === 'waiting' ? `${words}, due ${formatTime(dueAt, timeZone)}` : words
}
