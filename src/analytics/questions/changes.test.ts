import { expect, test } from 'vitest'
import { METRICS } from '../metrics/index.ts'
import { changeOf, slopeOf } from './changes.ts'

test('a change is better or worse by the direction of its metric', () => {
  expect(changeOf(METRICS.serviceLevel, 0.9, 0.8)).toEqual({
    absolute: expect.closeTo(0.1),
    relative: expect.closeTo(0.125),
    verdict: 'better',
  })
  expect(changeOf(METRICS.abandonment, 0.25, 0.2).verdict).toBe('worse')
  expect(changeOf(METRICS.abandonment, 0.2, 0.2)).toEqual({ absolute: 0, relative: 0, verdict: 'same' })
  expect(changeOf(METRICS.offered, 3, 2)).toEqual({ absolute: 1, relative: 0.5, verdict: null })
})

test('a change from nothing has no share, one from below zero is a share of its size, and without a value there is none', () => {
  expect(changeOf(METRICS.nps, 10, 0)).toEqual({ absolute: 10, relative: null, verdict: 'better' })
  expect(changeOf(METRICS.nps, -5, -10)).toEqual({ absolute: 5, relative: 0.5, verdict: 'better' })
  expect(changeOf(METRICS.nps, null, 5)).toEqual({ absolute: null, relative: null, verdict: null })
})

test('the slope is the median of all pairs, so that one outlier does not move it, and gaps keep their place', () => {
  expect(slopeOf([1, 3, 5, 7])).toBe(2)
  expect(slopeOf([1, 3, 500, 7, 9])).toBe(2)
  expect(slopeOf([1, null, 5, 7])).toBe(2)
  // Slopes 1, 2 and 3: the middle one; with a fourth point six slopes, the mean of the middle two.
  expect(slopeOf([0, 1, 4])).toBe(2)
  expect(slopeOf([0, 1, 4, 4])).toBeCloseTo((4 / 3 + 1.5) / 2)
})

test('of fewer than three known values, or more than a hundred, there is no slope', () => {
  expect([slopeOf([]), slopeOf([1, 2]), slopeOf([1, null, 2])]).toEqual([null, null, null])
  expect(slopeOf(Array.from({ length: 100 }, (_, index) => index))).toBe(1)
  expect(slopeOf(Array.from({ length: 101 }, (_, index) => index))).toBe(null)
})
