import { sql } from 'kysely'
import type { ClientDatabase, SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day, DayWindow } from '../../time.ts'

const selectGapDays = sqlFile<ClientDay>(import.meta.dirname, 'gap-days.sql')

export type ClientDay = { clientId: string; day: Day }

/**
 * Closed days of any client whose roll-up has not seen all their facts, in the order of client and day: at most `limit` of those
 * after `after`. A day is closed when it lies before the client's today, as of `at`. `factDays`: days whose facts may be gone, being older
 * than so many, are left as they are; null: facts are kept.
 */
export async function dirtyDays(
  db: SystemDatabase,
  {
    at,
    after,
    limit,
    factDays = null,
  }: { at: Temporal.Instant; after: ClientDay | null; limit: number; factDays?: number | null },
): Promise<ClientDay[]> {
  const last = after ?? { clientId: '', day: '-infinity' }
  const { rows } = await sql<ClientDay>`
    select r.client_id as "clientId", r.day
    from rollup_days r join clients c on c.id = r.client_id
    where r.facts_version > r.rolled_version
      and r.day < (${at.toString()}::timestamptz at time zone c.time_zone)::date
      and (${factDays}::integer is null or r.day >= (${at.toString()}::timestamptz - make_interval(days => ${factDays}::integer))::date)
      and (r.client_id, r.day) > (${last.clientId}, ${last.day}::date)
    order by r.client_id, r.day
    limit ${limit}`.execute(db)
  return rows
}

/**
 * Days without any fact or roll-up between two days of the same client that hold facts: nothing happened on them, and only a roll-up
 * says so. In the order of client and day, at most `limit`; of one client and window only, where `within` names them.
 */
export async function gapDays(
  db: ClientDatabase | SystemDatabase,
  { within, limit }: { within: { clientId: string; window: DayWindow } | null; limit: number },
): Promise<ClientDay[]> {
  return selectGapDays(db, [within?.clientId ?? null, within?.window.from ?? null, within?.window.to ?? null, limit])
}
