import { describe, expect, test } from 'vitest'
import { seasonalForecast } from '../../src/analytics/forecasts/seasonal-forecast.ts'
import { mean, SEASON } from '../../src/analytics/forecasts/seasonal-points.ts'
import { hasForecastSeries, type Origin, readOrigins, readSeries, type Series } from '../support/forecast-series.ts'

const HORIZON = 30
const GROUPS = ['cc_', 'ems_', 'nn5_', 'bike_']

type Trial = { group: string; error: number; naiveError: number; inside80: boolean[]; inside95: boolean[] }

/** Mean |y_t − y_{t−7}| over the last year before the origin. */
function scaleOf(past: (number | null)[]): number {
  const year = past.slice(-365)
  const changes = year.slice(SEASON).flatMap((value, day) => {
    const before = year[day] ?? null
    return value === null || before === null ? [] : [Math.abs(value - before)]
  })
  return mean(changes)
}

/** The last known value of the same weekday. */
function naive(past: (number | null)[], step: number): number {
  for (let at = past.length - SEASON + (step % SEASON); at >= 0; at -= SEASON) {
    const value = past[at] ?? null
    if (value !== null) return value
  }
  return 0
}

function tryOrigin({ series, history, origin }: Origin, all: Series): Trial {
  const values = all.get(series) ?? []
  const past = values.slice(0, origin)
  const outcome = seasonalForecast(past.slice(-history), { horizonDays: HORIZON })
  if ('reason' in outcome) throw new Error(`${series} at ${origin}: ${outcome.reason}`)
  const scale = scaleOf(past)
  const days = outcome.days.flatMap((day, step) => {
    const actual = values[origin + step] ?? null
    return actual === null ? [] : [{ ...day, actual, naive: naive(past, step) }]
  })
  return {
    group: GROUPS.find((name) => series.startsWith(name)) ?? series,
    error: mean(days.map((day) => Math.abs(day.actual - day.expected))) / scale,
    naiveError: mean(days.map((day) => Math.abs(day.actual - day.naive))) / scale,
    inside80: days.map((day) => day.actual >= day.low80 && day.actual <= day.high80),
    inside95: days.map((day) => day.actual >= day.low95 && day.actual <= day.high95),
  }
}

function scoresOf(trials: Trial[]) {
  const groups = [...Map.groupBy(trials, (trial) => trial.group).values()]
  const relative = groups.map((some) =>
    Math.log(mean(some.map((trial) => trial.error)) / mean(some.map((trial) => trial.naiveError))),
  )
  const share = (inside: boolean[]) => mean(inside.map(Number))
  return {
    relativeMase: Math.exp(mean(relative)),
    coverage80: share(trials.flatMap((trial) => trial.inside80)),
    coverage95: share(trials.flatMap((trial) => trial.inside95)),
  }
}

describe.skipIf(!hasForecastSeries)('on published series (skipped where ../shared/data/forecast is absent)', () => {
  const series = hasForecastSeries ? readSeries() : new Map()
  const origins = hasForecastSeries ? readOrigins() : []

  test.each([60, 90, 180, 365])(
    '%d days of history beat the seasonal naive forecast, and the intervals hold what they promise',
    (history) => {
      const chosen = origins.filter((origin) => origin.history === history)
      const scores = scoresOf(chosen.map((origin) => tryOrigin(origin, series)))
      console.info(`${history} days: ${JSON.stringify(scores)}`)
      expect(scores.relativeMase).toBeLessThanOrEqual(0.85)
      expect(scores.coverage80).toBeGreaterThanOrEqual(0.74)
      expect(scores.coverage80).toBeLessThanOrEqual(0.9)
      expect(scores.coverage95).toBeGreaterThanOrEqual(0.89)
    },
  )
})
