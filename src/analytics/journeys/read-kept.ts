import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { Day, DayWindow } from '../../time.ts'
import type { KeptRows } from '../questions/index.ts'
import { findPrepared } from './prepared-rows.ts'

/**
 * What rows are read from. facts: the facts of these days. rolled-up: customer_metrics of these days, and the first
 * contacts on them; of `today` they say what they said when it was rolled up last, as facts come in all day.
 */
export type StandsOn = { kind: 'facts'; days: DayWindow } | { kind: 'rolled-up'; days: DayWindow; today: Day }

export const EVERY_DAY: DayWindow = { from: '-infinity', to: 'infinity' }

/** asOf: something has changed since the rows were prepared, at this instant; null: they are of now. */
export type KeptAnswer<Row> = { rows: readonly Row[]; asOf: string | null }

/**
 * Reads rows, or gives those that were read before, as long as nothing has changed of the days they depend on: the
 * database is asked for that each time. `question` says all that they depend on beside. Of days of which nothing is
 * known nothing is kept. What the night has prepared is given also when something has changed since, and says as of
 * when it is: reading it again takes seconds.
 */
export async function readKept<Row>(
  db: ClientDatabase,
  { clientId, question, standsOn }: { clientId: string; question: readonly unknown[]; standsOn: StandsOn },
  read: () => Promise<readonly Row[]>,
  kept: KeptRows | null,
): Promise<KeptAnswer<Row>> {
  // A transaction may see what nobody else does, or no longer.
  if (kept === null || db.isTransaction) return { rows: await read(), asOf: null }
  // Before the rows are read, never after: they may be newer than the stamp says, and must not be older.
  const stamp = await stampOf(db, clientId, standsOn)
  if (stamp === null) return { rows: await read(), asOf: null }
  const key = JSON.stringify([standsOn, question])
  const known = kept.memory.get(keyIn(clientId, key))
  if (known?.stamp === stamp) return { rows: known.kept as readonly Row[], asOf: null }
  const prepared = kept.readsPrepared ? await findPrepared(db, clientId, key) : null
  if (prepared !== null && prepared.stamp !== stamp)
    return { rows: prepared.rows as readonly Row[], asOf: prepared.preparedAt }
  const rows = prepared === null ? await read() : (prepared.rows as readonly Row[])
  kept.memory.set(keyIn(clientId, key), { stamp, kept: rows })
  return { rows, asOf: null }
}

/** Ids of clients have no space. */
function keyIn(clientId: string, key: string): string {
  return `${clientId} ${key}`
}

/**
 * Says the same for as long as nothing has changed of the days, and no customer was erased, whose id may be in the
 * rows; null: nothing is known of any day. Reads rollup_days by its key.
 */
async function stampOf(db: ClientDatabase, clientId: string, standsOn: StandsOn): Promise<string | null> {
  const { kind, days } = standsOn
  const erased = sql`(select count(finished_at) from erasures where client_id = ${clientId})`
  const { rows } = await (kind === 'facts'
    ? sql<{ stamp: string | null }>`
        select case when count(*) > 0 then concat_ws('.', count(*), sum(revision), max(revision), ${erased}) end as stamp
        from rollup_days where client_id = ${clientId} and day >= ${days.from}::date and day < ${days.to}::date`
    : sql<{ stamp: string | null }>`
        select case when count(rolled_at) > 0 then concat_ws('.', count(*) filter (where day < ${standsOn.today}::date), sum(revision) filter (where day < ${standsOn.today}::date),
          max(revision) filter (where day < ${standsOn.today}::date), max(rolled_at), ${erased}) end as stamp
        from rollup_days where client_id = ${clientId} and day >= ${days.from}::date and day < ${days.to}::date`
  ).execute(db)
  return rows[0]?.stamp ?? null
}
