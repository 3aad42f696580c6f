import type { Queue } from 'bullmq'
import type { SystemDatabase } from '../../db/database.ts'
import { messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { sqlFile } from '../../sql.ts'
import { clientCaps, QUEUES, type QueueName } from '../job.ts'
import type { QueueBackend } from './backend.ts'

export type ReadyRun = { id: string; job: string; queue: QueueName; priority: number; attempt: number }

const takeReadyRuns = sqlFile<ReadyRun>(import.meta.dirname, 'ready-runs.sql', { prepared: true })

/** How many runs one statement marks and one call adds. */
const BATCH = 500
/** Batches of one pass: others want the database too. */
const BATCHES_MAX = 20

export type DispatchTools = { db: SystemDatabase; backend: QueueBackend; clientRunsMax: number; log: Log }

/** Hands every run that is ready to its queue, up to the cap of each client. Returns how many. */
export async function dispatch({ db, backend, clientRunsMax }: DispatchTools): Promise<number> {
  // Marked as queued they would only have to be planned again.
  if (backend.health.trouble() !== null) return 0
  let total = 0
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const ready = await takeReadyRuns(db, [clientCaps(clientRunsMax), BATCH, QUEUES])
    await addToQueues(backend, ready)
    total += ready.length
    if (ready.length < BATCH) break
  }
  return total
}

/** Gives runs that the ledger calls queued to their queues. Those it could not give, reconcile plans again. */
async function addToQueues(backend: QueueBackend, ready: ReadyRun[]): Promise<void> {
  try {
    for (const [name, runs] of Map.groupBy(ready, (run) => run.queue)) await addToQueue(queueOf(backend, name), runs)
  } catch (error) {
    // Then it is said that the queues cannot be used, and nothing is handed over until they can.
    if (!backend.health.report(error)) throw error
  }
}

/** Gives runs to their queues without making whoever planned them wait; `settled` waits for those in progress. */
export function createHandover({ backend, log }: Pick<DispatchTools, 'backend' | 'log'>) {
  const under = new Set<Promise<void>>()
  return {
    handOver(runs: ReadyRun[]): void {
      const handed = addToQueues(backend, runs)
        .catch((error: unknown) => log.warn({ runs: runs.length }, `the queue takes no runs yet: ${messageOf(error)}`))
        .finally(() => under.delete(handed))
      under.add(handed)
    },
    settled: () => Promise.all(under),
  }
}

export function queueOf(backend: QueueBackend, name: QueueName): Queue {
  const queue = backend.queues.get(name)
  if (queue) return queue
  throw new Error(`there is no queue ${name}`)
}

/**
 * The job carries the run's id and nothing else. A job id is unique while its row exists, and a finished one would
 * swallow the new one silently, so what is left of an earlier attempt goes first. If we die in here, reconcile adds
 * what is missing.
 */
async function addToQueue(queue: Queue, runs: ReadyRun[]): Promise<void> {
  for (const run of runs.filter(({ attempt }) => attempt > 0)) await removeFinished(queue, run.id)
  const jobs = runs.map(jobOf)
  const [only] = jobs
  // A bulk is a transaction of several round trips: for many jobs few, for one job many.
  if (only !== undefined && jobs.length === 1) await queue.add(only.name, only.data, only.opts)
  else await queue.addBulk(jobs)
}

/** BullMQ runs jobs without priority first: that is a person's click. */
function jobOf({ id, job, priority }: ReadyRun) {
  return { name: job, data: {}, opts: { jobId: id, ...(priority > 1 ? { priority: priority - 1 } : {}) } }
}

export async function removeFinished(queue: Queue, runId: string): Promise<void> {
  const job = await queue.getJob(runId)
  if (!job) return
  const state = await job.getState()
  if (state === 'completed' || state === 'failed') await job.remove()
}
