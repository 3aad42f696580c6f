import type { ReportFormat } from '../document.ts'
import { csvRenderer } from './csv.ts'
import { htmlRenderer } from './html.ts'
import { jsonRenderer } from './json.ts'
import { pdfRenderer } from './pdf.ts'
import type { Renderer } from './renderer.ts'
import { xlsxRenderer } from './xlsx.ts'

/** Every format there is. Renderers know no report; reports know no format. */
export const renderers: Record<ReportFormat, Renderer> = {
  pdf: pdfRenderer,
  xlsx: xlsxRenderer,
  csv: csvRenderer,
  html: htmlRenderer,
  json: jsonRenderer,
}

export { escapeHtml } from '../../escape-html.ts'
/** For dashboards and previews: pieces of a page, and how they look. @public */
export { type ChartStyle, chartSvg } from './chart-svg.ts'
export { fileNameOf } from './file-name.ts'
export { type FontLibrary, openFonts } from './fonts.ts'
export { createFormatter, type Formatter } from './format-value.ts'
/** @public */
export { documentStyle } from './html.ts'
/** @public */
export { type RenderedBlocks, renderBlocks } from './html-blocks.ts'
export { openPdfPrinter, type PdfPrinter } from './pdf-printer.ts'
export type { Renderer, RenderTools } from './renderer.ts'
