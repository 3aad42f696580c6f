import { z } from 'zod'
import type { RunView } from '../../queues/index.ts'
import { nextCursor, nothing, page, runParams } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { notFound } from '../http/problem.ts'
import { changeRun, runInSight } from './request-run.ts'
import { filterInSight, runFilterFields } from './run-filter.ts'
import { runReply, runWithAttemptsReply } from './run-reply.ts'

export const runsQuery = z.strictObject({ ...runFilterFields, ...page })

export const listRuns = defineEndpoint({
  method: 'get',
  path: '/api/runs',
  group: 'Runs',
  summary: 'The ledger of runs, newest first. A search over a long ledger comes in parts: follow nextCursor.',
  role: 'viewer',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: runsQuery,
  statuses: [200],
  reply: z.strictObject({
    runs: z.array(runReply),
    nextCursor,
    lookedBackTo: z.iso
      .datetime()
      .nullable()
      .describe('Set when a search left off before its page was full, having looked at what was planned since then.'),
  }),
  handle: async ({ query }, context) => json(await runsInSight(context, query)),
})

/** The runs of a filter that the visitor may see. Throws HttpError `other-client`. */
export async function runsInSight(context: Context, query: z.output<typeof runsQuery>) {
  const { cursor, limit, ...filter } = query
  const place = cursor === undefined ? {} : { cursor }
  return context.board.ledger.list({ ...filterInSight(context, filter), ...place, limit })
}

export const findRun = defineEndpoint({
  method: 'get',
  path: '/api/runs/:id',
  group: 'Runs',
  summary: 'One run with every attempt.',
  role: 'viewer',
  scope: 'client',
  params: runParams,
  query: nothing,
  statuses: [200],
  reply: runWithAttemptsReply,
  handle: async ({ params }, context) => json(withoutStacks(await findRunInSight(context, params.id))),
})

/** One run with its attempts. Throws HttpError `not-found`. */
export async function findRunInSight(context: Context, runId: string): Promise<RunView> {
  await runInSight(context, runId)
  const run = await context.board.ledger.find(runId)
  if (run) return run
  throw notFound(`There is no run ${runId}.`)
}

/** Stack traces are for the board's own operators, not for programs. */
function withoutStacks(run: RunView): z.input<typeof runWithAttemptsReply> {
  return { ...run, attempts: (run.attempts ?? []).map(({ errorStack: _stack, ...attempt }) => attempt) }
}

const changed = z.strictObject({ runId: z.guid() })

export const retryRun = defineEndpoint({
  method: 'post',
  path: '/api/runs/:id/retry',
  group: 'Runs',
  summary: 'Plan a failed or cancelled run again; what waits for it goes on when it succeeds.',
  role: 'operator',
  scope: 'client',
  params: runParams,
  query: nothing,
  body: nothing,
  statuses: [200],
  reply: changed,
  async handle({ params }, context) {
    return { answer: json({ runId: params.id }), audit: await changeRun(context, params.id, 'retry') }
  },
})

export const cancelRun = defineEndpoint({
  method: 'post',
  path: '/api/runs/:id/cancel',
  group: 'Runs',
  summary: 'Stop a planned, queued or running run; a running one ends within seconds.',
  role: 'operator',
  scope: 'client',
  params: runParams,
  query: nothing,
  body: nothing,
  statuses: [200],
  reply: changed,
  async handle({ params }, context) {
    return { answer: json({ runId: params.id }), audit: await changeRun(context, params.id, 'cancel') }
  },
})
