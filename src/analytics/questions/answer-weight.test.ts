import { expect, test } from 'vitest'
import { METRICS } from '../metrics/index.ts'
import { weightOf } from './answer-weight.ts'
import type { AskedMetric, Group, MetricsAnswer, Period } from './question.ts'

const metric: AskedMetric = { ...METRICS.offered, thresholds: METRICS.offered }
const group: Group = { member: '', bucket: null, sums: {}, values: {} }
const standing = {
  dataAsOf: null,
  missingDays: [],
  dirtyDays: [],
  provisional: false,
  provisionalMetrics: [],
  quarantined: 0,
}
const period: Period = { from: '2026-03-01', to: '2026-03-02', hours: null, standing, total: null }

function answer(metrics: number, groups: number, compared: number): MetricsAnswer {
  const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value)
  return {
    ...{ clientId: 'acme', timeZone: 'UTC', currency: 'EUR', granularity: 'none', dimension: 'agent', filters: {} },
    ...{ metrics: times(metrics, metric), period, buckets: [], groups: times(groups, group), slopes: {} },
    comparisons: compared === 0 ? [] : [{ to: 'previous', period, groups: times(compared, group), changes: {} }],
  }
}

test('an answer weighs what it holds: each value of each group, those of comparisons too', () => {
  expect(weightOf(answer(1, 100, 0))).toBe(202)
  // Fifteen metrics weigh more than one.
  expect(weightOf(answer(15, 100, 0))).toBe(1616)
  expect(weightOf(answer(15, 100, 100))).toBe(3232)
})
