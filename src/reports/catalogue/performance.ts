import {
  type Group,
  type Interval,
  levelOf,
  METRICS,
  type MetricKey,
  NO_SUMS,
  npsInterval,
  type Sums,
  valueOf,
  wilsonInterval,
} from '../../analytics/metrics/index.ts'
import { addDays, daysOf, previousWindow, startOfDay } from '../../time.ts'
import type { Block, Chart, Check, DocumentMeta, Figure, Table } from '../document.ts'
import { windowLabel } from '../period.ts'
import { defineReport } from '../report.ts'
import { forecastBlocks } from './forecast-blocks.ts'
import {
  addUp,
  type Compared,
  checkOf,
  columnsOf,
  comparisonNote,
  definitionsOf,
  figureOf,
  formatOf,
  type MetricColumns,
  valuesOf,
} from './metric-blocks.ts'
import { loadPerformance, type PerformanceData, REPEAT_DAYS, trendWindow } from './performance-data.ts'

const COUNTS = ['offered', 'answered', 'abandoned', 'missed', 'shortAbandons'] as const satisfies MetricKey[]
const RATIOS = [
  ...['abandonment', 'serviceLevel', 'speedOfAnswer', 'handleTime', 'firstContactResolution'],
] as const satisfies MetricKey[]

/** What every breakdown shows of its groups. */
const COLUMNS = {
  offered: { metric: 'offered' },
  answered: { metric: 'answered' },
  abandoned: { metric: 'abandoned' },
  missed: { metric: 'missed' },
  serviceLevel: { metric: 'serviceLevel' },
  speedOfAnswer: { metric: 'speedOfAnswer', label: 'ASA' },
  handleTime: { metric: 'handleTime', label: 'AHT' },
  firstContactResolution: { metric: 'firstContactResolution', label: 'FCR' },
  csat: { metric: 'csat', label: 'CSAT' },
  csatAnswers: { metric: 'csatAnswers', label: 'Ratings' },
} as const satisfies MetricColumns

export const performance = defineReport<PerformanceData>({
  name: 'performance',
  title: 'Performance',
  summary: 'Offered, answered, abandoned, service level, ASA, AHT, FCR and CSAT, by agent, sector, channel and hour.',
  reads: (window) => {
    const [from] = [trendWindow(window).from, previousWindow(window).from].sort()
    return { from: from ?? window.from, to: window.to }
  },
  load: loadPerformance,
  compose(data, meta) {
    const isEmpty = data.total.offered + data.total.short_abandoned + data.total.csat_count + data.total.nps_count === 0
    return [
      summary(data, meta),
      ...notes(data, meta, isEmpty),
      ...(isEmpty ? [] : [satisfaction(data, meta), ...breakdowns(data)]),
      ...forecastBlocks(data.forecast, meta.locale),
      { kind: 'checks', id: 'checks', title: 'Checks', checks: checks(data) },
      ...definitions(data),
    ]
  },
})

function comparedTo({ previous }: PerformanceData, { locale }: DocumentMeta): Compared[] {
  return [{ label: windowLabel(previous.window, locale), sums: previous.sums }]
}

function summary(data: PerformanceData, meta: DocumentMeta): Block {
  const compared = comparedTo(data, meta)
  const labels: Partial<Record<MetricKey, string>> = {
    shortAbandons: `Short abandons (under ${data.shortAbandonS} s, not in the others)`,
    serviceLevel: `Service level (answered within ${data.serviceLevelS} s / offered)`,
  }
  const figures = [...COUNTS, ...RATIOS, 'csatMean' as const].map((name) => {
    const figure = figureOf(METRICS[name], data.total, compared, labels[name])
    return name === 'firstContactResolution' && !areRepeatsKnown(data, meta) ? provisional(figure) : figure
  })
  return { kind: 'figures', id: 'summary', title: 'Summary', figures }
}

/** A figure that may still change: whether it meets its target is not known yet. */
function provisional(figure: Figure): Figure {
  const target = figure.target === undefined ? {} : { target: { ...figure.target, met: null } }
  return { ...figure, label: `${figure.label}, provisional`, ...target }
}

