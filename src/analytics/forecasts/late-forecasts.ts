import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'
import { CALL_VOLUME } from './forecast-call-volume.ts'
import { HISTORY_DAYS_MIN } from './seasonal-forecast.ts'

const selectLateForecasts = sqlFile<{ clientId: string; day: Day }>(import.meta.dirname, 'late-forecasts.sql')

/**
 * The forecasts, one of a client at most, that came before the days they need, as a new client's do: those days are
 * rolled up now. The jobs are named by whoever has them.
 */
export function lateForecasts(
  db: SystemDatabase,
  { forecast, rollUp }: { forecast: string; rollUp: string },
): Promise<{ clientId: string; day: Day }[]> {
  return selectLateForecasts(db, [forecast, CALL_VOLUME, HISTORY_DAYS_MIN, rollUp])
}
