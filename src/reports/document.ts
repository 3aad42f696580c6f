/** A report is a value. `compose` returns a Document; every renderer, dashboard and mail is a view of it. */

/**
 * What a value is, and so how it is shown and stored:
 * - text: string · integer: number · decimal: number, `digits` after the point
 * - percent: a share, 0.5 is 50 % · money: integer minor units of `currency`
 * - date: local day, 2026-03-29 · datetime: ISO instant, shown in the document's zone · duration: seconds
 */
export const VALUE_TYPES = ['text', 'integer', 'decimal', 'percent', 'money', 'date', 'datetime', 'duration'] as const
export type ValueType = (typeof VALUE_TYPES)[number]

/** null is "no value" (a ratio over nothing): shown as an en dash, stored as an empty cell or JSON null. */
export type Value = string | number | null

export type Format = { type: ValueType; digits?: number; currency?: string }

export type Column = Format & {
  key: string
  label: string
  /** Shown in the totals row: `sum` adds the column (a formula in XLSX); a value is printed as it stands (ratios). */
  total?: 'sum' | { value: Value }
}

export type Row = Record<string, Value>

/** One number people look at first, with what it is compared to. */
export type Figure = Format & {
  label: string
  value: Value
  /** Earlier values: [{ label: 'October 2011', value: … }]; renderers show the change. */
  comparisons?: { label: string; value: Value }[]
  target?: { label: string; value: Value; met: boolean | null }
}

/** A picture of a table: categories on one axis, one or more series. Renderers draw it; the numbers stand in `rows`. */
export type Chart = {
  kind: 'chart'
  id: string
  title: string
  shape: 'line' | 'bar' | 'stacked-bar'
  category: Column
  series: (Column & { band?: { low: string; high: string } })[]
  rows: Row[]
  /** What the picture shows, in words, for those who cannot see it. */
  description: string
}

export type Table = {
  kind: 'table'
  /**
   * Stable, kebab-case, its own in the document: the name of the CSV section and the JSON member. The sheet is named
   * after the title.
   */
  id: string
  title: string
  columns: Column[]
  /** Rows in order. A function opens them as a stream, for tables too large to hold. */
  rows: Row[] | (() => AsyncIterable<Row>)
  /** Said in place of an empty table. */
  empty: string
  note?: string
}

export type Block =
  | { kind: 'heading'; level: 1 | 2; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'figures'; id: string; title: string; figures: Figure[] }
  | { kind: 'note'; tone: 'info' | 'warning'; text: string }
  | { kind: 'checks'; id: string; title: string; checks: Check[] }
  | Table
  | Chart

/** A sum that must hold: what it says, both sides, and whether they are equal. */
export type Check = Format & { label: string; left: Value; right: Value; holds: boolean }

/** What every format states about itself. */
export type DocumentMeta = {
  report: string
  title: string
  client: { id: string; name: string }
  /** How numbers and dates are written: a BCP 47 tag. */
  locale: string
  /** Language of the document's own words, for screen readers and hyphenation; `en` when left out. */
  language?: string
  timeZone: string
  currency: string
  /** Half-open local days. */
  window: { from: string; to: string }
  /** The members of dimensions that it is about; left out or empty: the client as a whole. */
  filters?: Readonly<Record<string, readonly string[]>>
  /** The window in words: "November 2011", "20 November 2026". */
  windowLabel: string
  /** ISO instant of the oldest roll-up read; null when nothing was ever rolled up. */
  dataAsOf: string | null
  /** Days of the window that were missing or dirty when the report was made; such a report is provisional. */
  provisionalDays: string[]
  /** Facts of the window that contradict themselves, and are in none of its numbers. */
  quarantinedFacts: number
  executionId: string
  generatedAt: string
}

export type Document = { meta: DocumentMeta; blocks: Block[] }

export const REPORT_FORMATS = ['pdf', 'xlsx', 'csv', 'html', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]
