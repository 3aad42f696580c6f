import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'

/** Alerts that go at once; the rest follow the next night. */
const BATCH = 100_000

/** Deletes alerts that were closed more than `days` days ago, with their notices. An open one stays, however old. */
export async function expireAlerts(db: SystemDatabase, days: number): Promise<void> {
  await sql`
    delete from alerts where id in (
      select id from alerts where resolved_at < now() - make_interval(days => ${days}) order by resolved_at limit ${BATCH})`.execute(
    db,
  )
}
