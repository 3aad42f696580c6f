import type { SystemDatabase } from '../../src/db/database.ts'
import type { QueueBackend } from '../../src/queues/index.ts'

/** Where ledger and queue say different things. */
export type Disagreement = {
  /** Runs that are queued, without a job that will come to a worker. */
  withoutJob: string[]
  /** Jobs that wait, without a run that is open. */
  withoutRun: string[]
}

export const AGREED: Disagreement = { withoutJob: [], withoutRun: [] }

/** Ledger and queue agree when every queued run has a live job, and every waiting job an open run. */
export async function disagreementOf(db: SystemDatabase, backend: QueueBackend): Promise<Disagreement> {
  const runs = await db.selectFrom('runs').select(['id', 'queue', 'state']).execute()
  const open = new Set(runs.filter(({ state }) => ['planned', 'queued', 'running'].includes(state)).map(({ id }) => id))
  const found: Disagreement = { withoutJob: [], withoutRun: [] }
  for (const [name, queue] of backend.queues) {
    const waiting = await queue.getRanges(['wait', 'prioritized', 'delayed'], 0, -1)
    const live = new Set([...waiting, ...(await queue.getRanges(['active'], 0, -1))])
    const queued = runs.filter((run) => run.queue === name && run.state === 'queued')
    found.withoutJob.push(...queued.filter(({ id }) => !live.has(id)).map(({ id }) => id))
    found.withoutRun.push(...waiting.filter((id) => !open.has(id)))
  }
  return found
}