/** The instant the last contact that could repeat one of the period has come. */
function repeatsKnownAt({ window, timeZone }: DocumentMeta): Temporal.Instant {
  return startOfDay(addDays(window.to, REPEAT_DAYS), timeZone)
}

function areRepeatsKnown({ unseenRepeatDays }: PerformanceData, meta: DocumentMeta): boolean {
  const hasPassed = Temporal.Instant.compare(Temporal.Instant.from(meta.generatedAt), repeatsKnownAt(meta)) >= 0
  return hasPassed && unseenRepeatDays === 0
}

function notes(data: PerformanceData, meta: DocumentMeta, isEmpty: boolean): Block[] {
  if (isEmpty) return [emptyNote(meta)]
  const later = [...repeatsNote(data, meta), ...comparisonNote(data.previous, meta.locale)]
  return [...criticalNote(data), ...later.map((text) => note('info', text))]
}

function criticalNote({ total }: PerformanceData): Block[] {
  const critical = RATIOS.map((name) => METRICS[name]).filter(
    (metric) => levelOf(metric, valueOf(metric, total)) === 'critical',
  )
  return critical.length === 0 ? [] : [note('warning', `Critical: ${critical.map(({ label }) => label).join(', ')}.`)]
}

function repeatsNote(data: PerformanceData, meta: DocumentMeta): string[] {
  if (areRepeatsKnown(data, meta)) return []
  const lastDay = { from: addDays(meta.window.to, REPEAT_DAYS - 1), to: addDays(meta.window.to, REPEAT_DAYS) }
  const until = windowLabel(lastDay, meta.locale)
  return [`First contact resolution is provisional: customers may come back until ${until}, which can only lower it.`]
}

function emptyNote({ dataAsOf, windowLabel }: DocumentMeta): Block {
  const text =
    dataAsOf === null
      ? `Nothing of ${windowLabel} has been rolled up yet, so there is nothing to report.`
      : `There were no contacts and no survey answers in ${windowLabel}.`
  return note('info', text)
}

function note(tone: 'info' | 'warning', text: string): Block {
  return { kind: 'note', tone, text }
}

function satisfaction(data: PerformanceData, meta: DocumentMeta): Block {
  const { total } = data
  const compared = comparedTo(data, meta)
  const figure = (name: MetricKey) => figureOf(METRICS[name], total, compared)
  return {
    kind: 'figures',
    id: 'satisfaction',
    title: 'Satisfaction',
    figures: [
      figure('csat'),
      ...intervalFigures('csat', wilsonInterval(total.csat_satisfied, total.csat_count)),
      figure('csatAnswers'),
      figure('nps'),
      ...intervalFigures('nps', npsInterval(total.nps_promoters, total.nps_detractors, total.nps_count)),
      figure('npsAnswers'),
    ],
  }
}

function intervalFigures(name: MetricKey, interval: Interval | null): Figure[] {
  const metric = METRICS[name]
  return [
    { ...formatOf(metric), label: `${metric.label}, 95 % interval from`, value: interval?.low ?? null },
    { ...formatOf(metric), label: `${metric.label}, 95 % interval to`, value: interval?.high ?? null },
  ]
}

function breakdowns(data: PerformanceData): Block[] {
  const { agents, sectors, channels, hours, total, agentNames, sectorNames } = data
  const table = (id: string, title: string, label: string, groups: Group<Sums>[], nameOf: (key: string) => string) =>
    breakdown({ id, title, label, groups, nameOf, total })
  return [
    trendChart(data),
    table('agents', 'By agent', 'Agent', byVolume(agents), named(agentNames, '(no agent)')),
    table('sectors', 'By sector', 'Sector', byVolume(sectors), named(sectorNames, '(no sector)')),
    table('channels', 'By channel', 'Channel', byVolume(channels), (key) => (key === '' ? '(no channel)' : key)),
    hourChart(data),
    table('hours', 'By hour of day', 'Hour', hours, hourLabel),
  ]
}

function named(names: ReadonlyMap<string, string>, none: string): (key: string) => string {
  return (key) => (key === '' ? none : (names.get(key) ?? key))
}

