import type { Queue } from 'bullmq'
import type { SystemDatabase } from '../db/database.ts'
import type { Log } from '../log.ts'
import { sqlFile } from '../sql.ts'
import type { QueueBackend } from './backend.ts'
import type { QueueName } from './job.ts'

type ReadyRun = { id: string; job: string; queue: QueueName; priority: number; attempt: number }

const takeReadyRuns = sqlFile<ReadyRun>(import.meta.dirname, 'ready-runs.sql')
const openRuns = sqlFile<OpenRun>(import.meta.dirname, 'open-runs.sql')
const planLostRuns = sqlFile<{ id: string }>(import.meta.dirname, 'plan-lost-runs.sql')

/** How many runs one statement marks and one call adds. */
const BATCH = 500

export type DispatchTools = { db: SystemDatabase; backend: QueueBackend; clientRunsMax: number; log: Log }

/** Hands every run that is ready to its queue, up to the cap of each client. Returns how many. */
export async function dispatch({ db, backend, clientRunsMax }: DispatchTools): Promise<number> {
  const ready = await takeReadyRuns(db, [clientRunsMax, BATCH])
  for (const [name, runs] of Map.groupBy(ready, (run) => run.queue)) {
    await addToQueue(queueOf(backend, name), runs)
  }
  return ready.length
}

function queueOf(backend: QueueBackend, name: QueueName): Queue {
  const queue = backend.queues.get(name)
  if (queue) return queue
  throw new Error(`there is no queue ${name}`)
}

/**
 * The job carries the run's id and nothing else. A job id is unique while its row exists, and a finished one would swallow the new
 * one silently, so what is left of an earlier attempt goes first. If we die in here, reconcile adds what is missing.
 */
async function addToQueue(queue: Queue, runs: ReadyRun[]): Promise<void> {
  for (const run of runs.filter(({ attempt }) => attempt > 0)) await removeFinished(queue, run.id)
  await queue.addBulk(
    runs.map(({ id, job, priority }) => ({
      name: job,
      data: {},
      // BullMQ runs jobs without priority first: that is a person's click.
      opts: { jobId: id, ...(priority > 1 ? { priority: priority - 1 } : {}) },
    })),
  )
}

async function removeFinished(queue: Queue, runId: string): Promise<void> {
  const job = await queue.getJob(runId)
  if (!job) return
  const state = await job.getState()
  if (state === 'completed' || state === 'failed') await job.remove()
}

type OpenRun = { id: string; queue: QueueName; state: 'queued' | 'running'; attempt: number; orphaned: boolean }

/** Runs looked at in one sweep; the next sweep takes the rest. */
const SWEEP = 1000

/**
 * Brings the queue back in step with the ledger: a run that should be in its queue and is not (the queue was emptied, or we died
 * between marking and adding) is planned again and so dispatched again. Returns how many.
 */
export async function reconcile(
  { db, backend, log }: DispatchTools,
  options: { olderThanMs: number },
): Promise<number> {
  const open = await openRuns(db, [options.olderThanMs, SWEEP])
  const lost: OpenRun[] = []
  for (const run of open) {
    const queue = queueOf(backend, run.queue)
    const state = await queue.getJobState(run.id)
    const present = state !== 'unknown' && state !== 'completed' && state !== 'failed'
    // A running run of a living node needs no queue entry; its worker reports to the ledger.
    if (present || (run.state === 'running' && !run.orphaned)) continue
    // What is left of it would swallow the new job.
    await removeFinished(queue, run.id)
    lost.push(run)
  }
  if (lost.length === 0) return 0
  const again = await planLostRuns(db, [JSON.stringify(lost)])
  if (again.length > 0) {
    log.warn({ runs: again.length }, `${again.length} runs were no longer in their queue and are dispatched again`)
  }
  return again.length
}
