import {
  COMPONENTS,
  type ComponentSums,
  limitsOf,
  METRICS,
  type MetricKey,
  type Thresholds,
} from '../../src/analytics/metrics/index.ts'
import type { AskedMetric, MetricsAnswer, Period, Values } from '../../src/analytics/questions/index.ts'
import { measureAll } from '../../src/analytics/questions/measure.ts'
import type { DayWindow } from '../../src/time.ts'

/** Every metric of sums, with the limits of a client. */
function asked(limits: Partial<Record<MetricKey, Thresholds>> = {}): AskedMetric[] {
  return (Object.keys(METRICS) as MetricKey[])
    .filter((key) => METRICS[key].kind === 'sums')
    .map((key) => ({ ...METRICS[key], thresholds: limitsOf(METRICS[key], limits[key]) }))
}

const NOTHING: ComponentSums = Object.fromEntries(COMPONENTS.map((name) => [name, 0]))

/** The values of all metrics over some sums; what is left out is zero. */
export function valuesOver(sums: ComponentSums, metrics = asked()): Values {
  return measureAll(metrics, { sums: { ...NOTHING, ...sums }, before: {}, histograms: {} })
}

/** A period with its sums; null: nothing is known of it. */
export function periodOf(
  window: DayWindow,
  sums: ComponentSums | null,
  standing: Partial<Period['standing']> = {},
): Period {
  return {
    ...window,
    hours: null,
    standing: {
      dataAsOf: sums === null ? null : `${window.to}T00:10:00Z`,
      missingDays: [],
      dirtyDays: [],
      provisional: false,
      provisionalMetrics: [],
      quarantined: 0,
      ...standing,
    },
    total: sums === null ? null : { sums, values: valuesOver(sums) },
  }
}

/** The answer about a client as a whole, of a period and of those it is compared with. */
export function wholeOf(
  period: Period,
  compared: MetricsAnswer['comparisons'][number]['period'][] = [],
  { timeZone = 'UTC', limits = {} }: { timeZone?: string; limits?: Partial<Record<MetricKey, Thresholds>> } = {},
): MetricsAnswer {
  const metrics = asked(limits)
  const { total } = period
  return {
    clientId: 'acme',
    timeZone,
    currency: 'GBP',
    granularity: 'none',
    dimension: 'client',
    filters: {},
    metrics,
    period: { ...period, total: total === null ? null : { ...total, values: valuesOver(total.sums, metrics) } },
    buckets: [],
    groups: [],
    comparisons: compared.map((earlier) => ({ to: 'previous', period: earlier, groups: [], changes: {} })),
    slopes: {},
  }
}
