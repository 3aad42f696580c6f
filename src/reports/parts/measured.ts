/**
 * Numbers of an answer as documents show them, so that a number has the same name, unit and formula wherever it stands.
 */
import { isSum, METRICS, type Metric, type MetricKey } from '../../analytics/metrics/index.ts'
import type { Measured, MetricsAnswer, Values } from '../../analytics/questions/index.ts'
import type { Column, Format, Row, Value } from '../document.ts'

/** One member, bucket or hour of a part of a report. */
export type Slice = {
  /** A member, the first day of a bucket, or an hour of the day, 00 to 23; '' is "none". */
  key: string
  name: string
  /** null: nothing is known of it. */
  values: Values | null
}

/** Metrics by the key of their column. */
export type MetricColumns = Record<string, { metric: MetricKey; label?: string }>

export function formatOf({ type, digits }: Metric): Format {
  return digits === undefined ? { type } : { type, digits }
}

/** Throws TypeError when the metric was not asked for: it is not taken for nothing. */
export function measuredIn(values: Values, key: MetricKey): Measured {
  const measured = values[METRICS[key].name]
  if (measured === undefined) throw new TypeError(`${key} was not asked for`)
  return measured
}

/** The value of a metric; where nothing is known there is nothing of a sum, and no value of all else. */
export function valueIn(values: Values | null, key: MetricKey): number | null {
  if (values !== null) return measuredIn(values, key).value
  return isSum(METRICS[key]) ? 0 : null
}

/** The numbers of the whole period; null: nothing is known of it. */
export function totalOf({ period }: MetricsAnswer): Values | null {
  return period.total?.values ?? null
}

/** None of these counts is above zero. */
export function hasNone(values: Values | null, counts: readonly MetricKey[]): boolean {
  return counts.every((key) => valueIn(values, key) === 0)
}

/** Counts are added up; the total of a ratio is that of the whole, never a sum of ratios. */
export function columnsOf(columns: MetricColumns, whole: MetricsAnswer): Column[] {
  return Object.entries(columns).map(([key, { metric, label }]) => ({
    ...formatOf(METRICS[metric]),
    key,
    label: label ?? METRICS[metric].label,
    total: isSum(METRICS[metric]) ? 'sum' : { value: valueIn(totalOf(whole), metric) },
  }))
}

/** The values of those columns. */
export function valuesOf(columns: MetricColumns, values: Values | null): Row {
  return Object.fromEntries(Object.entries(columns).map(([key, { metric }]) => [key, valueIn(values, metric)]))
}

/** A part of a whole; null when there is no whole. */
export function shareOf(part: number | null, whole: number | null): Value {
  return part === null || whole === null || whole === 0 ? null : part / whole
}
