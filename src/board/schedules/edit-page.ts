import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { defineForm, definePage, type PageContext, saying } from '../http/page.ts'
import { fieldErrors } from '../http/problem.ts'
import { layout } from '../ui/layout.ts'
import { CATCH_UPS, cronText, OVERLAPS, scheduleParams, zoneName } from './endpoints.ts'
import { firesOf, type ScheduleView } from './read-schedules.ts'
import { editSchedule, scheduleInSight } from './request-schedule.ts'
import { nameOf, scheduleHead } from './schedule-page.ts'
import { CATCH_UP_WORDS, fireList, OVERLAP_WORDS } from './schedule-words.ts'
import { scheduleAddress } from './schedules-page.ts'

const MINUTE_S = 60
const MINUTES_MAX = 10 * 365 * 24 * 60

/** People say minutes; an empty field is no limit. */
const minutes = z
  .string()
  .refine(isMinutes, 'must be a number of minutes, or empty')
  .transform((text) => (text === '' ? null : Math.round(Number(text) * MINUTE_S)))

function isMinutes(text: string): boolean {
  if (text === '') return true
  return /^\d+(\.\d+)?$/.test(text) && Number(text) * MINUTE_S >= 1 && Number(text) <= MINUTES_MAX
}

const fields = z
  .object({
    cron: cronText,
    zone: zoneName,
    catchUp: z.enum(CATCH_UPS),
    catchUpWithin: minutes,
    overlap: z.enum(OVERLAPS),
    lateAfter: minutes,
  })
  .transform(({ catchUpWithin, lateAfter, ...same }) => ({
    ...same,
    catchUpWithinS: catchUpWithin,
    lateAfterS: lateAfter,
  }))

/** What somebody typed, right or wrong. */
const typed = z.strictObject({
  cron: z.string().max(500).optional(),
  zone: z.string().max(500).optional(),
  catchUp: z.string().max(20).optional(),
  catchUpWithin: z.string().max(20).default(''),
  overlap: z.string().max(20).optional(),
  lateAfter: z.string().max(20).default(''),
})
type Typed = z.output<typeof typed>

const place = { role: 'operator', scope: 'client', params: scheduleParams } as const

/** How a schedule is to be, and once that is said, when it would fire. Nothing changes before somebody has seen it. */
export const editSchedulePage = definePage({
  path: '/schedules/:id/edit',
  ...place,
  query: typed,
  async render({ params, query }, context) {
    const schedule = await scheduleInSight(context, params.id)
    const isAsked = query.cron !== undefined
    const content = html`${scheduleHead(schedule, null)}${isAsked && preview(context, schedule, query)}
${choices(schedule, isAsked ? query : typedOf(schedule))}`
    return layout(context, { title: `Edit ${nameOf(schedule)}`, place: '/schedules' }, content)
  },
})

function typedOf({ cron, zone, catchUp, catchUpWithinS, overlap, lateAfterS }: ScheduleView): Typed {
  return { cron, zone, catchUp, overlap, catchUpWithin: minutesOf(catchUpWithinS), lateAfter: minutesOf(lateAfterS) }
}

function minutesOf(seconds: number | null): string {
  return seconds === null ? '' : String(seconds / MINUTE_S)
}

function preview({ board, identity }: PageContext, schedule: ScheduleView, query: Typed): Html {
  const wanted = fields.safeParse(query)
  if (!wanted.success) {
    const errors = fieldErrors('query', wanted.error)
    return html`<div class="problem">${errors.map(({ pointer, detail }) => html`<p><strong>${LABELS[pointer] ?? pointer}</strong> ${detail}</p>`)}</div>`
  }
  const { cron, zone } = wanted.data
  const timeZone = zone === 'client' ? schedule.clientZone : zone
  const { nextFires, problem } = firesOf({ cron, timeZone, pausedUntil: schedule.pausedUntil }, board.clock())
  if (problem !== null) return html`<p class="problem">${problem}</p>`
  const hidden = Object.entries({ csrf: identity.csrfToken ?? '', ...query })
  return html`<section class="card" aria-labelledby="preview"><h2 id="preview">It would fire</h2>
<p class="quiet"><code>${cron}</code> by the clock of ${timeZone}${timeZone !== 'UTC' && ', and in UTC'}</p>${fireList(nextFires, board.clock())}
<form class="stack" method="post" action="${scheduleAddress(schedule.id)}/edit">${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="primary">Save</button></form></section>`
}

const LABELS: Record<string, string> = {
  cron: 'When',
  zone: 'Time zone',
  catchUp: 'Times missed while nobody planned',
  catchUpWithin: 'But none older than, in minutes',
  overlap: 'While the run before is open',
  lateAfter: 'Late after, in minutes',
}

function choices(schedule: ScheduleView, { cron, zone, catchUp, catchUpWithin, overlap, lateAfter }: Typed): Html {
  return html`<section class="card" aria-labelledby="choices"><h2 id="choices">How it is to be</h2>
<form class="stack" method="get" action="${scheduleAddress(schedule.id)}/edit">
<label>${LABELS['cron']}<input type="text" name="cron" value="${cron}" maxlength="200" spellcheck="false" autocapitalize="off" required>
<span class="quiet">Minute, hour, day, month, weekday; seconds may stand before them. <code>L</code> is the last day of the month, <code>MON#2</code> the second Monday.</span></label>
${choice('zone', zonesOf(schedule, zone), zone)}
${choice('catchUp', wordsOf(CATCH_UP_WORDS), catchUp)}
<label>${LABELS['catchUpWithin']} <span class="quiet">empty: however long ago</span><input type="text" inputmode="decimal" name="catchUpWithin" value="${catchUpWithin}"></label>
${choice('overlap', wordsOf(OVERLAP_WORDS), overlap)}
<label>${LABELS['lateAfter']} <span class="quiet">empty: never</span><input type="text" inputmode="decimal" name="lateAfter" value="${lateAfter}"></label>
<button>Show the times</button></form></section>`
}

type Option = { value: string; label: string }

function wordsOf(words: Record<string, string>): Option[] {
  return Object.entries(words).map(([value, label]) => ({ value, label }))
}

function zonesOf({ clientName, clientZone }: ScheduleView, chosen: string | undefined): Option[] {
  const own = clientName === null ? [] : [{ value: 'client', label: `The client’s (${clientZone})` }]
  const names = ['UTC', ...Intl.supportedValuesOf('timeZone')]
  const other = chosen === undefined || chosen === 'client' || names.includes(chosen) ? [] : [chosen]
  return [...own, ...[...names, ...other].map((name) => ({ value: name, label: name }))]
}

function choice(name: string, options: readonly Option[], chosen: string | undefined): Html {
  return html`<label>${LABELS[name]}<select name="${name}">${options.map(
    ({ value, label }) => html`<option value="${value}"${value === chosen && html` selected`}>${label}</option>`,
  )}</select></label>`
}

export const editScheduleForm = defineForm({
  path: '/schedules/:id/edit',
  ...place,
  fields,
  async submit({ params, fields: settings }, context) {
    const { audit } = await editSchedule(context, params.id, { settings })
    return { audit, location: saying(scheduleAddress(params.id), 'schedule-changed') }
  },
})
