import type { ReportFormat } from '../document.ts'
import { csvRenderer } from './csv.ts'
import { htmlRenderer } from './html/html.ts'
import { jsonRenderer } from './json.ts'
import { pdfRenderer } from './pdf/pdf.ts'
import type { Renderer } from './renderer.ts'
import { xlsxRenderer } from './xlsx/xlsx.ts'

/** Every format there is. Renderers know no report; reports know no format. */
export const renderers: Record<ReportFormat, Renderer> = {
  pdf: pdfRenderer,
  xlsx: xlsxRenderer,
  csv: csvRenderer,
  html: htmlRenderer,
  json: jsonRenderer,
}

export { type FontLibrary, openFonts } from './html/fonts.ts'
/**
 * For the board's dashboards, which show a report live: its blocks as pieces of a page, and their style sheet. @public
 */
export { documentStyle } from './html/html.ts'
/** @public */
export { type RenderedBlocks, renderBlocks } from './html/html-blocks.ts'
export { openPdfPrinter, type PdfPrinter } from './pdf/pdf-printer.ts'
export type { Renderer, RenderTools } from './renderer.ts'
export { fileNameOf } from './value/file-name.ts'
export { createFormatter, type Formatter } from './value/format-value.ts'
