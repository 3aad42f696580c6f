import { lateForecasts } from '../analytics/forecasts/index.ts'
import { lateJourneys } from '../analytics/journeys/index.ts'
import { lateDays } from '../analytics/metrics/index.ts'
import type { SystemDatabase } from '../db/database.ts'
import { type Ledger, on } from '../queues/index.ts'
import { closeLostExecutions } from '../reports/execution/close-lost-executions.ts'
import { forecastCallVolume } from './forecast-call-volume.ts'
import { prepareJourneys } from './prepare-journeys.ts'
import { rollUpDay } from './roll-up-day.ts'

/** Days planned by one tick; the rest follow on the next. */
const DAYS_MAX = 2000

/**
 * What the scheduler plans beside the schedules, once a minute: closed days that gained facts since their roll-up are
 * rolled up again, also where that has failed before they came, and so are days without facts between others that have
 * some; then so are forecasts that came before the days they need, and journeys that were prepared from days as they
 * were before. Executions whose run was killed for good are closed. `factDays`: after so many days facts may be gone;
 * null: they are kept.
 */
export async function planLateWork(
  db: SystemDatabase,
  ledger: Ledger,
  at: Temporal.Instant,
  factDays: number | null,
): Promise<void> {
  await closeLostExecutions(db)
  const rollUp = rollUpDay.name
  const days = await lateDays(db, { rollUp, at, factDays, limit: DAYS_MAX })
  const forecasts = await lateForecasts(db, { forecast: forecastCallVolume.name, rollUp })
  const journeys = await lateJourneys(db, { prepare: prepareJourneys.name, rollUp })
  await ledger.requestAll(
    [
      ...days.map((payload) => on(rollUpDay, payload)),
      ...forecasts.map((payload) => on(forecastCallVolume, payload)),
      ...journeys.map((payload) => on(prepareJourneys, payload)),
    ],
    { origin: 'late-facts', requestedBy: 'scheduler', again: 'all' },
  )
}
