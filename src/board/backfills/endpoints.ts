import { z } from 'zod'
import { rollUpDay } from '../../jobs/roll-up-day.ts'
import { BACKFILL_RUNS_DEFAULT, BACKFILL_RUNS_MAX, type BackfillView, REPROCESS } from '../../queues/index.ts'
import { clientId, day, jobName, nextCursor, nothing, page, uuid } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import {
  type BackfillWish,
  backfillInSight,
  backfillsInSight,
  cancelBackfill,
  countBackfill,
  startBackfill,
} from './request-backfill.ts'

/** What a backfill is of unless somebody says otherwise. */
export const BACKFILL_JOB = rollUpDay.name

export const BACKFILL_ORDERS = ['oldest-first', 'newest-first'] as const
const days = z.strictObject({ from: z.iso.date(), to: z.iso.date().describe('The day after the last.') })

const backfillOptions = {
  reprocess: z
    .enum(REPROCESS)
    .default('failed')
    .describe('Windows that ran before: leave them, run those again that failed or were cancelled, or run all again.'),
  order: z.enum(BACKFILL_ORDERS).default('oldest-first'),
  runsMax: z
    .int()
    .min(1)
    .max(BACKFILL_RUNS_MAX)
    .default(BACKFILL_RUNS_DEFAULT)
    .describe('Its runs in the queue or at work at once.'),
}

const backfillBody = z.strictObject({
  clientId,
  job: jobName.default(BACKFILL_JOB),
  schedule: z
    .string()
    .max(200)
    .nullable()
    .default(null)
    .describe('One schedule of the client, such as a report’s, which is then mailed; null: the one the job declares.'),
  from: day.describe('The first local day of the client.'),
  to: day.describe('The day after the last; no later than today.'),
  ...backfillOptions,
  dryRun: z.boolean().default(false).describe('Only count.'),
})

const count = z
  .strictObject({
    windows: z.int().describe('All there are: fresh + again + left + open.'),
    fresh: z.int().describe('Never ran.'),
    again: z.int().describe('Ran before and run once more.'),
    left: z.int().describe('Ran before and are left as they are.'),
    open: z.int().describe('Planned, queued or at work already.'),
    dependencies: z.int().describe('Runs the windows depend on that are planned with them.'),
    first: days.nullable().describe('The oldest window that runs.'),
    last: days.nullable().describe('The newest window that runs.'),
  })
  .meta({ id: 'BackfillCount' })

const windows = z
  .strictObject({
    new: z.int().describe('Planned by this call.'),
    inProgress: z
      .int()
      .describe('Planned, queued or at work already, by whoever asked for them: they are not planned twice.'),
    done: z.int().describe('Have succeeded, and are left as they are.'),
  })
  .meta({ id: 'BackfillWindows' })

const instant = z.iso.datetime()
const runs = z.strictObject({
  planned: z.int(),
  blocked: z.int().describe('Those of `planned` that wait for a run that failed.'),
  queued: z.int(),
  running: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  total: z.int(),
})

const backfillReply = z
  .strictObject({
    id: z.guid(),
    clientId: z.string(),
    job: z.string(),
    schedule: z.string().nullable(),
    from: z.iso.date(),
    to: z.iso.date().describe('The day after the last.'),
    reprocess: z.enum(REPROCESS),
    order: z.enum(BACKFILL_ORDERS),
    runsMax: z.int(),
    requestedBy: z.string(),
    createdAt: instant,
    cancelledAt: instant.nullable(),
    endedAt: instant.nullable(),
    state: z.enum(['running', 'blocked', 'cancelling', 'cancelled', 'failed', 'done']),
    runs,
    share: z.number().min(0).max(1).describe('What has ended, of all its runs.'),
  })
  .meta({ id: 'Backfill' })

function replyOf({ scheduleId, newestFirst, ...backfill }: BackfillView): z.input<typeof backfillReply> {
  const { id, clientId, job, from, to, reprocess, ...rest } = backfill
  const order = newestFirst ? 'newest-first' : 'oldest-first'
  return { id, clientId, job, schedule: scheduleId, from, to, reprocess, order, ...rest }
}

function wishOf({ schedule, order, dryRun: _, ...body }: z.output<typeof backfillBody>): BackfillWish {
  return { ...body, scheduleId: schedule, newestFirst: order === 'newest-first' }
}

export const startBackfillEndpoint = defineEndpoint({
  method: 'post',
  path: '/api/backfills',
  group: 'Backfills',
  summary:
    'Run a job for a range of past days, behind the nights. 202 when it is new; 200 for a dry run, and for the same backfill while it is in progress.',
  role: 'operator',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: nothing,
  body: backfillBody,
  statuses: [202, 200],
  reply: z.strictObject({
    count: count.nullable().describe('null: the same backfill was in progress.'),
    windows: windows.nullable().describe('What it found; null: a dry run.'),
    backfill: backfillReply.nullable().describe('null: a dry run.'),
  }),
  async handle({ body }, context) {
    const wish = wishOf(body)
    if (body.dryRun) {
      return { answer: json({ count: await countBackfill(context, wish), windows: null, backfill: null }), audit: null }
    }
    const { backfill, count, windows, audit } = await startBackfill(context, wish)
    const { elsewhere: _, ...found } = windows
    return { answer: json({ count, windows: found, backfill: replyOf(backfill) }, count === null ? 200 : 202), audit }
  },
})

/** What a list of backfills may be narrowed to. */
export const backfillFilter = z.strictObject({ client: clientId.optional(), ...page })

export const listBackfills = defineEndpoint({
  method: 'get',
  path: '/api/backfills',
  group: 'Backfills',
  summary: 'The backfills and how far each has come, newest first.',
  role: 'viewer',
  scope: 'client',
  params: nothing,
  query: backfillFilter,
  statuses: [200],
  reply: z.strictObject({ backfills: z.array(backfillReply), nextCursor }),
  async handle({ query }, context) {
    const { backfills, nextCursor } = await backfillsInSight(context, query)
    return json({ backfills: backfills.map(replyOf), nextCursor })
  },
})

/** The address of one backfill. */
export const backfillParams = z.strictObject({ id: uuid.describe('The id of a backfill.') })

export const findBackfill = defineEndpoint({
  method: 'get',
  path: '/api/backfills/:id',
  group: 'Backfills',
  summary: 'One backfill and how far it has come.',
  role: 'viewer',
  scope: 'client',
  params: backfillParams,
  query: nothing,
  statuses: [200],
  reply: backfillReply,
  handle: async ({ params }, context) => json(replyOf(await backfillInSight(context, params.id))),
})

export const cancelBackfillEndpoint = defineEndpoint({
  method: 'post',
  path: '/api/backfills/:id/cancel',
  group: 'Backfills',
  summary: 'Stop what is left of a backfill; a running window ends within seconds. Twice is the same as once.',
  role: 'operator',
  scope: 'client',
  params: backfillParams,
  query: nothing,
  body: nothing,
  statuses: [200],
  reply: backfillReply,
  async handle({ params }, context) {
    const { backfill, audit } = await cancelBackfill(context, params.id)
    return { answer: json(replyOf(backfill)), audit }
  },
})
