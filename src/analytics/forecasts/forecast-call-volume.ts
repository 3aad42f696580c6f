import type { ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { addDays, type Day, daysOf } from '../../time.ts'
import { windowStanding } from '../questions/index.ts'
import { type NoForecast, type SeasonalForecast, seasonalForecast } from './seasonal-forecast.ts'

/** What is forecast: a metric of the catalogue. */
export const CALL_VOLUME = 'offered'

const HORIZON_DAYS = 28
/** Older days say little about the coming ones. */
const HISTORY_DAYS_MAX = 365

/** The forecast of one sector, or of the whole client under the sector ''. */
export type SectorForecast = { sectorId: string; outcome: SeasonalForecast | NoForecast }

export type CallVolumeForecasts = {
  forecasts: SectorForecast[]
  /** Replaces what was forecast after the same day. */
  store(tx: ClientTransaction): Promise<void>
}

/**
 * Forecasts the contacts offered on each of the 28 days after `day`, of a client and of each of its sectors, from up to
 * a year of days rolled up. With less than 60 days there is no forecast but a reason.
 */
export async function forecastCallVolume(
  db: ClientDatabase,
  { clientId, day }: { clientId: string; day: Day },
): Promise<CallVolumeForecasts> {
  const series = await readSeries(db, clientId, day)
  const forecasts = [...series].map(([sectorId, history]) => ({
    sectorId,
    outcome: seasonalForecast(history, { horizonDays: HORIZON_DAYS }),
  }))
  return { forecasts, store: (tx) => storeForecasts(tx, clientId, day, forecasts) }
}

/**
 * Contacts offered per day up to `day`, by sector; each series begins with its first contact. A day never rolled up is
 * null.
 */
async function readSeries(db: ClientDatabase, clientId: string, day: Day): Promise<Map<string, (number | null)[]>> {
  const window = { from: addDays(day, 1 - HISTORY_DAYS_MAX), to: addDays(day, 1) }
  const rows = await db
    .selectFrom('agent_metrics')
    .select(['sector_id as sectorId', 'day'])
    .select((eb) => eb.fn.sum<number>('offered').as('offered'))
    .where('client_id', '=', clientId)
    .where('day', '>=', window.from)
    .where('day', '<', window.to)
    .groupBy(['sector_id', 'day'])
    .having((eb) => eb.fn.sum('offered'), '>', 0)
    .orderBy('sector_id')
    .execute()
  const missing = new Set((await windowStanding(db, clientId, window)).unrolledDays)
  const days = daysOf(window)
  const bySector = Map.groupBy(rows, (row) => row.sectorId)
  // Contacts of no sector are in the whole, but no sector of their own.
  const sectors = [...bySector].filter(([sectorId]) => sectorId !== '')
  return new Map([['', rows] as const, ...sectors].map(([sectorId, some]) => [sectorId, seriesOf(some, days, missing)]))
}

function seriesOf(rows: { day: Day; offered: number }[], days: Day[], missing: ReadonlySet<Day>): (number | null)[] {
  const offered = new Map<Day, number>()
  for (const row of rows) offered.set(row.day, (offered.get(row.day) ?? 0) + row.offered)
  const first = days.findIndex((day) => offered.has(day))
  const lived = first === -1 ? [] : days.slice(first)
  return lived.map((day) => offered.get(day) ?? (missing.has(day) ? null : 0))
}

async function storeForecasts(
  tx: ClientTransaction,
  clientId: string,
  day: Day,
  forecasts: SectorForecast[],
): Promise<void> {
  await tx
    .deleteFrom('forecasts')
    .where('client_id', '=', clientId)
    .where('metric', '=', CALL_VOLUME)
    .where('made_on', '=', day)
    .execute()
  for (const { sectorId, outcome } of forecasts) {
    if ('reason' in outcome) continue
    const key = { client_id: clientId, metric: CALL_VOLUME, sector_id: sectorId, made_on: day }
    await storeForecast(tx, key, outcome)
  }
}

type ForecastKey = { client_id: string; metric: string; sector_id: string; made_on: Day }

async function storeForecast(tx: ClientTransaction, key: ForecastKey, forecast: SeasonalForecast): Promise<void> {
  await tx
    .insertInto('forecasts')
    .values({
      ...key,
      method: forecast.method,
      history_days: forecast.historyDays,
      backtest_mase: forecast.backtest.mase,
      backtest_coverage_80: forecast.backtest.coverage80,
      backtest_coverage_95: forecast.backtest.coverage95,
    })
    .execute()
  await tx
    .insertInto('forecast_days')
    .values(
      forecast.days.map(({ expected, low80, high80, low95, high95 }, step) => ({
        ...key,
        day: addDays(key.made_on, step + 1),
        expected,
        low_80: low80,
        high_80: high80,
        low_95: low95,
        high_95: high95,
      })),
    )
    .execute()
}
