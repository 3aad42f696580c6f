import { METRICS, type Metric, type Weights } from './catalogue.ts'

const TYPES: Record<Metric['type'], string> = {
  integer: 'count',
  decimal: 'number',
  percent: 'share',
  money: 'money (minor units)',
  duration: 'seconds',
}

/** docs/metrics.md, from the catalogue. */
export function metricsMarkdown(): string {
  const metrics = Object.values(METRICS)
  return [
    '# Metrics',
    '',
    'Generated from `src/analytics/metrics/catalogue.ts`; change it there.',
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
    `Components: \`${componentsText(metric)}\`. Definition: ${metric.source}.`,
    '',
  ]
}

function componentsText({ numerator, denominator }: Metric): string {
  if (denominator === null) return weightsText(numerator)
  return [numerator, denominator]
    .map((weights) => (Object.keys(weights).length > 1 ? `(${weightsText(weights)})` : weightsText(weights)))
    .join(' / ')
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
