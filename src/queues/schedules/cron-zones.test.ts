import { expect, test } from 'vitest'
import {
  DAILY,
  daysOfChange,
  EVENING,
  wrongDailyFires,
  wrongHalfHours,
  wrongLastFires,
} from '../../../test/support/zone-days.ts'

/**
 * One of every kind of change in the clocks of 2026 to 2028. `npm run faults every-zone` looks at every day of every
 * zone.
 */
const days = daysOfChange()

test.each([...DAILY, EVENING])('%s fires once on every local day, wherever the clock changes', (expression) => {
  expect(days.flatMap((each) => wrongDailyFires(expression, each))).toEqual([])
})

test('the half hours of days of 22 to 26 hours add up', () => {
  expect(days.flatMap(wrongHalfHours)).toEqual([])
})

test.each(['30 2 * * *', EVENING])('the last fire of %s is the one that came last', (expression) => {
  expect(days.flatMap((each) => wrongLastFires(expression, each))).toEqual([])
})
