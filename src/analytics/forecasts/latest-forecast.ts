import type { ClientDatabase } from '../../db/database.ts'
import type { Day } from '../../time.ts'

export type StoredForecastDay = {
  day: Day
  expected: number
  low80: number
  high80: number
  low95: number
  high95: number
}

/** A forecast as it was made, with the error it would have had in the past. */
export type StoredForecast = {
  madeOn: Day
  method: string
  historyDays: number
  backtestMase: number | null
  backtestCoverage80: number | null
  backtestCoverage95: number | null
  days: StoredForecastDay[]
}

type Question = { clientId: string; metric: string; sectorId: string; from: Day; to: Day }

/** The newest forecast made after a night of `[from, to)`, for the days from `to` on; null when there is none. */
export async function latestForecast(db: ClientDatabase, question: Question): Promise<StoredForecast | null> {
  const { clientId, metric, sectorId, from, to } = question
  const forecast = await db
    .selectFrom('forecasts')
    .select(['made_on as madeOn', 'method', 'history_days as historyDays', 'backtest_mase as backtestMase'])
    .select(['backtest_coverage_80 as backtestCoverage80', 'backtest_coverage_95 as backtestCoverage95'])
    .where('client_id', '=', clientId)
    .where('metric', '=', metric)
    .where('sector_id', '=', sectorId)
    .where('made_on', '>=', from)
    .where('made_on', '<', to)
    .orderBy('made_on', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (forecast === undefined) return null
  const days = await db
    .selectFrom('forecast_days')
    .select(['day', 'expected', 'low_80 as low80', 'high_80 as high80', 'low_95 as low95', 'high_95 as high95'])
    .where('client_id', '=', clientId)
    .where('metric', '=', metric)
    .where('sector_id', '=', sectorId)
    .where('made_on', '=', forecast.madeOn)
    .where('day', '>=', to)
    .orderBy('day')
    .execute()
  return { ...forecast, days }
}
