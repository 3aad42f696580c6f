/**
 * The published series and rolling origins in ../shared/data/forecast, for tests that run where that folder is present.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../../shared/data/forecast')
const FILES = ['cc_anonbank_daily', 'ems_daily', 'nn5_daily_001_040', 'bike_sharing_daily']

export const hasForecastSeries = existsSync(join(FOLDER, 'origins.csv'))

/** Fit on the last `history` values before `origin`. */
export type Origin = { series: string; history: number; origin: number }
export type Series = Map<string, (number | null)[]>

function rowsOf(name: string): string[][] {
  const lines = readFileSync(join(FOLDER, `${name}.csv`), 'utf8')
    .trim()
    .split(/\r?\n/)
  return lines.slice(1).map((line) => line.split(','))
}

export function readSeries(): Series {
  const rows = FILES.flatMap(rowsOf)
  const bySeries = Map.groupBy(rows, ([id]) => id ?? '')
  return new Map(
    [...bySeries].map(([id, values]) => [id, values.map(([, , value = '']) => (value === '' ? null : Number(value)))]),
  )
}

export function readOrigins(): Origin[] {
  return rowsOf('origins').map(([series = '', , , history, origin]) => ({
    series,
    history: Number(history),
    origin: Number(origin),
  }))
}
