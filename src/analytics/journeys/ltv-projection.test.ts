import { expect, test } from 'vitest'
import { type AgeSums, addAges, bootstrapInterval, observedAges, projectFrom, tooLittleFor } from './ltv-projection.ts'

/** One cohort of 100 whose orders halve every month from the first on, at 10.00 an order. */
const halving: AgeSums[] = [
  { customers: 100, active: 100, followed: 100, netMinor: 100_000 },
  { customers: 100, active: 40, followed: 40, netMinor: 40_000 },
  { customers: 100, active: 20, followed: 20, netMinor: 20_000 },
  { customers: 100, active: 10, followed: 0, netMinor: 10_000 },
]

test('a curve that halves every month goes on halving', () => {
  // Observed 1000 + 400 + 200 + 100, then 50 + 25 + 12.5 + …
  const { perCustomerMinor, monthlyRetention, valuePerActiveMinor, months } = projectFrom(halving, 4, 7)
  expect([perCustomerMinor, monthlyRetention, valuePerActiveMinor]).toEqual([1788, 0.5, 1000])
  const projected = months.map(({ age, retention, cumulativeMinor, isProjected }) => [
    age,
    Number(retention.toFixed(12)),
    cumulativeMinor,
    isProjected,
  ])
  expect(projected).toEqual([
    [0, 1, 1000, false],
    [1, 0.4, 1400, false],
    [2, 0.2, 1600, false],
    [3, 0.1, 1700, false],
    [4, 0.05, 1750, true],
    [5, 0.025, 1775, true],
    [6, 0.0125, 1788, true],
  ])
  expect(projectFrom(halving, 4, 60).perCustomerMinor).toBe(1800)
  expect(projectFrom(halving, 4, 2).perCustomerMinor).toBe(1400)
})

test('retention never grows by itself', () => {
  const growing = halving.map((age, n) => ({ ...age, active: 10 + n, followed: n === 3 ? 0 : 10 + n }))
  expect(projectFrom(growing, 4, 12).monthlyRetention).toBe(1)
})

test('ages with few customers are projected, and with too few of them nothing is', () => {
  const thin = [...halving, { customers: 29, active: 29, followed: 0, netMinor: 1 }]
  expect(observedAges(thin)).toBe(4)
  expect(tooLittleFor(thin)).toBe(null)
  expect(tooLittleFor(halving.slice(0, 3))).toContain('4 or more whole months ago; there are 0')
  expect(tooLittleFor([])).not.toBe(null)
  expect(tooLittleFor(halving.map((age, n) => (n === 0 ? age : { ...age, active: 0 })))).toContain('Nobody has ordered')
})

test('groups add up age by age, however many ages each has', () => {
  expect(addAges([halving, halving.slice(0, 1)])).toEqual([
    { customers: 200, active: 200, followed: 200, netMinor: 200_000 },
    ...halving.slice(1),
  ])
})

test('equal groups leave no doubt, unequal ones do, and the same groups give the same interval', () => {
  const interval = bootstrapInterval([halving, halving, halving], 4, 60)
  expect(interval).toEqual({ lowMinor: 1800, highMinor: 1800 })
  const richer = halving.map((age) => ({ ...age, netMinor: age.netMinor * 3 }))
  const doubtful = bootstrapInterval([halving, richer, halving, richer], 4, 60)
  // All four the poorer, or the richer, has a chance of 1 in 16 each.
  expect(doubtful).toEqual({ lowMinor: 1800, highMinor: 5400 })
  expect(bootstrapInterval([halving, richer, halving, richer], 4, 60)).toEqual(doubtful)
})

test('the interval holds the truth about as often as it says', () => {
  // 200 worlds of 40 groups of 25 customers: a customer orders in the months 1, 2, 3 with chances of 0.4, 0.2, 0.1.
  let state = 7
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const group = (): AgeSums[] =>
    [1, 0.4, 0.2, 0.1].map((chance, age) => {
      const active = Array.from({ length: 25 }, draw).filter((one) => one < chance).length
      return { customers: 25, active, followed: age === 3 ? 0 : active, netMinor: active * 1000 }
    })
  const worlds = Array.from({ length: 100 }, () => bootstrapInterval(Array.from({ length: 40 }, group), 4, 4))
  const held = worlds.filter(({ lowMinor, highMinor }) => lowMinor <= 1700 && highMinor >= 1700).length
  expect(held).toBeGreaterThanOrEqual(88)
})
