import type { Queue } from 'bullmq'
import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { sqlFile } from '../../sql.ts'
import type { QueueName } from '../job.ts'
import type { QueueBackend } from './backend.ts'
import { type DispatchTools, queueOf, removeFinished } from './dispatch.ts'
import { planLostRuns, type SeenRun } from './plan-lost-runs.ts'

type OpenRun = SeenRun & { queue: QueueName; orphaned: boolean; overdue: boolean }

const openRuns = sqlFile<OpenRun>(import.meta.dirname, 'open-runs.sql')

/** A job in one of these will come to a worker by itself. */
const PRESENT = ['wait', 'prioritized', 'delayed', 'active', 'waiting-children'] as const
/** A job in one of these nobody has in hand. */
const WAITING = ['wait', 'prioritized', 'delayed'] as const

/**
 * Brings queue and ledger back in step. A run that should be in its queue and is not (the queue was emptied, a person
 * removed the job, or we died between marking and adding) is planned again and so dispatched again; a job that waits
 * for a run which the ledger does not know, or has ended, is removed. Returns how many runs were planned again.
 */
export async function reconcile(tools: DispatchTools, options: { olderThanMs: number }): Promise<number> {
  const { db, backend, log } = tools
  if (backend.health.trouble() !== null) return 0
  await backend.repair()
  const open = await openRuns(db, [options.olderThanMs])
  const byQueue = Map.groupBy(open, (run) => run.queue)
  let again = 0
  for (const [name, queue] of backend.queues) {
    again += await planMissing(db, queue, byQueue.get(name) ?? [])
    await removeOrphans(db, name, queue, log)
  }
  if (again > 0) log.warn({ runs: again }, `${again} runs were no longer in their queue and are dispatched again`)
  return again
}

async function planMissing(db: SystemDatabase, queue: Queue, open: OpenRun[]): Promise<number> {
  if (open.length === 0) return 0
  await takeOutDelayed(queue, open)
  const present = new Set(await queue.getRanges([...PRESENT], 0, -1))
  // A running run of a living node needs no queue entry; its worker reports to the ledger.
  const lost = open.filter((run) => !present.has(run.id) && (run.state === 'queued' || run.orphaned))
  // What is left of it would swallow the new job.
  for (const run of lost) await removeFinished(queue, run.id)
  return planLostRuns(
    db,
    lost.map(({ id, state, attempt }) => ({ id, state, attempt })),
  )
}

/**
 * A worker whose clock was ahead has put off until tomorrow what is due now: it goes back into the queue like any other
 * lost one.
 */
async function takeOutDelayed(queue: Queue, open: OpenRun[]): Promise<void> {
  const delayed = new Set(await queue.getRanges(['delayed'], 0, -1))
  for (const run of open) if (run.overdue && delayed.has(run.id)) await queue.remove(run.id)
}

/**
 * Such jobs are what a restored backup, another program, a hand on the queue or a move of the run to another one leaves
 * behind: no worker could do anything with them.
 */
async function removeOrphans(db: SystemDatabase, name: QueueName, queue: Queue, log: Log): Promise<void> {
  const waiting = await queue.getRanges([...WAITING], 0, -1)
  const orphans = await withoutRun(db, name, waiting)
  for (const id of orphans) await queue.remove(id)
  if (orphans.length === 0) return
  const some = orphans.slice(0, 5)
  log.warn(
    { queue: queue.name, jobs: orphans.length, some },
    `${orphans.length} jobs in queue ${queue.name} had no open run in the ledger and were removed`,
  )
}

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function withoutRun(db: SystemDatabase, queue: QueueName, jobIds: string[]): Promise<string[]> {
  const runIds = jobIds.filter((id) => RUN_ID.test(id))
  if (jobIds.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select r.id from runs r
    where r.id = any(${runIds}::uuid[]) and r.queue = ${queue} and r.state in ('planned', 'queued', 'running')`.execute(
    db,
  )
  const open = new Set(rows.map(({ id }) => id))
  return jobIds.filter((id) => !open.has(id))
}

/** The last completed and failed jobs stay in the queue for its board; the ledger keeps the history. */
const KEEP = { completed: 100, failed: 500 } as const
/** Deleted by one statement. */
const TRIM_BATCH = 10_000

/**
 * Deletes all finished jobs but the last ones, which are kept. BullMQ would do so with every job that ends, on
 * PostgreSQL at four times the cost of the job itself.
 */
export async function trimQueues(backend: QueueBackend): Promise<void> {
  if (backend.health.trouble() !== null) return
  for (const name of backend.queues.keys()) {
    const queue = queueOf(backend, name)
    for (const state of ['completed', 'failed'] as const) {
      const { [state]: held = 0 } = await queue.getJobCounts(state)
      for (let over = held - KEEP[state]; over > 0; over -= TRIM_BATCH)
        await queue.clean(0, Math.min(over, TRIM_BATCH), state)
    }
  }
}
