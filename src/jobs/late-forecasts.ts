import { CALL_VOLUME, HISTORY_DAYS_MIN } from '../analytics/forecasts/index.ts'
import type { SystemDatabase } from '../db/database.ts'
import { sqlFile } from '../sql.ts'
import type { Day } from '../time.ts'
import { forecastCallVolume } from './forecast-call-volume.ts'
import { rollUpDay } from './roll-up-day.ts'

const selectLateForecasts = sqlFile<{ clientId: string; day: Day }>(import.meta.dirname, 'late-forecasts.sql')

/** The forecasts, one of a client at most, that came before the days they need, as a new client's do: those days are rolled up now. */
export function lateForecasts(db: SystemDatabase): Promise<{ clientId: string; day: Day }[]> {
  return selectLateForecasts(db, [forecastCallVolume.name, CALL_VOLUME, HISTORY_DAYS_MIN, rollUpDay.name])
}
