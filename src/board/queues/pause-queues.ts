import { z } from 'zod'
import type { AuditEntry } from '../../people/audit.ts'
import type { Context } from '../http/context.ts'
import { accept } from '../http/input.ts'
import { entryOf, type JobPlace, oneByOne } from './queue-changes.ts'

/** What holds a queue as a whole: pauses and limits. They are BullMQ's own; the ledger keeps what waits meanwhile. */

type Queue = JobPlace['queue']

export async function pauseQueue(_context: Context, { queue }: Pick<JobPlace, 'queue'>): Promise<AuditEntry[]> {
  if (await queue.isPaused()) return []
  await queue.pause()
  return [entryOf('pause-queue', `queue:${queue.name}`, null)]
}

export async function resumeQueue(_context: Context, { queue }: Pick<JobPlace, 'queue'>): Promise<AuditEntry[]> {
  if (!(await queue.isPaused())) return []
  await queue.resume()
  return [entryOf('resume-queue', `queue:${queue.name}`, null)]
}

export async function pauseQueues(context: Context): Promise<AuditEntry[]> {
  return oneByOne([...context.board.queues.values()], (queue) => pauseQueue(context, { queue }))
}

export async function resumeQueues(context: Context): Promise<AuditEntry[]> {
  return oneByOne([...context.board.queues.values()], (queue) => resumeQueue(context, { queue }))
}

const AT_ONCE_MAX = 10_000
const atOnce = z.object({ concurrency: z.int().min(0).max(AT_ONCE_MAX) })

/** How many jobs of a queue run at once, on all nodes together; 0 takes the limit away. */
export async function limitAtOnce(_context: Context, { queue, body }: JobPlace): Promise<AuditEntry[]> {
  const { concurrency } = accept('body', atOnce, body)
  const before = { concurrency: await queue.getGlobalConcurrency() }
  await (concurrency === 0 ? queue.removeGlobalConcurrency() : queue.setGlobalConcurrency(concurrency))
  const after = { concurrency: concurrency === 0 ? null : concurrency }
  return [{ ...entryOf('limit-queue', `queue:${queue.name}`, after), before }]
}

const RATE_MAX = 1_000_000
const DURATION_MAX_MS = 86_400_000
const rate = z.union([
  z.strictObject({ max: z.int().min(1).max(RATE_MAX), duration: z.int().min(1).max(DURATION_MAX_MS) }),
  z.object({ max: z.null().optional() }),
])

/** How many jobs of a queue begin within so many milliseconds; without `max` the limit goes. */
export async function limitRate(_context: Context, { queue, body }: JobPlace): Promise<AuditEntry[]> {
  const asked = accept('body', rate, body ?? {})
  const before = await rateOf(queue)
  const after = 'duration' in asked ? asked : null
  await (after === null ? queue.removeGlobalRateLimit() : queue.setGlobalRateLimit(after.max, after.duration))
  return [{ ...entryOf('limit-queue', `queue:${queue.name}`, { rate: after }), before: { rate: before } }]
}

async function rateOf(queue: Queue): Promise<{ max: number; duration: number } | null> {
  const limit = await queue.getGlobalRateLimit()
  return limit && { max: limit.max, duration: limit.duration }
}

/** Lets a queue that waits because of its rate go on now. */
export async function releaseRate(_context: Context, { queue }: JobPlace): Promise<AuditEntry[]> {
  await queue.removeRateLimitKey()
  return [entryOf('release-queue', `queue:${queue.name}`, null)]
}
