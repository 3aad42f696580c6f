import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { type Day, MINUTE_MS, SECOND_MS } from '../../time.ts'

/** Until then a page says as of when its answer is. */
const PREPARED_AGAIN_AFTER_MS = 15 * MINUTE_MS

const selectLateJourneys = sqlFile<{ clientId: string; day: Day }>(import.meta.dirname, 'late-journeys.sql')

/**
 * The days whose prepared journeys late facts have changed since, one of a client. The jobs are named by whoever has
 * them.
 */
export function lateJourneys(
  db: SystemDatabase,
  { prepare, rollUp, afterMs = PREPARED_AGAIN_AFTER_MS }: { prepare: string; rollUp: string; afterMs?: number },
): Promise<{ clientId: string; day: Day }[]> {
  return selectLateJourneys(db, [prepare, rollUp, afterMs / SECOND_MS])
}
