import { sql } from 'kysely'
import type { ClientDatabase, SystemDatabase } from '../../db/database.ts'
import type { Day, DayWindow } from '../../time.ts'

export type ClientDay = { clientId: string; day: Day }

/**
 * Closed days of any client whose roll-up has not seen all their facts, in the order of client and day: at most `limit` of those
 * after `after`. A day is closed when it lies before the client's today, as of `at`.
 */
export async function dirtyDays(
  db: SystemDatabase,
  { at, after, limit }: { at: Temporal.Instant; after: ClientDay | null; limit: number },
): Promise<ClientDay[]> {
  const last = after ?? { clientId: '', day: '-infinity' }
  const { rows } = await sql<ClientDay>`
    select r.client_id as "clientId", r.day
    from rollup_days r join clients c on c.id = r.client_id
    where r.facts_version > r.rolled_version
      and r.day < (${at.toString()}::timestamptz at time zone c.time_zone)::date
      and (r.client_id, r.day) > (${last.clientId}, ${last.day}::date)
    order by r.client_id, r.day
    limit ${limit}`.execute(db)
  return rows
}

/** Days of a window that were never rolled up and hold no facts either: oldest first, at most `limit`. */
export async function missingDays(
  db: ClientDatabase,
  { clientId, window, limit }: { clientId: string; window: DayWindow; limit: number },
): Promise<Day[]> {
  const { rows } = await sql<{ day: Day }>`
    select d::date as day
    from generate_series(${window.from}::date, ${window.to}::date - 1, interval '1 day') d
    where not exists (select from rollup_days r where r.client_id = ${clientId} and r.day = d::date)
    order by 1
    limit ${limit}`.execute(db)
  return rows.map((row) => row.day)
}
