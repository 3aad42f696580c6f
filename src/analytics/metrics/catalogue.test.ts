import { expect, test } from 'vitest'
import { levelOf, METRICS, valueOf } from './catalogue.ts'
import { NO_SUMS, type Sums } from './components.ts'
import { npsInterval, wilsonInterval } from './intervals.ts'

function sums(some: Partial<Sums>): Sums {
  return { ...NO_SUMS, ...some }
}

test('every metric over hand-made sums', () => {
  const hand = sums({
    offered: 200,
    answered: 160,
    abandoned: 30,
    short_abandoned: 7,
    missed: 10,
    answered_in_threshold: 120,
    wait_answered_s: 3200,
    talk_s: 32_000,
    hold_s: 1600,
    wrap_s: 6400,
    resolved: 140,
    resolved_first: 128,
    csat_count: 40,
    csat_sum: 168,
    csat_satisfied: 34,
    nps_count: 50,
    nps_promoters: 30,
    nps_detractors: 5,
    orders: 3,
    refunds: 1,
    gross_minor: 1000,
    refunded_minor: -250,
  })
  const values = Object.fromEntries(Object.values(METRICS).map((metric) => [metric.name, valueOf(metric, hand)]))
  expect(values).toEqual({
    offered: 200,
    answered: 160,
    abandoned: 30,
    missed: 10,
    'short-abandons': 7,
    abandonment: 0.15,
    'service-level': 0.6,
    'speed-of-answer': 20,
    'handle-time': 250,
    'first-contact-resolution': 0.8,
    'csat-answers': 40,
    csat: 0.85,
    'csat-mean': 4.2,
    'nps-answers': 50,
    nps: 50,
    orders: 3,
    'refund-count': 1,
    gross: 1000,
    refunds: -250,
    net: 750,
    'average-order': 333,
  })
})

test('a ratio over nothing has no value, a sum of nothing is zero', () => {
  const none = Object.values(METRICS).map((metric) => [metric.denominator === null, valueOf(metric, NO_SUMS)])
  expect(none.filter(([isSum, value]) => value !== (isSum ? 0 : null))).toEqual([])
})

test('a metric whose components were not read is refused, not taken for zero', () => {
  expect(() => valueOf(METRICS.abandonment, { abandoned: 1 })).toThrow(
    'abandonment needs the sum of offered, which was not read',
  )
})

test('at the target is met; beyond it is a warning, beyond the critical limit critical', () => {
  const levels = (metric: (typeof METRICS)[keyof typeof METRICS], values: (number | null)[]) =>
    values.map((value) => levelOf(metric, value))
  expect(levels(METRICS.serviceLevel, [0.81, 0.8, 0.79, 0.7, 0.69, null])).toEqual([
    ...['met', 'met', 'warning', 'warning', 'critical', null],
  ])
  expect(levels(METRICS.abandonment, [0.04, 0.05, 0.06, 0.1, 0.11])).toEqual([
    ...['met', 'met', 'warning', 'warning', 'critical'],
  ])
  expect(levels(METRICS.offered, [5])).toEqual([null])
})

test('every metric has a name of its own', () => {
  const names = Object.values(METRICS).map((metric) => metric.name)
  expect(new Set(names).size).toBe(names.length)
})

test('Wilson’s interval is the one of the textbooks', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  const rounded = (successes: number, n: number) => {
    const interval = wilsonInterval(successes, n)
    return interval && [interval.low, interval.high].map((end) => Number(end.toFixed(4)))
  }
  expect(rounded(81, 263)).toEqual([0.2553, 0.3662])
  expect(rounded(15, 148)).toEqual([0.0624, 0.1605])
  expect(rounded(0, 20)).toEqual([0, 0.1611])
  expect(rounded(1, 29)).toEqual([0.0061, 0.1718])
  expect(rounded(0, 0)).toBe(null)
})

test('the interval of NPS holds the score, is wider for fewer answers and never a point', () => {
  const few = npsInterval(5, 0, 5)
  const many = npsInterval(500, 0, 500)
  expect(few && many && few.low < many.low).toBe(true)
  expect(few?.high).toBeLessThanOrEqual(100)
  // 64 promoters and 18 detractors of 100: (64.75 − 18.75) / 103 ± 1.96 × 0.0770, by hand.
  const interval = npsInterval(64, 18, 100)
  expect([interval?.low.toFixed(1), interval?.high.toFixed(1)]).toEqual(['29.6', '59.8'])
  expect(npsInterval(0, 0, 0)).toBe(null)
})
