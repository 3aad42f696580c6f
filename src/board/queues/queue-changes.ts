import { z } from 'zod'
import type { AuditEntry } from '../../people/audit.ts'
import { PartlyDoneError } from '../../people/on-record.ts'
import type { QueueBackend } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { accept } from '../http/input.ts'
import { HttpError, httpErrorOf } from '../http/problem.ts'
import { changeRun } from '../runs/index.ts'

/**
 * What bull-board's buttons do to single jobs, done through the ledger: the queue holds ids of runs and may be emptied
 * at any moment, so a change of the queue alone would be undone by the next sweep.
 */

type Queue = QueueBackend['queues'] extends Map<unknown, infer Each> ? Each : never
type JobType = Parameters<Queue['getRanges']>[0] extends (infer Each)[] | infer _One ? Each : never

/** What a button of bull-board is about, as its address and body say; what they do not say is `undefined`, as text. */
export type JobPlace = { queue: Queue; jobId: string; state: string; body: unknown }

const runId = z.guid()
const isRunId = (id: string) => runId.safeParse(id).success

/** Retries a failed job as its run. */
export async function retryJob(context: Context, { jobId }: Pick<JobPlace, 'jobId'>): Promise<AuditEntry[]> {
  if (!isRunId(jobId)) throw new HttpError('bad-request', 'This job is no run of the ledger.')
  return [await changeRun(context, jobId, 'retry')]
}

/** Failed jobs one press of the button retries: more are not kept. */
const RETRY_MAX = 500

export async function retryJobs(context: Context, { queue, state }: JobPlace): Promise<AuditEntry[]> {
  if (state !== 'failed') {
    throw new HttpError('bad-request', 'Only failed jobs of a queue can be retried all at once.')
  }
  const ids = await queue.getRanges(['failed'], 0, RETRY_MAX - 1)
  return oneByOne(ids.filter(isRunId), (jobId) =>
    // One that somebody retried meanwhile, or whose run is gone, is none of this press's business.
    retryJob(context, { jobId }).catch((error: unknown) => {
      if ([404, 409].includes(httpErrorOf(error).status)) return []
      throw error
    }),
  )
}

/** Changes one after another; where one fails, what was changed before it goes on record. */
export async function oneByOne<Item>(
  items: readonly Item[],
  change: (item: Item) => Promise<AuditEntry[]>,
): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for (const item of items) {
    const done = await change(item).catch((error: unknown) => {
      throw entries.length > 0 ? new PartlyDoneError(entries, error) : error
    })
    entries.push(...done)
  }
  return entries
}

const ENDED = ['completed', 'failed']

/** Takes one job out: a run that has not ended is cancelled, of one that has only the queue's copy goes. */
export async function removeJob(context: Context, { queue, jobId }: JobPlace): Promise<AuditEntry[]> {
  const job = await queue.getJob(jobId)
  if (!job) throw new HttpError('not-found', `There is no job ${jobId} in ${queue.name}.`)
  const state = await job.getState()
  if (state === 'active') throw new HttpError('job-active', 'It is at work. Cancel its run: it stops within seconds.')
  const cancelled = ENDED.includes(state) ? null : await cancelIfOpen(context, jobId)
  if (cancelled !== null) return [cancelled]
  await queue.remove(jobId)
  return [entryOf('remove-job', `queue:${queue.name}:${jobId}`, { state })]
}

async function cancelIfOpen(context: Context, jobId: string): Promise<AuditEntry | null> {
  if (!isRunId(jobId)) return null
  return changeRun(context, jobId, 'cancel').catch((error: unknown) => {
    // The ledger does not know it, or it has ended.
    if ([404, 409].includes(httpErrorOf(error).status)) return null
    throw error
  })
}

/** bull-board's names of states whose jobs wait, and BullMQ's. */
const WAITING: Record<string, JobType> = {
  waiting: 'wait',
  wait: 'wait',
  paused: 'wait',
  prioritized: 'prioritized',
  delayed: 'delayed',
}

