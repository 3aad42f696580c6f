import type { Metric } from '../metrics/index.ts'
import type { Change } from './question.ts'

/** The plain difference of two values of a metric, and whether it is one for the better. */
export function changeOf({ direction }: Metric, now: number | null, then: number | null): Change {
  if (now === null || then === null) return { absolute: null, relative: null, verdict: null }
  const absolute = now - then
  return { absolute, relative: then === 0 ? null : absolute / Math.abs(then), verdict: verdictOf(absolute, direction) }
}

function verdictOf(difference: number, direction: Metric['direction']): Change['verdict'] {
  if (direction === null) return null
  if (difference === 0) return 'same'
  return difference > 0 === (direction === 'up') ? 'better' : 'worse'
}

/** Between them lie 4,950 slopes, which take a millisecond to sort. */
const POINTS_MAX = 100
/** Of fewer points any two would decide. */
const POINTS_MIN = 3

/**
 * How much values change from one to the next: the median of the slopes between any two, which a few outliers do not
 * move. null in `values` is a gap. null when fewer than three are known, or more than a hundred are.
 * Source: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968), after H. Theil
 * (1950).
 */
export function slopeOf(values: Iterable<number | null>): number | null {
  const points: { at: number; value: number }[] = []
  let next = 0
  for (const value of values) {
    const at = next
    next += 1
    if (value === null) continue
    // A year of hours has thousands: nobody need look at all of them.
    if (points.length === POINTS_MAX) return null
    points.push({ at, value })
  }
  if (points.length < POINTS_MIN) return null
  const slopes = points.flatMap((left, index) =>
    points.slice(index + 1).map((right) => (right.value - left.value) / (right.at - left.at)),
  )
  slopes.sort((a, b) => a - b)
  const middle = slopes.length / 2
  const [low, high] = [slopes[Math.ceil(middle) - 1] ?? 0, slopes[Math.floor(middle)] ?? 0]
  return (low + high) / 2
}
