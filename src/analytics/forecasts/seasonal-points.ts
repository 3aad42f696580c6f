/**
 * What the coming days of a daily series with a weekly shape will bring: the mean of four simple methods. Each is weak
 * alone, their mean is hard to beat: combining forecasts is the oldest finding of the field (Bates and Granger, 1969;
 * the M competitions since).
 */

/** Days of a week: the length of the season. */
export const SEASON = 7

/** Same weekdays that the first method looks back on. */
const SAME_WEEKDAYS = 4
/** Days whose median is the level of the fourth method. */
const LEVEL_DAYS = 28
/** A weekday with less than this share of an average day (closed, as good as) says nothing about the level. */
const INDEX_MIN = 0.05
/** Smoothing tried for exponential smoothing; the one with the least squared error one day ahead is taken. */
const ALPHAS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8]

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/** The series with missing days replaced by the median of the same weekday. */
export function fillGaps(series: readonly (number | null)[]): number[] {
  const known = series.filter((value) => value !== null)
  const byPhase = Array.from({ length: SEASON }, (_, phase) => {
    const same = series.filter((value, day): value is number => value !== null && day % SEASON === phase)
    return same.length === 0 ? median(known) : median(same)
  })
  return series.map((value, day) => value ?? (byPhase[day % SEASON] as number))
}

/** What share of an average day each day of the week has: the median ratio to the week around it, 1 on average. */
function weekdayIndex(series: readonly number[]): number[] {
  const half = (SEASON - 1) / 2
  const ratios = Array.from({ length: SEASON }, (): number[] => [])
  for (let day = half; day < series.length - half; day += 1) {
    const around = mean(series.slice(day - half, day + half + 1))
    if (around > 0) ratios[day % SEASON]?.push((series[day] as number) / around)
  }
  const raw = ratios.map((same) => (same.length === 0 ? 1 : median(same)))
  const average = mean(raw)
  return raw.map((index) => (average > 0 ? index / average : 1))
}

/** Simple exponential smoothing: the level after the last value. */
function smoothedLevel(values: readonly number[]): number {
  const start = mean(values.slice(0, 2 * SEASON))
  const tries = ALPHAS.map((alpha) => {
    let level = start
    let squaredError = 0
    for (const value of values) {
      const error = value - level
      squaredError += error * error
      level += alpha * error
    }
    return { level, squaredError }
  })
  return tries.reduce((best, next) => (next.squaredError < best.squaredError ? next : best)).level
}

/** The straight line through the values, by least squares. */
function lineThrough(values: readonly number[]): (day: number) => number {
  const middle = (values.length - 1) / 2
  const level = mean(values)
  let covariance = 0
  let variance = 0
  values.forEach((value, day) => {
    covariance += (day - middle) * (value - level)
    variance += (day - middle) ** 2
  })
  const slope = variance === 0 ? 0 : covariance / variance
  return (day) => level + slope * (day - middle)
}

/**
 * The theta method: half the straight line, half the smoothed series bent twice as far from it. Assimakopoulos and
 * Nikolopoulos, 2000.
 */
function thetaMethod(values: readonly number[]): (ahead: number) => number {
  const line = lineThrough(values)
  const level = smoothedLevel(values.map((value, day) => 2 * value - line(day)))
  return (ahead) => (level + line(values.length - 1 + ahead)) / 2
}

function meanOfSameWeekdays(series: readonly number[], phase: number): number {
  const same = series.filter((_, day) => day % SEASON === phase)
  return mean(same.slice(-SAME_WEEKDAYS))
}

export type Points = {
  /** Of the days after the series, none negative. */
  expected: number[]
  /** Share of an average day by phase: day number modulo 7, counted from the start of the series. */
  weekdayIndex: number[]
}

/** The expected values of the `horizon` days after a series without gaps. */
export function seasonalPoints(series: readonly number[], horizon: number): Points {
  const index = weekdayIndex(series)
  const level = series.flatMap((value, day) => {
    const share = index[day % SEASON] as number
    return share > INDEX_MIN ? [value / share] : []
  })
  const smoothed = smoothedLevel(level)
  const theta = thetaMethod(level)
  const usual = median(level.slice(-LEVEL_DAYS))
  const sameWeekdays = Array.from({ length: SEASON }, (_, phase) => meanOfSameWeekdays(series, phase))
  const expected = Array.from({ length: horizon }, (_, step) => {
    const phase = (series.length + step) % SEASON
    const share = index[phase] as number
    const methods = [sameWeekdays[phase] as number, smoothed * share, theta(step + 1) * share, usual * share]
    return Math.max(0, mean(methods))
  })
  return { expected, weekdayIndex: index }
}
