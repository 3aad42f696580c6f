import { z } from 'zod'
import { type Html, html, type Renderable } from '../../html.ts'
import { defineForm, definePage, ownAddress, type PageContext, saying } from '../http/page.ts'
import { formatInstant, plural, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { actionButton, badge, isOperator } from '../ui/parts.ts'
import { pauseReason, scheduleParams } from './endpoints.ts'
import type { ScheduleView } from './read-schedules.ts'
import { editSchedule, scheduleInSight } from './request-schedule.ts'
import { catchUpWords, fireList, OVERLAP_WORDS, secondsWords } from './schedule-words.ts'
import { scheduleAddress } from './schedules-page.ts'

const place = { role: 'operator', scope: 'client', params: scheduleParams } as const

export const schedulePage = definePage({
  path: '/schedules/:id',
  role: 'viewer',
  scope: 'client',
  params: scheduleParams,
  query: z.strictObject({}),
  async render({ params }, context) {
    const schedule = await scheduleInSight(context, params.id)
    const content = html`${scheduleHead(schedule, actions(context, schedule))}
${schedule.problem !== null && html`<p class="problem">${schedule.problem} Nothing is planned until it is fixed.</p>`}
${pausedWords(schedule)}
<section class="card" aria-labelledby="next"><h2 id="next">Next times</h2>${fires(context, schedule)}</section>
${facts(schedule)}${isOperator(context) && schedule.pausedUntil === null && pauseCard(context, schedule)}`
    return layout(context, { title: nameOf(schedule), place: '/schedules' }, content)
  },
})

export function nameOf({ job, subject }: ScheduleView): string {
  return titleOf(subject ?? job)
}

/** The top of a page about one schedule. */
export function scheduleHead(schedule: ScheduleView, buttons: Html | null): Html {
  return html`<p class="crumbs"><a href="/schedules">Schedules</a></p>
<div class="page-head"><div><h1>${nameOf(schedule)}</h1>
<p class="lead">${schedule.clientName ?? 'The whole system'} · <code>${schedule.cron}</code> in ${schedule.timeZone} ${schedule.isEdited && badge('edited')}</p></div>
${buttons !== null && html`<div class="card-actions">${buttons}</div>`}</div>`
}

function actions(context: PageContext, schedule: ScheduleView): Html | null {
  if (!isOperator(context)) return null
  const address = scheduleAddress(schedule.id)
  const about = nameOf(schedule)
  return html`<a class="button" href="${address}/edit">Edit</a>
${schedule.clientId !== null && html`<a class="button" href="${backfillAddress(schedule.job, schedule.id, schedule.clientId)}">Fill past days</a>`}
${schedule.pausedUntil !== null && actionButton(context, { action: `${address}/resume`, label: 'Resume', about, look: 'primary' })}
${schedule.isEdited && schedule.declared !== null && actionButton(context, { action: `${address}/as-declared`, label: 'Take edits back', about })}`
}

/** The page that counts and starts a backfill of this schedule. */
function backfillAddress(job: string, id: string, clientId: string): string {
  const what = id === `${job}.${clientId}` ? job : `${job}:${id}`
  return `/backfills/new?${new URLSearchParams({ what, client: clientId }).toString()}`
}

function pausedWords({ pausedUntil, pausedReason, timeZone }: ScheduleView): Html | null {
  if (pausedUntil === null) return null
  return html`<p class="notice warn">${badge('paused', `Paused until ${formatInstant(pausedUntil, timeZone)}`)} ${pausedReason}<br>What falls due until then is left out.</p>`
}

function fires({ board }: PageContext, { nextFires, timeZone }: ScheduleView): Html {
  if (nextFires.length === 0) return html`<p class="quiet">None.</p>`
  return html`<p class="quiet">By the clock of ${timeZone}${timeZone !== 'UTC' && ', and in UTC'}</p>${fireList(nextFires, board.clock())}`
}

function facts(schedule: ScheduleView): Html {
  const { declared, isEdited, lateAfterS, lastSkippedAt, overlap, skipped, timeZone } = schedule
  const rows: [string, Renderable][] = [
    ['Job', html`<a href="/runs?job=${schedule.job}">${titleOf(schedule.job)}</a>`],
    ['Times missed while nobody planned', catchUpWords(schedule)],
    ['While the run before is open', OVERLAP_WORDS[overlap]],
    ['Late', lateAfterS === null ? 'Never' : `${secondsWords(lateAfterS)} after it was due`],
    [
      'Left out because one was open',
      skipped > 0 && `${plural(skipped, 'time')}, last ${formatInstant(lastSkippedAt ?? '', timeZone)}`,
    ],
    [
      'Declared',
      isEdited &&
        declared !== null &&
        html`<code>${declared.cron}</code> in ${declared.zone === 'client' ? 'the client’s zone' : declared.zone}`,
    ],
  ]
  const shown = rows.filter(([, value]) => value !== false)
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function pauseCard({ identity, here }: PageContext, { id, timeZone }: ScheduleView): Html {
  return html`<details class="card" id="pause"><summary>Pause</summary>
<form class="stack" method="post" action="${scheduleAddress(id)}/pause"><input type="hidden" name="csrf" value="${identity.csrfToken}"><input type="hidden" name="back" value="${here}">
<label>Until <span class="quiet">by the clock of ${timeZone}</span><input type="datetime-local" name="until" required></label>
<label>Why<input type="text" name="reason" maxlength="500" required></label>
<p class="quiet">What falls due until then is left out, not caught up.</p>
<button class="primary">Pause</button></form></details>`
}

export const pauseForm = defineForm({
  path: '/schedules/:id/pause',
  ...place,
  fields: z.strictObject({
    until: z.iso.datetime({ local: true, offset: false }),
    reason: pauseReason,
    back: ownAddress,
  }),
  async submit({ params, fields }, context) {
    const { timeZone } = await scheduleInSight(context, params.id)
    const until = Temporal.PlainDateTime.from(fields.until).toZonedDateTime(timeZone).toInstant()
    const { audit } = await editSchedule(context, params.id, { pause: { until, reason: fields.reason } })
    return { audit, location: saying(fields.back, 'paused') }
  },
})

const back = z.strictObject({ back: ownAddress })

export const resumeForm = defineForm({
  path: '/schedules/:id/resume',
  ...place,
  fields: back,
  async submit({ params, fields }, context) {
    const { audit } = await editSchedule(context, params.id, { pause: null })
    return { audit, location: saying(fields.back, 'resumed') }
  },
})

export const asDeclaredForm = defineForm({
  path: '/schedules/:id/as-declared',
  ...place,
  fields: back,
  async submit({ params, fields }, context) {
    const { audit } = await editSchedule(context, params.id, { settings: 'declared' })
    return { audit, location: saying(fields.back, 'as-declared') }
  },
})