function hourLabel(key: string): string {
  return `${key}:00`
}

/** Most contacts first. */
function byVolume(groups: Group<Sums>[]): Group<Sums>[] {
  return [...groups].sort((a, b) => b.offered - a.offered)
}

type Breakdown = {
  id: string
  title: string
  label: string
  groups: Group<Sums>[]
  nameOf(key: string): string
  total: Sums
}

/** One row a group. Groups of payments alone (a channel that only sells) have no contacts and are left out. */
function breakdown({ id, title, label, groups, nameOf, total }: Breakdown): Table {
  return {
    kind: 'table',
    id,
    title,
    columns: [{ key: 'name', label, type: 'text' }, ...columnsOf(COLUMNS, total)],
    rows: groups.filter(hasContacts).map((group) => ({ name: nameOf(group.key), ...valuesOf(COLUMNS, group) })),
    empty: 'No contacts.',
    note: 'Totals of shares and times are computed from the sums of all rows, not averaged.',
  }
}

function hasContacts({ offered, short_abandoned, csat_count, nps_count }: Sums): boolean {
  return offered + short_abandoned + csat_count + nps_count > 0
}

function trendChart({ trend }: PerformanceData): Chart {
  const sums = new Map(trend.days.map((group) => [group.key, group]))
  const unknown = new Set(trend.unknownDays)
  const rows = daysOf(trend.window).map((day) => {
    const group = sums.get(day) ?? (unknown.has(day) ? null : NO_SUMS)
    const value = (name: MetricKey) => (group === null ? null : valueOf(METRICS[name], group))
    return { day, offered: value('offered'), answered: value('answered'), serviceLevel: value('serviceLevel') }
  })
  return {
    kind: 'chart',
    id: 'trend',
    title: 'Contacts and service level by day',
    shape: 'line',
    category: { key: 'day', label: 'Day', type: 'date' },
    series: (['offered', 'answered', 'serviceLevel'] as const).map((name) => ({
      ...formatOf(METRICS[name]),
      key: name,
      label: METRICS[name].label,
    })),
    rows,
    description: `Offered and answered contacts and the service level of each of the ${rows.length} days up to the end of the period.`,
  }
}

function hourChart({ hours }: PerformanceData): Chart {
  const rows = hours
    .filter(hasContacts)
    .map((group) => ({ hour: hourLabel(group.key), offered: group.offered, answered: group.answered }))
  return {
    kind: 'chart',
    id: 'hours-chart',
    title: 'Contacts by hour of day',
    shape: 'bar',
    category: { key: 'hour', label: 'Hour', type: 'text' },
    series: [
      { key: 'offered', label: METRICS.offered.label, type: 'integer' },
      { key: 'answered', label: METRICS.answered.label, type: 'integer' },
    ],
    rows,
    description:
      'Offered and answered contacts of the whole period, by the hour of the local day in which they came in.',
  }
}

function checks(data: PerformanceData): Check[] {
  const { total } = data
  const integer = { type: 'integer' } as const
  const parts = (label: string, groups: Group<Sums>[], name: 'offered' | 'answered') =>
    checkOf(`${METRICS[name].label} of all ${label} = ${name}`, addUp(NO_SUMS, groups)[name], total[name], integer)
  const accounted = total.answered + total.abandoned + total.missed
  return [
    checkOf('Answered + abandoned + missed = offered', accounted, total.offered, integer),
    ...(['offered', 'answered'] as const).flatMap((name) => [
      parts('agents', data.agents, name),
      parts('sectors', data.sectors, name),
      parts('channels', data.channels, name),
      parts('hours', data.hours, name),
      parts('days', data.days, name),
    ]),
  ]
}

function definitions({ serviceLevelS, shortAbandonS }: PerformanceData): Block[] {
  return [
    ...definitionsOf([...COUNTS, ...RATIOS, 'csat', 'csatMean', 'nps']),
    {
      kind: 'paragraph',
      text: `Thresholds of this client: answered within ${serviceLevelS} s counts for the service level; an abandon before ${shortAbandonS} s is short.`,
    },
  ]
}
