import {
  type Component,
  type ComponentSums,
  type Histogram,
  type Interval,
  levelOf,
  type Measure,
  type Metric,
  npsInterval,
  type Retention,
  valueOf,
  type Weights,
  weigh,
  wilsonInterval,
} from '../metrics/index.ts'
import type { AskedMetric, Measured, Values } from './question.ts'

/** All that values of a group or a span are computed from. */
export type Amounts = {
  sums: ComponentSums
  before: ComponentSums
  histograms: Partial<Record<Measure, Histogram>>
  /** Where it is asked for. */
  retention?: Retention
}

/** Every metric over some amounts. */
export function measureAll(metrics: readonly AskedMetric[], amounts: Amounts): Values {
  const values: Record<string, Measured> = {}
  for (const metric of metrics) values[metric.name] = measure(metric, amounts)
  return values
}

function measure(metric: AskedMetric, amounts: Amounts): Measured {
  const value = valueOf(metric, amounts.sums, amounts)
  return {
    value,
    n: observationsOf(metric, amounts),
    interval: value === null ? null : intervalOf(metric, amounts),
    level: levelOf(metric, value, metric.thresholds),
  }
}

function observationsOf(metric: Metric, { sums, histograms }: Amounts): number | null {
  if (metric.kind === 'percentile') return countIn(histograms[metric.measure])
  if (metric.kind !== 'sums' || metric.denominator === null || !areCounted(metric.denominator)) return null
  return count(metric.denominator, sums)
}

/**
 * How many there are of what a denominator counts: its weights also say in which unit the numerator is kept, and only
 * their signs count.
 */
function count(weights: Weights, sums: ComponentSums): number {
  let total = 0
  for (const name in weights) total += Math.sign(weights[name as Component] ?? 0) * (sums[name as Component] ?? 0)
  return total
}

function intervalOf(metric: Metric, { sums }: Amounts): Interval | null {
  if (metric.kind !== 'sums' || metric.denominator === null || !areCounted(metric.denominator)) return null
  if (metric.name === 'nps') {
    return npsInterval(sums.nps_promoters ?? 0, sums.nps_detractors ?? 0, sums.nps_count ?? 0)
  }
  if (metric.type !== 'percent' || !areCounted(metric.numerator)) return null
  const [successes, n] = [weigh(metric, metric.numerator, sums), weigh(metric, metric.denominator, sums)]
  // Only a share of what was counted has such an interval: conversions per contact may be more than one.
  return successes >= 0 && successes <= n ? wilsonInterval(successes, n) : null
}

/** Seconds, money and added-up ratings are no observations. */
const NOT_COUNTED = /_(s|minor|sum)$/

function areCounted(weights: Weights): boolean {
  const known = counted.get(weights)
  if (known !== undefined) return known
  const are = Object.keys(weights).every((component) => !NOT_COUNTED.test(component))
  counted.set(weights, are)
  return are
}

/** The catalogue's weights are asked about for every group of every answer. */
const counted = new WeakMap<Weights, boolean>()

function countIn(histogram: Histogram | undefined): number {
  return (histogram?.counts ?? []).reduce((sum, count) => sum + count, 0)
}
