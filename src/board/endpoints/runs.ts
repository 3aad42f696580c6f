import { z } from 'zod'
import type { RunView } from '../../queues/index.ts'
import type { Context } from '../context.ts'
import { defineEndpoint, json } from '../endpoint.ts'
import { HttpError, notFound } from '../problem.ts'
import { changeRun, runInSight } from '../request-run.ts'
import { clientId, day, jobName, nextCursor, nothing, page, runParams } from './address.ts'
import { runReply, runState, runWithAttemptsReply } from './run-reply.ts'

export const runFilter = z.strictObject({
  client: clientId.optional(),
  job: jobName.optional(),
  night: day.optional().describe('The local day whose night the run belongs to.'),
  state: runState.optional(),
  ...page,
})

export const listRuns = defineEndpoint({
  method: 'get',
  path: '/api/runs',
  group: 'Runs',
  summary: 'The ledger of runs, newest first.',
  role: 'viewer',
  scope: 'client',
  params: nothing,
  query: runFilter,
  statuses: [200],
  reply: z.strictObject({ runs: z.array(runReply), nextCursor }),
  handle: async ({ query }, context) => json(await runsInSight(context, query)),
})

/** The runs of a filter that the visitor may see. Throws HttpError `other-client`. */
export async function runsInSight({ board, identity }: Context, filter: z.output<typeof runFilter>) {
  const { client, ...rest } = filter
  const bound = identity.clientId ?? client
  if (client !== undefined && client !== bound) {
    throw new HttpError(403, 'other-client', `You act for ${identity.clientId}, and this is about ${client}.`)
  }
  return board.ledger.list({
    ...definedOnly(rest),
    limit: rest.limit,
    ...(bound === undefined ? {} : { clientId: bound }),
  })
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function definedOnly<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
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
