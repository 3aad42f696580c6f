import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import { askMetrics, hoursOfDay, type MetricsAnswer } from '../../analytics/questions/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { addDays } from '../../time.ts'
import type { ReportParams } from '../report.ts'
import type { Breakdown } from './breakdown.ts'
import type { Slice } from './measured.ts'
import { memberNames, narrowingOf } from './members.ts'
import type { MetricsData, MetricsReport, Section } from './metrics-report.ts'
import { bucketsOf, type Trend, trendWindow } from './trend.ts'

/** Asks for everything that a metrics report shows. Throws InputError as `askMetrics` does. */
export async function loadMetrics<Own>(
  report: MetricsReport<Own>,
  db: ClientDatabase,
  params: ReportParams,
): Promise<Omit<MetricsData<Own>, 'own'>> {
  const { client, filters, signal } = params
  const whole = await ask(db, params, { metrics: wholeMetrics(report), compare: params.compare ?? report.compare })
  const parts = new Map<string, Slice[]>()
  for (const section of report.body) {
    signal.throwIfAborted()
    const keys = [...report.nothing.counts, ...addedUpOver(report, section)]
    if (section.kind === 'trend') parts.set(section.id, await loadTrend(db, params, section, keys))
    if (section.kind === 'breakdown') parts.set(section.id, await loadBreakdown(db, params, section, keys))
  }
  return { whole, parts, narrowing: await narrowingOf(db, client.id, filters) }
}

/** Everything that the figures, the totals of tables and the checks are made of. */
function wholeMetrics<Own>({ nothing, figures, critical, body, sums }: MetricsReport<Own>): MetricKey[] {
  return [
    ...[...nothing.counts, ...figures.metrics, ...critical],
    ...body.flatMap(metricsOf),
    ...sums.equations.flatMap(({ parts, whole }) => [...parts, whole]),
    ...sums.addUp.map(({ metric }) => metric),
  ]
}

function metricsOf<Own>(section: Section<Own>): readonly MetricKey[] {
  switch (section.kind) {
    case 'figures':
    case 'trend':
      return section.metrics
    case 'breakdown':
      return Object.values(section.columns).map(({ metric }) => metric)
    case 'own':
      return []
  }
}

function addedUpOver<Own>({ sums }: MetricsReport<Own>, section: Section<Own>): MetricKey[] {
  if (!('id' in section)) return []
  return sums.addUp.filter(({ over }) => over.some(({ id }) => id === section.id)).map(({ metric }) => metric)
}

async function loadTrend(
  db: ClientDatabase,
  params: ReportParams,
  trend: Trend,
  more: readonly MetricKey[],
): Promise<Slice[]> {
  const { granularity, metrics } = trend
  const window = trendWindow(trend, params.window)
  return bucketsOf(await ask(db, { ...params, window }, { metrics: [...metrics, ...more], granularity }))
}

async function loadBreakdown(
  db: ClientDatabase,
  params: ReportParams,
  breakdown: Breakdown,
  more: readonly MetricKey[],
): Promise<Slice[]> {
  const { by, chart } = breakdown
  const metrics = [...metricsOf(breakdown), ...(chart?.metrics ?? []), ...more]
  if (by === 'week') return bucketsOf(await ask(db, params, { metrics, granularity: 'week' }))
  if (by === 'hour-of-day') return loadHours(db, params, metrics)
  const { groups } = await ask(db, params, { metrics, dimension: by })
  const nameOf = await memberNames(db, params.client.id, by)
  return groups.map(({ member, values }) => ({ key: member, name: nameOf(member), values }))
}

/** An answer by hour of a year is larger than any may be. */
const HOURS_OF_DAYS = 60

async function loadHours(db: ClientDatabase, params: ReportParams, metrics: readonly MetricKey[]): Promise<Slice[]> {
  const answers: MetricsAnswer[] = []
  const { to } = params.window
  for (let from = params.window.from; from < to; from = addDays(from, HOURS_OF_DAYS)) {
    params.signal.throwIfAborted()
    const end = addDays(from, HOURS_OF_DAYS)
    const window = { from, to: end < to ? end : to }
    answers.push(await ask(db, { ...params, window }, { metrics, granularity: 'hour' }))
  }
  return hoursOfDay(answers).map(({ hour, values }) => ({ key: hour, name: `${hour}:00`, values }))
}

type Asked = {
  metrics: readonly MetricKey[]
  granularity?: 'none' | 'hour' | 'day' | 'week' | 'month'
  dimension?: Parameters<typeof askMetrics>[1]['dimension']
  compare?: Parameters<typeof askMetrics>[1]['compare']
}

function ask(
  db: ClientDatabase,
  { client, window, filters, at }: ReportParams,
  { metrics, granularity = 'none', dimension = 'client', compare = [] }: Asked,
): Promise<MetricsAnswer> {
  const asked = { metrics: metrics.map((key) => METRICS[key].name), granularity, dimension, compare }
  // As many agents as there are: a report is made by a worker, and holds nobody up.
  const valuesMax = Number.POSITIVE_INFINITY
  return askMetrics(db, { clientId: client.id, range: window, filters, at, valuesMax, ...asked })
}
