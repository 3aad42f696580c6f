import { fillGaps, mean, SEASON, seasonalPoints } from './seasonal-points.ts'

/** A forecast needs this many days of history… */
export const HISTORY_DAYS_MIN = 60
/** …of which no more than this share may be missing. */
const MISSING_SHARE_MAX = 0.25

/** The first forecast of the past is made from this many days. */
const TRAINING_DAYS = 28
/** Forecasts of the past that are made to learn how wrong this one may be. */
const BACKTESTS_MAX = 40
/** An error counts for a day ahead when it was made about as many days ahead. */
const STEPS_NEARBY = 7
/** Errors known before an interval of the past is judged. */
const ERRORS_MIN = 10
/** The weakest weekday's errors are not thought smaller than this share's. */
const INDEX_MIN = 0.05

export type ForecastDay = { expected: number; low80: number; high80: number; low95: number; high95: number }

/** How the method did on the series' own past. */
export type Backtest = {
  /** Mean absolute error, in units of that of "the same as a week ago"; null when the series never changes. */
  mase: number | null
  /** Share of the past's days inside intervals made only from what was known before; null when there were too few. */
  coverage80: number | null
  coverage95: number | null
}

export type SeasonalForecast = { method: string; historyDays: number; days: ForecastDay[]; backtest: Backtest }
export type NoForecast = { reason: string }

/** An error of a forecast of the past: made when `origin` days were known, for the day `ahead` days later. */
type PastError = { origin: number; ahead: number; error: number; scaled: number }

/**
 * Forecasts the days after a daily series with a weekly shape. `history` is oldest first, null is a missing day.
 *
 * The expected values are the mean of four methods (seasonal-points.ts). The intervals are split-conformal: the same
 * forecast is made again and again on the past, and the range that held the given share of its errors, made as many
 * days ahead, is taken. That assumes no distribution, and errors grow with the horizon as they really did. Errors are
 * compared across weekdays by the square root of the weekday's size, as counts vary. Source: Vovk, Gammerman and
 * Shafer, Algorithmic Learning in a Random World (2005).
 */
export function seasonalForecast(
  history: readonly (number | null)[],
  { horizonDays }: { horizonDays: number },
): SeasonalForecast | NoForecast {
  const reason = reasonAgainst(history)
  if (reason !== null) return { reason }
  const series = fillGaps(history)
  const { expected, weekdayIndex } = seasonalPoints(series, horizonDays)
  const errors = pastErrors(history, series, horizonDays)
  const days = expected.map((value, step) => {
    const weight = weightOf(weekdayIndex, series.length + step)
    return intervalsAround(value, weight, sizesNear(errors, step + 1))
  })
  return { method: 'seasonal-mean', historyDays: history.length, days, backtest: judge(errors, series) }
}

function reasonAgainst(history: readonly (number | null)[]): string | null {
  const { length } = history
  if (length < HISTORY_DAYS_MIN) return `there are ${length} days of history; it takes ${HISTORY_DAYS_MIN}`
  const missing = history.filter((value) => value === null).length
  return missing > length * MISSING_SHARE_MAX ? `${missing} of the ${length} days of history are missing` : null
}

function weightOf(weekdayIndex: readonly number[], day: number): number {
  return Math.sqrt(Math.max(weekdayIndex[day % SEASON] as number, INDEX_MIN))
}

/** The errors of forecasts made on the past, oldest origin first. Days that were missing are no error. */
function pastErrors(history: readonly (number | null)[], series: readonly number[], horizonDays: number): PastError[] {
  const step = Math.max(1, Math.ceil((series.length - TRAINING_DAYS) / BACKTESTS_MAX))
  const errors: PastError[] = []
  const first = series.length - 1 - step * Math.floor((series.length - 1 - TRAINING_DAYS) / step)
  for (let origin = first; origin < series.length; origin += step) {
    const { expected, weekdayIndex } = seasonalPoints(
      series.slice(0, origin),
      Math.min(horizonDays, series.length - origin),
    )
    expected.forEach((value, ahead) => {
      const actual = history[origin + ahead] ?? null
      if (actual === null) return
      const weight = weightOf(weekdayIndex, origin + ahead)
      const error = Math.abs(actual - value)
      errors.push({ origin, ahead: ahead + 1, error, scaled: error / weight })
    })
  }
  return errors
}

/** Scaled sizes of errors made about `ahead` days ahead, smallest first. */
function sizesNear(errors: readonly PastError[], ahead: number): number[] {
  const near = errors.filter((past) => Math.abs(past.ahead - ahead) <= STEPS_NEARBY)
  return near.map((past) => past.scaled).sort((a, b) => a - b)
}

/** Which of so many sizes, smallest first, a share of errors stays within, counting the one that is still to come. */
function rankWithin(count: number, share: number): number {
  return Math.min(count, Math.ceil((count + 1) * share))
}

function intervalsAround(expected: number, weight: number, sizes: readonly number[]): ForecastDay {
  const sizeWithin = (share: number) => (sizes[rankWithin(sizes.length, share) - 1] ?? 0) * weight
  const [within80, within95] = [sizeWithin(0.8), sizeWithin(0.95)]
  return {
    expected,
    low80: Math.max(0, expected - within80),
    high80: expected + within80,
    low95: Math.max(0, expected - within95),
    high95: expected + within95,
  }
}

function judge(errors: readonly PastError[], series: readonly number[]): Backtest {
  const weekly = series.slice(SEASON).map((value, day) => Math.abs(value - (series[day] as number)))
  const scale = mean(weekly)
  const inside = errors.flatMap((past) => {
    const { sizes, smaller } = standing(past, errors)
    if (sizes < ERRORS_MIN) return []
    // Inside when no larger than the size that as large a share of the earlier errors stayed within.
    const isWithin = (share: number) => Number(smaller < rankWithin(sizes, share))
    return [{ in80: isWithin(0.8), in95: isWithin(0.95) }]
  })
  const share = (values: number[]) => (values.length === 0 ? null : mean(values))
  return {
    mase: scale === 0 ? null : mean(errors.map((past) => past.error)) / scale,
    coverage80: share(inside.map(({ in80 }) => in80)),
    coverage95: share(inside.map(({ in95 }) => in95)),
  }
}

/**
 * How many errors were known when a forecast was made, made about as many days ahead, and how many of them were
 * smaller.
 */
function standing(past: PastError, errors: readonly PastError[]): { sizes: number; smaller: number } {
  let sizes = 0
  let smaller = 0
  for (const other of errors) {
    const wasKnown = other.origin + other.ahead <= past.origin
    if (!wasKnown || Math.abs(other.ahead - past.ahead) > STEPS_NEARBY) continue
    sizes += 1
    if (other.scaled < past.scaled) smaller += 1
  }
  return { sizes, smaller }
}
