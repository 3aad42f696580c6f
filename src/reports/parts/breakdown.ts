import type { MetricKey } from '../../analytics/metrics/index.ts'
import type { FilterDimension, MetricsAnswer } from '../../analytics/questions/index.ts'
import { addDays, type Day, type DayWindow } from '../../time.ts'
import type { Block, Chart, Column, Table } from '../document.ts'
import { shortDay } from '../period.ts'
import { columnsOf, hasNone, type MetricColumns, type Slice, shareOf, totalOf, valueIn, valuesOf } from './measured.ts'
import { nounOf } from './members.ts'
import { seriesOf } from './trend.ts'

export type Breakdown = {
  kind: 'breakdown'
  id: string
  title: string
  by: FilterDimension | 'week' | 'hour-of-day'
  /** The key of its first column. */
  key: string
  columns: MetricColumns
  /** Its largest come first; null: in the order of time. */
  largest: MetricKey | null
  /** A last column with each one's share of this sum; null: none. */
  share: { metric: MetricKey; label: string } | null
  /** The same as a picture, before the table; null: none. */
  chart: { id: string; title: string; key: string; metrics: readonly MetricKey[]; description: string } | null
  empty: string
  note: string | null
}

/** How a breakdown is shown: `counts` say what a member must have any of to be shown. */
type Shown = { whole: MetricsAnswer; counts: readonly MetricKey[]; locale: string }

/**
 * A row for each member, hour or week; of members and hours only those that have anything, for some have only what is
 * not asked for.
 */
export function breakdownBlocks(breakdown: Breakdown, slices: readonly Slice[], shown: Shown): Block[] {
  const { by, largest } = breakdown
  const rows = by === 'week' ? slices : slices.filter(({ values }) => !hasNone(values, shown.counts))
  const sorted = largest === null ? rows : rows.toSorted((a, b) => sizeOf(b, largest) - sizeOf(a, largest))
  return [...chartBlocks(breakdown, sorted), tableOf(breakdown, sorted, shown)]
}

function sizeOf({ values }: Slice, metric: MetricKey): number {
  return valueIn(values, metric) ?? 0
}

function tableOf(breakdown: Breakdown, slices: readonly Slice[], { whole, locale }: Shown): Table {
  const { id, title, columns, share, empty, note } = breakdown
  const total = share === null ? null : valueIn(totalOf(whole), share.metric)
  const category = categoryOf(breakdown, breakdown.key)
  const shareColumn = (label: string): Column => ({
    key: 'share',
    label,
    type: 'percent',
    total: { value: total === null || total === 0 ? null : 1 },
  })
  return {
    kind: 'table',
    id,
    title,
    columns: [category, ...columnsOf(columns, whole), ...(share === null ? [] : [shareColumn(share.label)])],
    rows: slices.map(({ key, name, values }) => ({
      [category.key]: breakdown.by === 'week' ? weekLabel(key, whole.period, locale) : name,
      ...valuesOf(columns, values),
      ...(share === null ? {} : { share: shareOf(valueIn(values, share.metric), total) }),
    })),
    empty,
    ...(note === null ? {} : { note }),
  }
}

function categoryOf({ by }: Breakdown, key: string): Column {
  const label = by === 'week' ? 'Week' : by === 'hour-of-day' ? 'Hour' : nounOf(by)
  return { key, label, type: 'text' }
}

function chartBlocks(breakdown: Breakdown, slices: readonly Slice[]): Chart[] {
  const { chart } = breakdown
  if (chart === null) return []
  const category = categoryOf(breakdown, chart.key)
  const rows = slices.map(({ name, values }) => ({
    [category.key]: name,
    ...Object.fromEntries(chart.metrics.map((metric) => [metric, valueIn(values, metric)])),
  }))
  const { id, title, description } = chart
  return [{ kind: 'chart', id, title, shape: 'bar', category, series: seriesOf(chart.metrics), rows, description }]
}

/** "Week 44 (1 Nov – 6 Nov)": an ISO week, cut to the period. */
function weekLabel(monday: Day, { from, to }: DayWindow, locale: string): string {
  const { weekOfYear = 0 } = Temporal.PlainDate.from(monday)
  const [end, lastDay] = [addDays(monday, 6), addDays(to, -1)]
  const [first, last] = [monday < from ? from : monday, end > lastDay ? lastDay : end]
  const days = first === last ? [first] : [first, last]
  return `Week ${weekOfYear} (${days.map((day) => shortDay(day, locale)).join(' – ')})`
}
