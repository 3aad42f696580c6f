/** Blocks made of metrics, so that a number has the same name, unit and formula wherever it stands. */
import {
  isSum,
  levelOf,
  METRICS,
  type Metric,
  type MetricKey,
  type Sums,
  valueOf,
} from '../../analytics/metrics/index.ts'
import type { DayWindow } from '../../time.ts'
import type { Block, Check, Column, Figure, Format, Row, Value } from '../document.ts'
import { windowLabel } from '../period.ts'

/** Sums to compare with; null when nothing is known of that time. */
export type Compared = { label: string; sums: Partial<Sums> | null }

export function formatOf({ type, digits }: Metric): Format {
  return digits === undefined ? { type } : { type, digits }
}

/** One metric over sums as a figure: its comparisons, and its target when it has one. */
export function figureOf(metric: Metric, sums: Partial<Sums>, compared: Compared[], label = metric.label): Figure {
  const value = valueOf(metric, sums)
  const comparisons = compared.map((earlier) => ({
    label: earlier.label,
    value: earlier.sums === null ? null : valueOf(metric, earlier.sums),
  }))
  const figure: Figure = { ...formatOf(metric), label, value, comparisons }
  if (metric.target === null) return figure
  const level = levelOf(metric, value)
  const words = metric.direction === 'up' ? 'at least' : 'at most'
  return { ...figure, target: { label: words, value: metric.target, met: level === null ? null : level === 'met' } }
}

/** What a table shows of each group: metrics by the key of their column. */
export type MetricColumns = Record<string, { metric: MetricKey; label?: string }>

/** Columns of metrics. Counts are added up; a ratio's total is the ratio of the summed components, never a sum of ratios. */
export function columnsOf(columns: MetricColumns, total: Partial<Sums>): Column[] {
  return Object.entries(columns).map(([key, { metric: name, label }]) => {
    const metric = METRICS[name]
    return {
      ...formatOf(metric),
      key,
      label: label ?? metric.label,
      total: isSum(metric) ? 'sum' : { value: valueOf(metric, total) },
    }
  })
}

/** The values of those columns over the sums of one group. */
export function valuesOf(columns: MetricColumns, sums: Partial<Sums>): Row {
  return Object.fromEntries(Object.entries(columns).map(([key, { metric }]) => [key, valueOf(METRICS[metric], sums)]))
}

export function checkOf(label: string, left: Value, right: Value, format: Format): Check {
  return { ...format, label, left, right, holds: left === right }
}

/** Another window that a report compares with. */
export type Earlier<S> = {
  window: DayWindow
  /** null: none of it was ever rolled up. */
  sums: S | null
  /** Days of it that are missing or incomplete. */
  provisionalDays: number
}

/** What to know about a comparison: that there is none, or that it may still change. */
export function comparisonNote({ window, sums, provisionalDays }: Earlier<unknown>, locale: string): string[] {
  const label = windowLabel(window, locale)
  if (sums === null) return [`Nothing is known of ${label}, so there is no comparison with it.`]
  if (provisionalDays === 0) return []
  const days = provisionalDays === 1 ? '1 of its days is' : `${provisionalDays} of its days are`
  return [`The comparison with ${label} is provisional: ${days} missing or incomplete.`]
}

/** How each number is computed, in words. */
export function definitionsOf(metrics: MetricKey[]): Block[] {
  const lines = metrics.map((name) => METRICS[name])
  return [
    { kind: 'heading', level: 2, text: 'How the numbers are computed' },
    ...lines.map(({ label, formula, note }): Block => ({ kind: 'paragraph', text: `${label}: ${formula}. ${note}` })),
  ]
}

/** Adds sums up, component by component. */
export function addUp<S extends Partial<Sums>>(zero: S, groups: readonly S[]): S {
  const total: Record<string, number> = { ...zero }
  for (const group of groups)
    for (const name of Object.keys(zero)) total[name] = (total[name] ?? 0) + Number(group[name as keyof S])
  return total as S
}
