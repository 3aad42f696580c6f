import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { SECOND_MS } from '../../time.ts'
import { QUEUES } from '../job.ts'

/**
 * BullMQ's defaults take a minute to notice a dead worker and give a job up after two; these rescue within 15 s, and
 * the ledger counts crashes itself. A lock is renewed after half its time, so a worker may be busy with something else
 * for five seconds.
 */
export const LOCK_MS = 10 * SECOND_MS
export const STALLED_INTERVAL_MS = 3 * SECOND_MS
export const STALLED_COUNT_MAX = 1000

/** A node whose clock is further off than this does not work. */
export const CLOCK_SKEW_MAX_MS = 2 * SECOND_MS

const repairStamps = sqlFile<never>(import.meta.dirname, 'repair-stamps.sql')

/**
 * Gives jobs back whose workers fell silent, on PostgreSQL: BullMQ's own check, but by the clock of the database
 * instead of each worker's, and what is rescued goes first instead of behind all that waits. BullMQ itself sees to it
 * that one check is made in a time, however many nodes ask. On Redis, whose locks run by the server's clock, workers
 * check by themselves.
 */
export async function rescueStalled(db: SystemDatabase): Promise<void> {
  await repairStamps(db, [LOCK_MS, CLOCK_SKEW_MAX_MS, QUEUES])
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${QUEUES}::text[]) as queue, bullmq.move_stalled_jobs_to_wait(
      queue, ${STALLED_COUNT_MAX}, (extract(epoch from clock_timestamp()) * 1000)::bigint, ${STALLED_INTERVAL_MS}) as id`.execute(
    db,
  )
  if (rows.length === 0) return
  const ids = rows.map(({ id }) => id)
  // What BullMQ calls last in, first out.
  await sql`
    update bullmq.job set seq = -nextval('bullmq.job_seq')
    where queue = any(${QUEUES}) and id = any(${ids}) and state = 'waiting' and seq > 0`.execute(db)
}
