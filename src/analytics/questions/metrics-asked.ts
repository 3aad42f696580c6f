import { InputError } from '../../errors.ts'
import { suggestion } from '../../nearest.ts'
import {
  type Component,
  componentsOf as familyComponents,
  METRICS,
  type Measure,
  type Metric,
  type Weights,
} from '../metrics/index.ts'

const BY_NAME: ReadonlyMap<string, Metric> = new Map(Object.values(METRICS).map((metric) => [metric.name, metric]))

/** The metric of a name. Throws InputError `unknown-metric`, with the name that was probably meant. */
export function metricNamed(name: string): Metric {
  const metric = BY_NAME.get(name)
  if (metric !== undefined) return metric
  const hint = suggestion(name, BY_NAME.keys())
  throw new InputError(
    'unknown-metric',
    `There is no metric "${name}"${hint}. GET /api/analytics/catalogue lists them.`,
  )
}

/** What has to be read for some metrics. */
export type Ingredients = {
  /** Whose sums within a span are needed. */
  within: Component[]
  /** Whose sums of everything before it are. */
  before: Component[]
  measures: Measure[]
  /** What became of those who paid at the beginning is. */
  retention: boolean
}

/** What metrics are made of, those that are made of others down to their sums. */
export function ingredientsOf(metrics: readonly Metric[]): Ingredients {
  const parts = metrics.flatMap(partsOf)
  const before = distinct(parts.flatMap((metric) => componentsOf(metric, 'before')))
  return {
    // What happens in one bucket came before the next.
    within: distinct([...parts.flatMap((metric) => componentsOf(metric, 'within')), ...before]),
    before,
    retention: parts.some(({ kind }) => kind === 'retention'),
    measures: distinct(parts.flatMap((metric) => (metric.kind === 'percentile' ? [metric.measure] : []))),
  }
}

/** How long after a contact a repeat of it still counts; repeat_window() in SQL. */
export const REPEAT_HOURS = 168

/**
 * How many days after a contact still change sums of its own day: 168 hours before the first instant of a day may lie
 * on the eighth day before it.
 */
export function daysAfter(components: readonly Component[]): number {
  return components.some((name) => name === 'resolved_first' || name === 'repeats') ? REPEAT_HOURS / 24 + 1 : 0
}

/** The metrics with sums of their own that a metric is made of. */
function partsOf(metric: Metric): Metric[] {
  return metric.kind === 'composite' ? metric.parts.flatMap(partsOf) : [metric]
}

function componentsOf(metric: Metric, when: 'before' | 'within'): Component[] {
  // On a single day movements say it; and it changes with any of them, however long ago.
  if (metric.kind === 'retention') return [...SUBSCRIPTION_COMPONENTS]
  if (metric.kind === 'level') return namesIn([metric.numerator[when], metric.denominator?.[when] ?? {}])
  if (metric.kind === 'sums' && when === 'within') return namesIn([metric.numerator, metric.denominator ?? {}])
  return []
}

const SUBSCRIPTION_COMPONENTS = familyComponents('subscriptions')

function namesIn(weights: Weights[]): Component[] {
  return weights.flatMap((each) => Object.keys(each) as Component[])
}

function distinct<Value>(values: Value[]): Value[] {
  return [...new Set(values)]
}
