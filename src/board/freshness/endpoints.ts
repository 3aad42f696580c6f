import { z } from 'zod'
import { type ScheduleFreshness, WINDOW_STATES } from '../../queues/index.ts'
import { clientId, jobName, nextCursor, nothing, page } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { freshnessInSight, subjectOf } from './read-freshness.ts'

export const freshnessFilter = z.strictObject({
  client: clientId.optional(),
  job: jobName.optional(),
  days: z.coerce
    .number()
    .int()
    .min(1)
    .max(60)
    .default(14)
    .describe('Windows that end within the client’s last so many days before today.'),
  ...page,
})

const instant = z.iso.datetime()
const windowReply = z
  .strictObject({
    from: z.iso.date(),
    to: z.iso.date().describe('The local day after the last.'),
    dueAt: instant,
    lateAt: instant.nullable().describe('Its deadline; null: none.'),
    state: z.enum(WINDOW_STATES).describe('missing: it was due, and no run of it is in the ledger.'),
    lateByS: z.int().nullable().describe('Seconds after its deadline it was first done, or that it is late by now.'),
    runId: z.guid().nullable(),
  })
  .meta({ id: 'Window' })

const scheduleReply = z
  .strictObject({
    client: z.string(),
    job: z.string(),
    schedule: z.string(),
    subject: z.string().nullable().describe('The report, where it is one.'),
    timeZone: z.string(),
    pausedUntil: instant.nullable(),
    freshUntil: instant
      .nullable()
      .describe('The end of the newest window that is done; older ones may be missing: see gaps.'),
    gaps: z.int().describe('Windows before freshUntil that are not done.'),
    counts: z.strictObject(Object.fromEntries(WINDOW_STATES.map((state) => [state, z.int()]))),
    windows: z.array(windowReply).describe('Oldest first.'),
    problem: z.string().nullable().describe('Why its windows cannot be told; null: they can.'),
  })
  .meta({ id: 'ScheduleFreshness' })

export const listFreshness = defineEndpoint({
  method: 'get',
  path: '/api/freshness',
  group: 'Runs',
  summary: 'Which windows of each client and scheduled job are done, late, failed or missing.',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: freshnessFilter,
  statuses: [200],
  reply: z.strictObject({ at: instant, schedules: z.array(scheduleReply), nextCursor }),
  async handle({ query }, context) {
    const { at, schedules, nextCursor: next } = await freshnessInSight(context, query)
    return json({ at: at.toString(), schedules: schedules.map(describeSchedule), nextCursor: next })
  },
})

function describeSchedule(each: ScheduleFreshness): z.input<typeof scheduleReply> {
  const { clientId: client, job, scheduleId: schedule, timeZone, pausedUntil } = each
  const { freshUntil, gaps, counts, windows, problem } = each
  const about = { client, job, schedule, subject: subjectOf(each), timeZone, pausedUntil }
  return { ...about, freshUntil, gaps, counts, windows, problem }
}
