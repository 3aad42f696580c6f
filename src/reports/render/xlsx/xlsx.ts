import type { Renderer } from '../renderer.ts'
import { workbookEntries } from './workbook.ts'
import { zipStream } from './zip-stream.ts'

/**
 * A workbook to count with: typed cells, totals as formulas, all rows. Streamed; the same document gives the same
 * bytes.
 */
export const xlsxRenderer: Renderer = {
  format: 'xlsx',
  mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  extension: 'xlsx',
  render: (document, { signal }) => zipStream(workbookEntries(document, { signal })),
}
