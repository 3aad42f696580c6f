import { z } from 'zod'
import { messageOf } from '../../errors.ts'
import { checkCron, type ScheduleChange } from '../../queues/index.ts'
import { isTimeZone } from '../../time.ts'
import { clientId, jobName, nextCursor, nothing, page } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import type { ScheduleView } from './read-schedules.ts'
import { editSchedule, schedulesInSight } from './request-schedule.ts'

export const CATCH_UPS = ['all', 'latest', 'none'] as const
export const OVERLAPS = ['skip', 'queue', 'allow'] as const

/** Longer than anybody means. */
const SECONDS_MAX = 10 * 365 * 86_400

/** Whether an expression ever comes has nothing to do with the day or the zone. */
const ANY_DAY = Temporal.Instant.from('2026-01-01T00:00:00Z')

export const cronText = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .superRefine((text, { addIssue }) => {
    try {
      checkCron(text, 'UTC', ANY_DAY)
    } catch (error) {
      addIssue({ code: 'custom', message: messageOf(error) })
    }
  })
  .describe('Five fields, or six with seconds; L is the last day, MON#2 the second Monday.')

export const zoneName = z
  .string()
  .max(100)
  .refine(
    (name) => name === 'client' || isTimeZone(name),
    'must be "client" or an IANA time zone such as Europe/London',
  )
  .describe('An IANA time zone, or `client` for the zone of the client.')

const seconds = z.int().min(1).max(SECONDS_MAX)
const settings = {
  cron: cronText,
  zone: zoneName,
  catchUp: z.enum(CATCH_UPS).describe('Fire times missed while nobody planned: plan all, the last one, or none.'),
  catchUpWithinS: seconds.nullable().describe('Those missed longer ago, in seconds, are left out; null: none is.'),
  lateAfterS: seconds.nullable().describe('A run not done this many seconds after it was due is late; null: never.'),
  overlap: z
    .enum(OVERLAPS)
    .describe('While an earlier run of it is open: leave the fire time out, plan it to wait, or run it beside.'),
}

const instant = z.iso.datetime()
const fire = z
  .strictObject({
    at: instant,
    local: z.iso.datetime({ offset: true }).describe('The same instant by the clock of the zone.'),
    timeZone: z.string(),
  })
  .meta({ id: 'Fire' })
/** The next five times of something that fires. */
export const nextFires = z.array(fire).describe('The next five, soonest first.')

const scheduleReply = z
  .strictObject({
    id: z.string(),
    job: z.string(),
    clientId: z.string().nullable().describe('null: the whole system.'),
    cron: z.string(),
    zone: z.string(),
    timeZone: z.string().describe('The zone its times are read in.'),
    catchUp: settings.catchUp,
    catchUpWithinS: settings.catchUpWithinS,
    lateAfterS: settings.lateAfterS,
    overlap: settings.overlap,
    pausedUntil: instant.nullable(),
    pausedReason: z.string().nullable(),
    isEdited: z.boolean().describe('Somebody changed what is declared.'),
    declared: z
      .strictObject({ ...settings, cron: z.string(), zone: z.string() })
      .nullable()
      .describe('What the job says; null: nobody declares it.'),
    skipped: z.int().describe('Fire times left out because a run was still open.'),
    lastSkippedAt: instant.nullable(),
    nextFires,
    problem: z.string().nullable().describe('Why it cannot be planned.'),
  })
  .meta({ id: 'Schedule' })

function replyOf({
  clientName: _name,
  clientZone: _zone,
  subject: _subject,
  ...schedule
}: ScheduleView): z.input<typeof scheduleReply> {
  return schedule
}

/** What a list of schedules may be narrowed to. */
export const scheduleFilter = z.strictObject({ client: clientId.optional(), job: jobName.optional(), ...page })

export const listSchedulesEndpoint = defineEndpoint({
  method: 'get',
  path: '/api/schedules',
  group: 'Schedules',
  summary: 'The schedules, those due soonest first, each with the next five times it fires.',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: scheduleFilter,
  statuses: [200],
  reply: z.strictObject({ schedules: z.array(scheduleReply), nextCursor }),
  async handle({ query }, context) {
    const { schedules, nextCursor } = await schedulesInSight(context, query)
    return json({ schedules: schedules.map(replyOf), nextCursor })
  },
})

/** The address of one schedule. */
export const scheduleParams = z.strictObject({ id: z.string().min(1).max(300).describe('The id of a schedule.') })

export const pauseReason = z.string().trim().min(1).max(500)

const changes = z
  .strictObject({
    ...z.object(settings).partial().shape,
    asDeclared: z.literal(true).describe('Takes back every edit.'),
    pausedUntil: z.iso
      .datetime({ offset: true })
      .nullable()
      .describe('What falls due before then is left out; null: go on.'),
    pausedReason: pauseReason.describe('Needed with `pausedUntil`.'),
  })
  .partial()
  .refine((body) => Object.keys(body).length > 0, 'must name what to change')
  .refine(({ pausedUntil, pausedReason }) => (typeof pausedUntil === 'string') === (pausedReason !== undefined), {
    path: ['pausedReason'],
    message: 'belongs to a pausedUntil, and a pausedUntil needs one',
  })
  .refine(
    ({ asDeclared, pausedUntil: _until, pausedReason: _reason, ...edits }) =>
      asDeclared === undefined || Object.keys(edits).length === 0,
    { path: ['asDeclared'], message: 'takes back every edit, and so stands beside none' },
  )

/** What is named is changed. */
function changeOf(body: z.output<typeof changes>): ScheduleChange {
  const { asDeclared, pausedUntil, pausedReason, ...edits } = body
  const named = Object.fromEntries(Object.entries(edits).filter(([, value]) => value !== undefined))
  const settings = asDeclared === true ? 'declared' : named
  if (pausedUntil === undefined) return { settings }
  if (pausedUntil === null) return { settings, pause: null }
  return { settings, pause: { until: Temporal.Instant.from(pausedUntil), reason: pausedReason ?? '' } }
}

export const changeScheduleEndpoint = defineEndpoint({
  method: 'patch',
  path: '/api/schedules/:id',
  group: 'Schedules',
  summary:
    'Change when a schedule fires and what it does with missed and overlapping times, pause it, or take edits back.',
  role: 'operator',
  scope: 'client',
  params: scheduleParams,
  query: nothing,
  body: changes,
  statuses: [200],
  reply: scheduleReply,
  async handle({ params, body }, context) {
    const { schedule, audit } = await editSchedule(context, params.id, changeOf(body))
    return { answer: json(replyOf(schedule)), audit }
  },
})
