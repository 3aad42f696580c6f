import type { Metric, SpanWeights, SumsMetric, Thresholds, Weights } from './catalogue/metric.ts'
import type { Component, ComponentSums } from './components.ts'
import { type Histogram, type Measure, percentileOf } from './histogram.ts'
import type { Retention } from './retention.ts'

/** What some kinds of metric need beside the sums of a window. */
export type Beside = {
  /** The sums of everything before the window, for levels. */
  before?: ComponentSums
  /** Sizes within the window, for percentiles. */
  histograms?: Partial<Record<Measure, Histogram>>
  /** What became of those who paid at the beginning of the window. */
  retention?: Retention
}

/**
 * The value of a metric over the sums of a window; null is "no value": a ratio over nothing or less. Money is rounded
 * to whole minor units.
 *
 * @throws TypeError when something that the metric is made of was not read: it is not taken for zero.
 */
export function valueOf(metric: Metric, sums: ComponentSums, beside: Beside = {}): number | null {
  switch (metric.kind) {
    case 'sums':
      return ratioOf(metric, weigh(metric, metric.numerator, sums), metric.denominator, (weights) =>
        weigh(metric, weights, sums),
      )
    case 'level':
      return ratioOf(metric, levelAt(metric, metric.numerator, sums, beside), metric.denominator, (weights) =>
        levelAt(metric, weights, sums, beside),
      )
    case 'percentile': {
      const histogram = beside.histograms?.[metric.measure]
      if (histogram === undefined) throw notRead(metric, `the histogram of ${metric.measure}`)
      return percentileOf(histogram, metric.share)
    }
    case 'retention': {
      if (beside.retention === undefined) throw notRead(metric, 'what became of customers')
      const { [metric.numerator]: part, [metric.denominator]: whole } = beside.retention
      return whole === 0 ? null : part / whole
    }
    case 'composite': {
      const values = metric.parts.map((part) => valueOf(part, sums, beside))
      const known = values.filter((value) => value !== null)
      return known.length < values.length ? null : metric.combine(...known)
    }
  }
}

/** A plain sum adds up: the value over a window is the sum of the values over its parts. */
export function isSum(metric: Metric): metric is SumsMetric & { denominator: null } {
  return metric.kind === 'sums' && metric.denominator === null
}

function ratioOf<W>(
  metric: Metric,
  numerator: number,
  under: W | null,
  weighed: (weights: W) => number,
): number | null {
  if (under === null) return numerator
  const denominator = weighed(under)
  // Less than nothing it is when more was given back than came in: a loss over that would look like a margin.
  if (denominator <= 0) return null
  return metric.type === 'money' ? Math.round(numerator / denominator) : numerator / denominator
}

function levelAt(metric: Metric, { before, within }: SpanWeights, sums: ComponentSums, beside: Beside): number {
  if (beside.before === undefined) throw notRead(metric, 'the sums of everything before the window')
  return weigh(metric, before, beside.before) + weigh(metric, within, sums)
}

/** Sums, each times its weight. Throws TypeError for a sum that was not read. */
export function weigh(metric: Metric, weights: Weights, sums: ComponentSums): number {
  let total = 0
  for (const [component, weight] of Object.entries(weights) as [Component, number][]) {
    const sum = sums[component]
    if (sum === undefined) throw notRead(metric, `the sum of ${component}`)
    total += weight * sum
  }
  return total
}

function notRead({ name }: Metric, what: string): TypeError {
  return new TypeError(`${name} needs ${what}, which was not read`)
}

export type Level = 'met' | 'warning' | 'critical'

/**
 * How a value stands against the metric's thresholds, or those of a client; null when there is no value or no target,
 * or the value lies between the target and the warning.
 */
export function levelOf(metric: Metric, value: number | null, thresholds: Thresholds = metric): Level | null {
  const { target, warning, critical } = thresholds
  if (value === null || metric.direction === null || target === null) return null
  const sign = metric.direction === 'up' ? 1 : -1
  const isBeyond = (limit: number | null) => limit !== null && sign * value < sign * limit
  if (isBeyond(critical)) return 'critical'
  if (isBeyond(warning)) return 'warning'
  return isBeyond(target) ? null : 'met'
}
