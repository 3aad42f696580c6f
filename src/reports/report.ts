import type { Comparison, FilterDimension, Filters } from '../analytics/questions/index.ts'
import type { ClientDatabase } from '../db/database.ts'
import type { DayWindow } from '../time.ts'
import type { Block, DocumentMeta } from './document.ts'

/** Whose report it is. */
export type ReportClient = { id: string; name: string; timeZone: string; currency: string; locale: string }

export type ReportParams = {
  client: ReportClient
  window: DayWindow
  /** Only these members; nothing: the client as a whole. */
  filters: Filters
  /** What it is compared with; null: what the report says. */
  compare: readonly Comparison[] | null
  /** When it is read: what is still to come, and what may still change. */
  at: Temporal.Instant
  signal: AbortSignal
}

/** A declared report: `load` is the only part that reads the database, `compose` is pure. */
export type Report<Data> = {
  name: string
  title: string
  summary: string
  /** The dimensions that it can be narrowed down to members of. */
  filters: readonly FilterDimension[]
  /** The days it reads for a window: the window, and what it is compared with. Their roll-ups are waited for. */
  reads(window: DayWindow, compare?: readonly Comparison[] | null): DayWindow
  load(db: ClientDatabase, params: ReportParams): Promise<Data>
  compose(data: Data, meta: DocumentMeta): Block[]
}
