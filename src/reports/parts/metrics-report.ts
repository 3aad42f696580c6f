import type { MetricKey } from '../../analytics/metrics/index.ts'
import type { Comparison, FilterDimension, MetricsAnswer } from '../../analytics/questions/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { type DayWindow, previousWindow, windowLastYear } from '../../time.ts'
import type { Block, Check, DocumentMeta } from '../document.ts'
import type { Report, ReportParams } from '../report.ts'
import { type Breakdown, breakdownBlocks } from './breakdown.ts'
import { definitionBlocks } from './definitions.ts'
import { type Figures, figuresBlock, type Labels } from './figures.ts'
import { loadMetrics } from './load-metrics.ts'
import { hasNone, type Slice, totalOf } from './measured.ts'
import { narrowingNotes } from './members.ts'
import { comparisonNotes, criticalNotes, emptyNote, note, provisionalNotes } from './notes.ts'
import { type Sums, sumChecks } from './sums.ts'
import { type Trend, trendChart, trendWindow } from './trend.ts'

/** Blocks of a report's own among the standard ones. */
export type OwnBlocks<Own> = { kind: 'own'; blocks(data: MetricsData<Own>, meta: DocumentMeta): Block[] }

export type Section<Own> = Figures | Trend | Breakdown | OwnBlocks<Own>

/** What a report has beside its metrics. */
export type OwnPart<Own> = {
  /** The only part of it that reads the database. */
  load(db: ClientDatabase, params: ReportParams): Promise<Own>
  /** Names of figures that say more than those of the catalogue. */
  labels(own: Own): Labels
  notes(own: Own, meta: DocumentMeta): string[]
  /** Blocks behind the others, also of an empty period. */
  closing(own: Own, meta: DocumentMeta): Block[]
  checks(data: MetricsData<Own>): Check[]
  definitions(own: Own): string[]
}

/** A report made of metrics: what it reads, loads and shows is read off this value. */
export type MetricsReport<Own> = {
  name: string
  title: string
  summary: string
  /** The dimensions that it can be narrowed down to members of. */
  filters: readonly FilterDimension[]
  /** What it is compared with, unless it is asked to be compared with something else. */
  compare: readonly Comparison[]
  /** A period or a member without any of these counts is empty. `called`, in words: "no orders and no refunds". */
  nothing: { counts: readonly MetricKey[]; called(meta: DocumentMeta): string }
  /** What people look at first, also in an empty period. */
  figures: Figures
  /** Metrics of which a warning says so when they are critical. */
  critical: readonly MetricKey[]
  body: readonly Section<Own>[]
  sums: Sums
  defined: readonly MetricKey[]
  own: OwnPart<Own>
}

/** All that a metrics report has read. */
export type MetricsData<Own> = {
  /** The whole period, asked for without grouping, and what it is compared with. */
  whole: MetricsAnswer
  /** Trends and breakdowns by their id. */
  parts: ReadonlyMap<string, readonly Slice[]>
  /** What the report is narrowed down to, in words. */
  narrowing: readonly string[]
  own: Own
}

/** Makes a report of what it declares. */
export function metricsReport<Own>(report: MetricsReport<Own>): Report<MetricsData<Own>> {
  const { name, title, summary, filters, own } = report
  return {
    name,
    title,
    summary,
    filters,
    reads: (window, compare) => daysRead(report, window, compare ?? report.compare),
    load: async (db, params) => ({ ...(await loadMetrics(report, db, params)), own: await own.load(db, params) }),
    compose: (data, meta) => composeReport(report, data, meta),
  }
}

/** The period, those it is compared with, and what its trends reach back to. */
function daysRead<Own>(report: MetricsReport<Own>, window: DayWindow, compare: readonly Comparison[]): DayWindow {
  const compared = compare.map((to) => (to === 'previous' ? previousWindow(window) : windowLastYear(window)))
  const trends = report.body.flatMap((section) => (section.kind === 'trend' ? [trendWindow(section, window)] : []))
  const [from = window.from] = [window, ...compared, ...trends].map((one) => one.from).sort()
  return { from, to: window.to }
}

function composeReport<Own>(report: MetricsReport<Own>, data: MetricsData<Own>, meta: DocumentMeta): Block[] {
  const { whole, own } = data
  const isEmpty = hasNone(totalOf(whole), report.nothing.counts)
  const labels = report.own.labels(own)
  const words = { locale: meta.locale, labels }
  return [
    figuresBlock(report.figures, whole, words),
    ...notesOf(report, data, { meta, isEmpty }),
    ...(isEmpty ? [] : report.body.flatMap((section) => sectionBlocks(report, section, data, { meta, labels }))),
    ...report.own.closing(own, meta),
    { kind: 'checks', id: 'checks', title: 'Checks', checks: checksOf(report, data, meta) },
    ...definitionBlocks(report.defined, report.own.definitions(own)),
  ]
}

function notesOf<Own>(
  report: MetricsReport<Own>,
  { whole, narrowing, own }: MetricsData<Own>,
  { meta, isEmpty }: { meta: DocumentMeta; isEmpty: boolean },
): Block[] {
  const ofNumbers = isEmpty
    ? [emptyNote(report.nothing.called(meta), meta)]
    : [...criticalNotes(report.critical, whole), ...provisionalNotes(report.figures.metrics, whole, meta.locale)]
  return [
    ...narrowingNotes(narrowing),
    ...ofNumbers,
    ...comparisonNotes(whole, meta.locale),
    ...report.own.notes(own, meta).map((text) => note('info', text)),
  ]
}

function sectionBlocks<Own>(
  { nothing }: MetricsReport<Own>,
  section: Section<Own>,
  data: MetricsData<Own>,
  { meta, labels }: { meta: DocumentMeta; labels: Labels },
): Block[] {
  const { whole, parts } = data
  const { locale } = meta
  switch (section.kind) {
    case 'figures':
      return [figuresBlock(section, whole, { locale, labels })]
    case 'trend':
      return [trendChart(section, partOf(parts, section.id), locale)]
    case 'breakdown':
      return breakdownBlocks(section, partOf(parts, section.id), { whole, counts: nothing.counts, locale })
    case 'own':
      return section.blocks(data, meta)
  }
}

function partOf(parts: ReadonlyMap<string, readonly Slice[]>, id: string): readonly Slice[] {
  const part = parts.get(id)
  if (part === undefined) throw new TypeError(`the part ${id} was not loaded`)
  return part
}

function checksOf<Own>(report: MetricsReport<Own>, data: MetricsData<Own>, { window }: DocumentMeta): Check[] {
  const trends = new Set(report.body.flatMap((section) => (section.kind === 'trend' ? [section.id] : [])))
  const within = [...data.parts].map(([id, slices]) => {
    // A trend may reach back beyond the period.
    const ofPeriod = trends.has(id) ? slices.filter(({ key }) => key >= window.from) : slices
    return [id, ofPeriod] as const
  })
  return [...sumChecks(report.sums, data.whole, new Map(within)), ...report.own.checks(data)]
}
