import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, type Day, dayOf } from '../../time.ts'

const selectLateDays = sqlFile<ClientDay>(import.meta.dirname, 'late-days.sql')

type ClientDay = { clientId: string; day: Day }

/**
 * Closed days of any client that are to be rolled up and are not on their way: their facts came late, or none came
 * between others that did. `rollUp` is the job that does it. At most `limit`, each client's oldest first. A day is
 * closed when it lies before the client's today, as of `at`. `factDays`: days whose facts may be gone, being older than
 * so many, are left as they are; null: facts are kept.
 */
export function lateDays(
  db: SystemDatabase,
  { rollUp, at, factDays, limit }: { rollUp: string; at: Temporal.Instant; factDays: number | null; limit: number },
): Promise<ClientDay[]> {
  const expired = factDays === null ? null : addDays(dayOf(at, 'UTC'), -factDays)
  return selectLateDays(db, [at.toString(), expired, limit, rollUp])
}
