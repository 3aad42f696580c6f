import type { ClientDatabase } from '../db/database.ts'
import type { DayWindow } from '../time.ts'
import type { Block, DocumentMeta } from './document.ts'

/** Whose report it is. */
export type ReportClient = { id: string; name: string; timeZone: string; currency: string; locale: string }

export type ReportParams = { client: ReportClient; window: DayWindow; signal: AbortSignal }

/** A declared report: `load` is the only part that reads the database, `compose` is pure. */
export type Report<Data> = {
  name: string
  title: string
  summary: string
  /** The days it reads for a window: the window, and what it is compared with. Their roll-ups are waited for. */
  reads(window: DayWindow): DayWindow
  load(db: ClientDatabase, params: ReportParams): Promise<Data>
  compose(data: Data, meta: DocumentMeta): Block[]
}

/** Declares a report; the catalogue lists it. */
export function defineReport<Data>(report: Report<Data>): Report<Data> {
  return report
}
