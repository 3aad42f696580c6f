import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { Day, DayWindow } from '../../time.ts'
import type { KeptRows } from '../questions/index.ts'

/**
 * What rows are read from. facts: the facts of these days. rolled-up: customer_metrics of these days, and the first contacts on them; of
 * `today` they say what they said when it was rolled up last, as facts come in all day.
 */
export type StandsOn = { kind: 'facts'; days: DayWindow } | { kind: 'rolled-up'; days: DayWindow; today: Day }

export const EVERY_DAY: DayWindow = { from: '-infinity', to: 'infinity' }

/**
 * Reads rows, or gives those that were read before, as long as nothing has changed of the days they depend on: the database is asked for
 * that each time. `question` says all that they depend on beside. Of days of which nothing is known nothing is kept.
 */
export async function readKept<Row>(
  db: ClientDatabase,
  { clientId, question, standsOn }: { clientId: string; question: readonly unknown[]; standsOn: StandsOn },
  read: () => Promise<readonly Row[]>,
  kept: KeptRows | null,
): Promise<readonly Row[]> {
  // A transaction may see what nobody else does, or no longer.
  if (kept === null || db.isTransaction) return read()
  // Before the rows are read, never after: they may be newer than the stamp says, and must not be older.
  const stamp = await stampOf(db, clientId, standsOn)
  if (stamp === null) return read()
  const key = JSON.stringify([clientId, standsOn, question])
  const known = kept.get(key)
  if (known?.stamp === stamp) return known.kept as readonly Row[]
  const rows = await read()
  kept.set(key, { stamp, kept: rows })
  return rows
}

/**
 * Says the same for as long as nothing has changed of the days, and no customer was erased, whose id may be in the rows; null: nothing is
 * known of any day. Reads rollup_days by its key.
 */
async function stampOf(db: ClientDatabase, clientId: string, standsOn: StandsOn): Promise<string | null> {
  const { kind, days } = standsOn
  const erased = sql`(select count(finished_at) from erasures where client_id = ${clientId})`
  const { rows } = await (kind === 'facts'
    ? sql<{ stamp: string | null }>`
        select case when count(*) > 0 then concat_ws('.', count(*), sum(revision), max(revision), ${erased}) end as stamp
        from rollup_days where client_id = ${clientId} and day >= ${days.from}::date and day < ${days.to}::date`
    : sql<{ stamp: string | null }>`
        select case when count(rolled_at) > 0 then concat_ws('.', count(*), sum(revision) filter (where day < ${standsOn.today}::date),
          max(revision) filter (where day < ${standsOn.today}::date), max(rolled_at), ${erased}) end as stamp
        from rollup_days where client_id = ${clientId} and day >= ${days.from}::date and day < ${days.to}::date`
  ).execute(db)
  return rows[0]?.stamp ?? null
}
