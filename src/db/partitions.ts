import { sql } from 'kysely'
import { PermanentError } from '../errors.ts'
import { addDays, type Day } from '../time.ts'
import type { ClientTransaction, SystemDatabase } from './database.ts'

/** Months ready ahead of time, so that a client's own pipeline never writes into the default partition. */
const DAYS_AHEAD = 62

/** Makes the monthly partitions around `day` and the two months after it. */
export async function prepareFactPartitions(db: SystemDatabase, day: Day): Promise<void> {
  await sql`select ensure_fact_partitions(${day}::date, ${addDays(day, DAYS_AHEAD)}::date)`.execute(db)
}

/**
 * Drops the months of facts that ended before `facts` (null: facts are kept) and of raw events that ended before
 * `events`. Of those months nothing is left in the default partitions either, where facts go that come after their
 * month was dropped. Roll-ups stay: what is done to a partition fires no trigger of its table, so no day becomes dirty.
 * The books are kept. Returns the names of the tables that went.
 */
export async function dropFactsBefore(
  db: SystemDatabase,
  { facts, events }: { facts: Day | null; events: Day },
): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name
    from fact_tables f
    join pg_inherits i on i.inhparent = f.name::regclass
    join pg_class c on c.oid = i.inhrelid
    where not f.is_book and c.relname ~ '_[0-9]{4}_[0-9]{2}$'
      and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= case when f.is_event then ${events}::date else ${facts}::date end
    order by 1`.execute(db)
  for (const { name } of rows) await sql`drop table ${sql.table(name)}`.execute(db)
  const tables = await db.selectFrom('fact_tables').selectAll().where('is_book', '=', false).orderBy('name').execute()
  for (const { name, time_column, is_event } of tables) {
    const limit = is_event ? events : facts
    if (limit !== null) await deleteStrays(db, { table: `${name}_default`, time: time_column, before: limit })
  }
  return rows.map((row) => row.name)
}

/** Of one table at a time; more of them go the next night. */
const STRAYS_MAX = 100_000

/** Deletes what is of months that ended before a day. */
async function deleteStrays(
  db: SystemDatabase,
  { table, time, before }: { table: string; time: string; before: Day },
): Promise<void> {
  const from = sql.table(table)
  await sql`
    delete from ${from} where ctid = any(array(
      select ctid from ${from} where ${sql.ref(time)} < date_trunc('month', ${before}::timestamp) at time zone 'UTC' limit ${STRAYS_MAX}))`.execute(
    db,
  )
}

/**
 * Refuses to work on a day whose facts may have been dropped: a roll-up of what is left would replace true sums with
 * too small ones. The first day that is kept is among them: east of Greenwich it begins in the UTC month before.
 * `factDays` null: facts are kept. Throws PermanentError('facts-expired').
 */
export async function requireFacts(tx: ClientTransaction, day: Day, factDays: number | null): Promise<void> {
  if (factDays === null) return
  const { rows } = await sql<{ kept: boolean }>`
    select ${day}::date > (now() - make_interval(days => ${factDays}))::date as kept`.execute(tx)
  if (rows[0]?.kept === true) return
  throw new PermanentError(
    'facts-expired',
    `the facts of ${day} are past FACTS_TTL_DAYS (${factDays}) and may be gone; its roll-up stays as it is`,
  )
}
