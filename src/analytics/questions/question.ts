import type { Day } from '../../time.ts'
import type { ComponentSums, Dimension, Interval, Level, Metric, Thresholds } from '../metrics/index.ts'
import type { Comparison, Range, Span } from './resolve-range.ts'

export const GRANULARITIES = ['none', 'hour', 'day', 'week', 'month'] as const
/** How long a bucket of the answer is; none: the whole range is one. Weeks begin on Monday (ISO 8601). */
export type Granularity = (typeof GRANULARITIES)[number]

export type FilterDimension = Exclude<Dimension, 'client'>

/** Only these members of a dimension; '' is "none", such as contacts that no agent took. */
export type Filters = Partial<Record<FilterDimension, readonly string[]>>

export type MetricQuestion = {
  clientId: string
  /** Names of the catalogue. */
  metrics: readonly string[]
  range: Range
  granularity: Granularity
  dimension: Dimension
  filters: Filters
  compare: readonly Comparison[]
  /** When it is asked: what "today" is, and what is still to come. */
  at: Temporal.Instant
  /**
   * Values that the answer may have: for jobs, which hold nobody up. Otherwise as many as a board makes while it
   * answers others.
   */
  valuesMax?: number
}

/** One metric over some sums. */
export type Measured = {
  /** null: a ratio over nothing. */
  value: number | null
  /** How many observations a ratio, a share or a percentile is made of; null: it is no such thing. */
  n: number | null
  /** At 95 %: Wilson's for shares of counted things, adjusted Wald for NPS; null for all else. */
  interval: Interval | null
  level: Level | null
}

export type Values = Readonly<Record<string, Measured>>

/**
 * What one member had in one bucket. `bucket`: its first day, the instant its hour begins, or null when there are none.
 */
export type Group = { member: string; bucket: string | null; sums: ComponentSums; values: Values }

/** How far the numbers of a span can be trusted. */
export type Standing = {
  /** When the oldest roll-up of the span was made; null: none of it was ever rolled up, so nothing is known. */
  dataAsOf: string | null
  /**
   * Days that are over and were never rolled up: nothing is known of them, not even that nothing happened. Levels
   * depend on every day before the span too: of those, the ones that have facts.
   */
  missingDays: Day[]
  /**
   * Days rolled up before the last of their facts came in, or before they were over; those before the span too, for
   * levels.
   */
  dirtyDays: Day[]
  /** The numbers may still change. */
  provisional: boolean
  /**
   * Metrics that the days after the span still change, such as whether a contact is repeated within a week of which not
   * all is known.
   */
  provisionalMetrics: string[]
  /** Facts of the client that contradict themselves and are in no sum, whatever the question is narrowed to. */
  quarantined: number
}

/** One span: what is known of it, and its numbers over every group; null: nothing is known. */
export type Period = Span & { standing: Standing; total: { sums: ComponentSums; values: Values } | null }

/**
 * A bucket of a range. It is cut short (`whole` false) where the range, or what is known of it, begins or ends within
 * it.
 */
export type Bucket = {
  key: string
  /** Some day of it was rolled up. Such a bucket without a group is one in which nothing happened. */
  known: boolean
  whole: boolean
}

/** How a metric stands against an earlier span: the plain differences of both values. */
export type Change = {
  absolute: number | null
  /** As a share of the size of the earlier value; null when that is zero. */
  relative: number | null
  /** By the metric's direction; null: it has none, or there is nothing to compare. */
  verdict: 'better' | 'worse' | 'same' | null
}

export type Compared = {
  to: Comparison
  period: Period
  /** By member, over the whole span. */
  groups: Group[]
  changes: Readonly<Record<string, Change>>
}

export type AskedMetric = Metric & { thresholds: Thresholds }

/** Numbers of one client. Shared by all who ask the same, so nobody changes it. */
export type MetricsAnswer = {
  clientId: string
  timeZone: string
  currency: string
  granularity: Granularity
  dimension: Dimension
  filters: Filters
  /** As the catalogue has them, with the limits of this client. */
  metrics: AskedMetric[]
  period: Period
  buckets: Bucket[]
  /**
   * In the order of members and buckets; a group without a row is not there, but that of a known bucket of the client
   * as a whole.
   */
  groups: Group[]
  comparisons: Compared[]
  /**
   * How much a metric changes from bucket to bucket: Theil and Sen's slope, the median of the slopes between any two
   * whole buckets. null when there are fewer than three or more than a hundred, or the answer is broken down.
   */
  slopes: Readonly<Record<string, number | null>>
}
