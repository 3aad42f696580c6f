import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'

const BATCH = 2000
const BATCHES_MAX = 5000

/**
 * Deletes runs that ended more than `days` days ago, backfills of which no run is left, and nodes that have been silent for a day.
 * A run that others still wait for stays. Returns how many runs went.
 */
export async function expireRuns(db: SystemDatabase, days: number, signal: AbortSignal): Promise<number> {
  await sql`delete from nodes where seen_at < now() - interval '1 day'`.execute(db)
  let total = 0
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    signal.throwIfAborted()
    const { numAffectedRows } = await sql`
      delete from runs where id in (
        select r.id from runs r
        where r.state in ('succeeded', 'failed', 'cancelled') and r.finished_at < now() - make_interval(days => ${days})
          and not exists (
            select from run_dependencies d join runs w on w.id = d.run_id
            where d.job = r.job and d.key = r.key and w.state in ('planned', 'queued', 'running'))
        limit ${BATCH})`.execute(db)
    total += Number(numAffectedRows ?? 0)
    if (Number(numAffectedRows ?? 0) < BATCH) break
  }
  await sql`
    delete from backfills b where created_at < now() - make_interval(days => ${days})
      and not exists (select from runs where backfill_id = b.id)`.execute(db)
  return total
}
