import { expect, test } from 'vitest'
import { mergeHistograms, percentileOf, RELATIVE_ERROR } from './histogram.ts'

/** What the SQL function histogram_bucket does. */
function bucketOf(size: number): number {
  return size > 0 ? Math.ceil(Math.log(size) / Math.log(1.01 / 0.99)) : -32_768
}

function histogramOf(sizes: number[]) {
  return mergeHistograms(sizes.map((size) => ({ buckets: [bucketOf(size)], counts: [1] })))
}

test('a percentile of sizes from a second to a day is at most 1 % off the exact one', () => {
  const sizes = Array.from({ length: 2000 }, (_, n) => Math.round(86_400 ** (n / 1999)))
  const histogram = histogramOf(sizes)
  const shares = [0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 1]
  const errors = shares.map((p) => {
    const exact = sizes[Math.max(1, Math.ceil(p * sizes.length)) - 1] ?? Number.NaN
    return Math.abs((percentileOf(histogram, p) ?? Number.NaN) - exact) / exact
  })
  expect(errors.filter((error) => !(error <= RELATIVE_ERROR + 1e-9))).toEqual([])
})

test('histograms merge by adding: those of two halves give the percentiles of the whole', () => {
  const sizes = [0, 0, 1, 5, 17, 17, 300, 4000]
  const whole = histogramOf(sizes)
  expect(mergeHistograms([histogramOf(sizes.slice(0, 3)), histogramOf(sizes.slice(3))])).toEqual(whole)
  expect(mergeHistograms([])).toEqual({ buckets: [], counts: [] })
})

test('nearest rank: the smallest size that the share does not exceed; waits of nothing are nothing', () => {
  const histogram = histogramOf([0, 0, 0, 100])
  expect([0, 0.5, 0.75, 0.76, 1].map((p) => Math.round(percentileOf(histogram, p) ?? -1))).toEqual([0, 0, 0, 100, 100])
  expect(percentileOf({ buckets: [], counts: [] }, 0.5)).toBe(null)
  expect(() => percentileOf(histogram, 95)).toThrow('a percentile is asked for by a share from 0 to 1, not 95')
})
