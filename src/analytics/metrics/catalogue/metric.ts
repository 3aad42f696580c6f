import type { Component } from '../components.ts'
import type { Measure } from '../histogram.ts'
import type { Retention } from '../retention.ts'

/**
 * What a metric's value is: a count, a number with digits, a share (0.5 is 50 %), minor units of the client's currency,
 * seconds.
 */
export type MetricType = 'integer' | 'decimal' | 'percent' | 'money' | 'duration'

/** Components times their weights, added up. */
export type Weights = Partial<Record<Component, number>>

/**
 * Weights of what came before a window and of what is within it: the level at its end is made of both, that at its
 * beginning of the first.
 */
export type SpanWeights = { before: Weights; within: Weights }

/**
 * Limits of a metric: at the target is met; beyond `warning` and `critical` on the bad side it is a warning or
 * critical.
 */
export type Thresholds = { target: number | null; warning: number | null; critical: number | null }

type About = Thresholds & {
  name: string
  label: string
  type: MetricType
  /** After the point, for decimals. */
  digits?: number
  /** Which way is better; null: neither. */
  direction: 'up' | 'down' | null
  /** In words, for people. */
  formula: string
  /** What counts at the edges. */
  note: string
  /** Where the definition or its thresholds come from. */
  source: string
}

/** A sum, or a ratio of two (denominator null: a plain sum). */
export type SumsMetric = About & { kind: 'sums'; numerator: Weights; denominator: Weights | null }
/** A level, or a ratio with one in it: a sum of all movements there ever were. */
export type LevelMetric = About & { kind: 'level'; numerator: SpanWeights; denominator: SpanWeights | null }
/** The size that a share of all sizes does not exceed, from their histogram: 0.5 is the median. */
export type PercentileMetric = About & { kind: 'percentile'; measure: Measure; share: number }
/** Made of other metrics over the same window. `combine` gets their values, none of them null. */
export type CompositeMetric = About & {
  kind: 'composite'
  parts: readonly Metric[]
  combine: (...values: number[]) => number | null
}
/** A ratio of what became of a window's first customers; see Retention. */
export type RetentionMetric = About & { kind: 'retention'; numerator: keyof Retention; denominator: keyof Retention }

/** A named number. Its value is always made of summed components, never of values of smaller windows. */
export type Metric = SumsMetric | LevelMetric | PercentileMetric | CompositeMetric | RetentionMetric

export const NO_LIMITS = { direction: null, target: null, warning: null, critical: null } as const

/** Definitions and targets that are this product's choice, after the custom of the trade. */
export const OURS = 'Daybreak'
export const COUNT = { kind: 'sums', type: 'integer', denominator: null, ...NO_LIMITS, source: OURS } as const
export const MONEY = { kind: 'sums', type: 'money', denominator: null, ...NO_LIMITS, source: OURS } as const

/** Keeps the keys of a family's metrics, and checks each of them. */
export function declareMetrics<Names extends string>(metrics: Record<Names, Metric>): Record<Names, Metric> {
  return metrics
}
