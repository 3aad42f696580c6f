import { METRICS } from './catalogue/index.ts'
import type { Metric, SpanWeights, Weights } from './catalogue/metric.ts'
import { dimensionsOf } from './kept-dimensions.ts'

const TYPES: Record<Metric['type'], string> = {
  integer: 'count',
  decimal: 'number',
  percent: 'share',
  money: 'money (minor units)',
  duration: 'seconds',
}

/** docs/metrics.md, from the catalogue. */
export function metricsMarkdown(): string {
  const metrics: Metric[] = Object.values(METRICS)
  return [
    '# Metrics',
    '',
    'Generated from `src/analytics/metrics/catalogue/`; change it there.',
    '',
    'Roll-ups keep additive components per local hour, agent, sector and channel. A metric is made of their sums over whatever is',
    'asked for (a day, an agent, a month), so ratios are ratios of sums and never averages of other averages. A ratio over nothing',
    'has no value. A day is a local day of the client; windows are half-open. At its target a metric has met it.',
    '',
    '| metric | what it is | unit | better | target | warning | critical |',
    '|---|---|---|---|---|---|---|',
    ...metrics.map(summaryRow),
    '',
    ...metrics.flatMap(section),
  ].join('\n')
}

function summaryRow(metric: Metric): string {
  const { label, formula, type, direction, target, warning, critical } = metric
  const limits = [target, warning, critical].map((limit) => (limit === null ? '' : limitText(metric, limit)))
  const better = direction === null ? '' : { up: 'higher', down: 'lower' }[direction]
  return `| [${label}](#${metric.name}) | ${formula} | ${TYPES[type]} | ${better} | ${limits.join(' | ')} |`
}

function limitText({ type }: Metric, limit: number): string {
  if (type === 'percent') return `${Math.round(limit * 1000) / 10} %`
  return type === 'duration' ? `${limit} s` : String(limit)
}

function section(metric: Metric): string[] {
  return [
    `## ${metric.name}`,
    '',
    `${metric.label}: ${metric.formula}. ${metric.note}`,
    '',
    `${madeOf(metric)}. Kept by ${dimensionsOf(metric).join(', ')}. Definition: ${metric.source}.`,
    '',
  ]
}

function madeOf(metric: Metric): string {
  switch (metric.kind) {
    case 'sums':
      return `Components: \`${ratioText(metric.numerator, metric.denominator, weightsText)}\``
    case 'level':
      return `Components: \`${ratioText(metric.numerator, metric.denominator, spansText)}\``
    case 'percentile':
      return `From the histogram of \`${metric.measure}\``
    case 'retention':
      return `From subscriptions: \`${metric.numerator} / ${metric.denominator}\``
    case 'composite':
      return `Made of ${metric.parts.map(({ name }) => `[${name}](#${name})`).join(', ')}`
  }
}

function ratioText<W extends object>(numerator: W, denominator: W | null, textOf: (weights: W) => string): string {
  if (denominator === null) return textOf(numerator)
  const bracketed = (text: string) => (text.includes(' ') ? `(${text})` : text)
  return `${bracketed(textOf(numerator))} / ${bracketed(textOf(denominator))}`
}

/** Movements within the window, and, marked as such, those before it. */
function spansText({ before, within }: SpanWeights): string {
  const parts = [weightsText(within), Object.keys(before).length === 0 ? '' : `before(${weightsText(before)})`]
  return parts.filter((part) => part !== '').join(' + ')
}

function weightsText(weights: Weights): string {
  return Object.entries(weights)
    .map(([component, weight], index) => {
      const sign = index === 0 ? '' : weight < 0 ? ' − ' : ' + '
      const size = Math.abs(weight)
      return `${sign}${size === 1 ? component : `${size} × ${component}`}`
    })
    .join('')
}
