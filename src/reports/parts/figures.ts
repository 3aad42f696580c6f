import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import type { AskedMetric, Measured, MetricsAnswer } from '../../analytics/questions/index.ts'
import type { Block, Figure } from '../document.ts'
import { windowLabel } from '../period.ts'
import { formatOf, measuredIn, totalOf, valueIn } from './measured.ts'

export type Figures = {
  kind: 'figures'
  id: string
  title: string
  metrics: readonly MetricKey[]
  /** Those whose 95 % interval stands behind them. */
  intervals: readonly MetricKey[]
}

export type Labels = Partial<Record<MetricKey, string>>

/** Metrics of the whole period, each against the periods it is compared with and the client's own target. */
export function figuresBlock(
  { id, title, metrics, intervals }: Figures,
  whole: MetricsAnswer,
  { locale, labels }: { locale: string; labels: Labels },
): Block {
  const figures = metrics.flatMap((key) => [
    figureOf(key, whole, locale, labels[key]),
    ...(intervals.includes(key) ? intervalFigures(key, whole) : []),
  ])
  return { kind: 'figures', id, title, figures }
}

function figureOf(key: MetricKey, whole: MetricsAnswer, locale: string, label = METRICS[key].label): Figure {
  const metric = askedMetric(key, whole)
  const comparisons = whole.comparisons.map(({ period }) => ({
    label: windowLabel(period, locale),
    value: period.total === null ? null : valueIn(period.total.values, key),
  }))
  const figure: Figure = { ...formatOf(metric), label, value: valueIn(totalOf(whole), key), comparisons }
  const provisional = whole.period.standing.provisionalMetrics.includes(metric.name)
  return withTarget(provisional ? { ...figure, label: `${label}, provisional` } : figure, metric, {
    provisional,
    level: whole.period.total === null ? null : measuredIn(whole.period.total.values, key).level,
  })
}

/** Whether a figure that may still change meets its target is not known yet. */
function withTarget(
  figure: Figure,
  { thresholds, direction }: AskedMetric,
  { provisional, level }: { provisional: boolean; level: Measured['level'] },
): Figure {
  if (thresholds.target === null) return figure
  const label = direction === 'up' ? 'at least' : 'at most'
  const met = provisional || level === null ? null : level === 'met'
  return { ...figure, target: { label, value: thresholds.target, met } }
}

function intervalFigures(key: MetricKey, whole: MetricsAnswer): Figure[] {
  const values = totalOf(whole)
  const interval = values === null ? null : measuredIn(values, key).interval
  const { label } = METRICS[key]
  return [
    { ...formatOf(METRICS[key]), label: `${label}, 95 % interval from`, value: interval?.low ?? null },
    { ...formatOf(METRICS[key]), label: `${label}, 95 % interval to`, value: interval?.high ?? null },
  ]
}

/** The metric with the limits of the client. */
function askedMetric(key: MetricKey, { metrics }: MetricsAnswer): AskedMetric {
  const metric = metrics.find(({ name }) => name === METRICS[key].name)
  if (metric === undefined) throw new TypeError(`${key} was not asked for`)
  return metric
}
