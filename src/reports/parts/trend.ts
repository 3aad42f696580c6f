import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import type { MetricsAnswer } from '../../analytics/questions/index.ts'
import { addDays, type DayWindow } from '../../time.ts'
import type { Chart, Column, Row } from '../document.ts'
import { formatOf, type Slice, valueIn } from './measured.ts'

export type Trend = {
  kind: 'trend'
  id: string
  title: string
  shape: Chart['shape']
  metrics: readonly MetricKey[]
  granularity: 'day' | 'month'
  /**
   * How far back it goes: the period, at least so many days up to its end, or so many months with the last one of the
   * period.
   */
  reach: 'period' | { days: number } | { months: number }
  /**
   * In words, for those who cannot see it; `rows` hold the category under `day` or `month`, and the metrics by their
   * key.
   */
  description(rows: readonly Row[]): string
}

/** The days that a trend shows of a period. */
export function trendWindow({ reach }: Trend, { from, to }: DayWindow): DayWindow {
  if (reach === 'period') return { from, to }
  if ('days' in reach) {
    const start = addDays(to, -reach.days)
    return { from: start < from ? start : from, to }
  }
  const lastMonth = Temporal.PlainDate.from(addDays(to, -1)).with({ day: 1 })
  return { from: lastMonth.subtract({ months: reach.months - 1 }).toString(), to }
}

/** Every bucket of an answer about the client as a whole, those of which nothing is known too. */
export function bucketsOf({ buckets, groups }: MetricsAnswer): Slice[] {
  const values = new Map(groups.map((group) => [group.bucket, group.values]))
  return buckets.map(({ key }) => ({ key, name: key, values: values.get(key) ?? null }))
}

/** A chart of buckets; one of which nothing is known is a gap. */
export function trendChart(trend: Trend, slices: readonly Slice[], locale: string): Chart {
  const { id, title, shape, granularity, metrics } = trend
  const rows = slices.map(({ key, values }) => ({
    [granularity]: granularity === 'day' ? key : monthLabel(key, locale),
    ...Object.fromEntries(metrics.map((metric) => [metric, values === null ? null : valueIn(values, metric)])),
  }))
  return {
    kind: 'chart',
    id,
    title,
    shape,
    category: CATEGORIES[granularity],
    series: seriesOf(metrics),
    rows,
    description: trend.description(rows),
  }
}

const CATEGORIES: Record<Trend['granularity'], Column> = {
  day: { key: 'day', label: 'Day', type: 'date' },
  month: { key: 'month', label: 'Month', type: 'text' },
}

export function seriesOf(metrics: readonly MetricKey[]): Chart['series'] {
  return metrics.map((key) => ({ ...formatOf(METRICS[key]), key, label: METRICS[key].label }))
}

function monthLabel(day: string, locale: string): string {
  const format = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', timeZone: 'UTC' })
  return format.format(Temporal.PlainDate.from(day).toZonedDateTime('UTC').epochMilliseconds)
}
