import type { Log } from '../../log.ts'
import type { Document, ReportFormat } from '../document.ts'
import type { FontLibrary } from './html/fonts.ts'
import type { PdfPrinter } from './pdf/pdf-printer.ts'

/** What rendering may use. The printer and the fonts are opened once per process and shared. */
export type RenderTools = { printer: PdfPrinter; fonts: FontLibrary; log: Log; signal: AbortSignal }

/**
 * One format. `render` yields the file piece by piece and holds no table in memory (PDF and HTML show a bounded number
 * of rows); an error or an abort is thrown from the iteration, after which what was yielded is worthless.
 * `Readable.from(…)` makes a stream of it.
 */
export type Renderer = {
  format: ReportFormat
  mediaType: string
  extension: string
  render(document: Document, tools: RenderTools): AsyncIterable<Uint8Array>
}