/** Takes out every job in a state: what waits is cancelled, what has ended is only the queue's copy. */
export async function cleanJobs(context: Context, { queue, state }: JobPlace): Promise<AuditEntry[]> {
  const waiting = WAITING[state]
  if (waiting !== undefined) return cancelJobs(context, queue, [waiting])
  if (state !== 'completed' && state !== 'failed') {
    throw new HttpError('bad-request', `Jobs that are ${state} cannot be cleaned. Cancel their runs instead.`)
  }
  const removed = await queue.clean(0, Number.MAX_SAFE_INTEGER, state)
  return [entryOf('clean-jobs', `queue:${queue.name}:${state}`, { removed: removed.length })]
}

/** Empties a queue of what waits to begin; what waits for its next try stays. */
export async function emptyQueue(context: Context, { queue }: JobPlace): Promise<AuditEntry[]> {
  return cancelJobs(context, queue, ['wait', 'prioritized'])
}

async function cancelJobs({ board, identity }: Context, queue: Queue, types: JobType[]): Promise<AuditEntry[]> {
  const ids = await queue.getRanges(types, 0, -1)
  const cancelled = await board.ledger.cancelAll(ids.filter(isRunId), identity.name)
  const known = new Set(cancelled)
  const others = ids.filter((id) => !known.has(id))
  const entry = (removed: number) =>
    entryOf('cancel-runs', `queue:${queue.name}:${types.join(',')}`, { cancelled: cancelled.length, removed })
  for (const [removed, id] of others.entries()) {
    await queue.remove(id).catch((error: unknown) => {
      throw new PartlyDoneError([entry(removed)], error)
    })
  }
  return ids.length === 0 ? [] : [entry(others.length)]
}

/** Lets a job that waits for its next try begin now. */
export async function promoteJob({ board }: Context, { queue, jobId }: JobPlace): Promise<AuditEntry[]> {
  const job = await delayedJob(queue, jobId)
  await job.promote()
  await board.ledger.reorder([jobId].filter(isRunId), { startAt: null })
  return [entryOf('promote-job', `queue:${queue.name}:${jobId}`, null)]
}

export async function promoteJobs({ board }: Context, { queue }: JobPlace): Promise<AuditEntry[]> {
  const ids = await queue.getRanges(['delayed'], 0, -1)
  await queue.promoteJobs()
  await board.ledger.reorder(ids.filter(isRunId), { startAt: null })
  return [entryOf('promote-jobs', `queue:${queue.name}`, { promoted: ids.length })]
}

const INSTANT_MAX_MS = 8.64e15
const delay = z.object({ runAt: z.number().min(0).max(INSTANT_MAX_MS) })

/** Changes when a job's next try begins. */
export async function delayJob({ board }: Context, { queue, jobId, body }: JobPlace): Promise<AuditEntry[]> {
  const runAt = Temporal.Instant.fromEpochMilliseconds(Math.round(accept('body', delay, body).runAt))
  const job = await delayedJob(queue, jobId)
  await job.changeDelay(Math.max(0, Math.round(runAt.since(board.clock()).total('milliseconds'))))
  await board.ledger.reorder([jobId].filter(isRunId), { startAt: runAt })
  return [entryOf('delay-job', `queue:${queue.name}:${jobId}`, { startAt: runAt.toString() })]
}

async function delayedJob(queue: Queue, jobId: string) {
  const job = await queue.getJob(jobId)
  if (!job) throw new HttpError('not-found', `There is no job ${jobId} in ${queue.name}.`)
  if (await job.isDelayed()) return job
  throw new HttpError('job-not-delayed', 'It does not wait for a time any more.')
}

const priority = z.object({ priority: z.int().min(0).max(2_097_152) })

/** Changes how urgent a job is: BullMQ's 0 is a person's click, 1 a night, 2 and more a backfill. */
export async function prioritiseJob({ board }: Context, { queue, jobId, body }: JobPlace): Promise<AuditEntry[]> {
  const asked = Math.min(2, accept('body', priority, body).priority)
  const job = await queue.getJob(jobId)
  if (!job) throw new HttpError('not-found', `There is no job ${jobId} in ${queue.name}.`)
  await job.changePriority({ priority: asked })
  await board.ledger.reorder([jobId].filter(isRunId), { priority: (asked + 1) as 1 | 2 | 3 })
  return [entryOf('prioritise-job', `queue:${queue.name}:${jobId}`, { priority: asked })]
}

export function entryOf(action: string, target: string, after: AuditEntry['after']): AuditEntry {
  return { action, target, clientId: null, before: null, after }
}
