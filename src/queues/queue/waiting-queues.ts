import type { AnyDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { QUEUES } from '../job.ts'

/**
 * A queue in which a run could be at work and is not: how many, and since when the one waits that has waited longest.
 */
export type WaitingQueue = { queue: string; runs: number; since: string; seconds: number }

const waitingQueues = sqlFile<WaitingQueue>(import.meta.dirname, 'waiting-queues.sql')

/** How long the run that waits longest in each queue has waited; queues in which none waits are not there. */
export function readWaitingQueues(db: AnyDatabase): Promise<WaitingQueue[]> {
  return waitingQueues(db, [QUEUES])
}
