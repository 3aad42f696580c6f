import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'

type Batch = { looked: number; deleted: number; plannedAt: string; id: string }

const expireBatch = sqlFile<Batch>(import.meta.dirname, 'expire-runs.sql')

/** Few enough that nobody waits long for what one statement holds. */
const BATCH = 1000
const BATCHES_MAX = 100_000
const FIRST_PLACE = { plannedAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/**
 * Deletes runs that ended more than `days` days ago, backfills of which no run is left, and nodes that have been silent
 * for a day. A run that an unsuccessful or open one depends on stays. Leaves off after `budgetMs`: `isDone` false says
 * that more is past its time.
 */
export async function expireRuns(
  db: SystemDatabase,
  days: number,
  { budgetMs, signal }: { budgetMs: number; signal: AbortSignal },
): Promise<{ deleted: number; isDone: boolean }> {
  await sql`delete from nodes where seen_at < now() - interval '1 day'`.execute(db)
  const expired = await expireBatches(db, days, { budgetMs, signal })
  await sql`
    delete from backfills b where created_at < now() - make_interval(days => ${days})
      and not exists (select from runs where backfill_id = b.id)`.execute(db)
  return expired
}

async function expireBatches(
  db: SystemDatabase,
  days: number,
  { budgetMs, signal }: { budgetMs: number; signal: AbortSignal },
): Promise<{ deleted: number; isDone: boolean }> {
  const began = performance.now()
  let deleted = 0
  let place: Pick<Batch, 'plannedAt' | 'id'> = FIRST_PLACE
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    signal.throwIfAborted()
    const [last] = await expireBatch(db, [days, place.plannedAt, place.id, BATCH])
    if (!last) return { deleted, isDone: true }
    deleted += last.deleted
    if (last.looked < BATCH) return { deleted, isDone: true }
    if (performance.now() - began > budgetMs) break
    place = last
  }
  return { deleted, isDone: false }
}
