import type { Block, Chart, Document, Table } from '../../document.ts'
import { chartTable } from '../chart/chart-table.ts'
import { createFormatter } from '../value/format-value.ts'
import { readRows } from '../value/table-rows.ts'
import { createTotals } from '../value/totals.ts'
import { packageParts, type WorkbookSheet } from './package-parts.ts'
import { peekable } from './peekable.ts'
import { createSheetNames } from './sheet-names.ts'
import { createStyles } from './styles.ts'
import { type SheetOfBlock, summarySheet } from './summary-sheet.ts'
import { type SheetContext, type SheetPart, tableSheet } from './table-sheet.ts'
import type { ZipEntry } from './zip-stream.ts'

/**
 * Rows below the header of one sheet. A sheet ends at 1,048,576; the totals and a few notes must fit under the rows.
 */
const SHEET_ROWS_MAX = 1_048_576 - 8

type SheetSource = { table: Table; name: string }

/**
 * The files of a workbook in the order they are written: the summary, a sheet or more for each table, the numbers
 * behind each chart, and last what could not be known before (names of sheets, styles).
 */
export async function* workbookEntries(
  document: Document,
  { signal, rowsMax = SHEET_ROWS_MAX }: { signal: AbortSignal; rowsMax?: number },
): AsyncGenerator<ZipEntry> {
  const { meta } = document
  const names = createSheetNames()
  const styles = createStyles(meta)
  const context: SheetContext = {
    styles,
    formatter: createFormatter(meta),
    locality: meta,
    rightToLeft: new Intl.Locale(meta.language ?? 'en').getTextInfo().direction === 'rtl',
    signal,
  }
  const sheets: WorkbookSheet[] = [{ name: names('Summary'), filter: null }]
  const sources = document.blocks.filter(hasSheet).map((block) => ({ block, ...sourceOf(block, names) }))
  const links: SheetOfBlock[] = sources.map(({ block, name }) => ({ block, name }))
  yield { name: 'xl/worksheets/sheet1.xml', content: [Buffer.from(summarySheet(document, links, context))] }
  for (const source of [...sources].sort((left, right) => chartsLast(left.block) - chartsLast(right.block))) {
    yield* tableEntries(source, sheets, names, context, { rowsMax, currency: meta.currency })
  }
  yield* packageParts(document, sheets, styles.xml())
}

function hasSheet(block: Block): block is Table | Chart {
  return block.kind === 'table' || block.kind === 'chart'
}

function chartsLast(block: Block): number {
  return block.kind === 'chart' ? 1 : 0
}

function sourceOf(block: Table | Chart, names: (wanted: string) => string): SheetSource {
  if (block.kind === 'table') return { table: block, name: names(block.title) }
  return { table: chartTable(block), name: names(`Chart – ${block.title}`) }
}

async function* tableEntries(
  { table, name }: SheetSource,
  sheets: WorkbookSheet[],
  names: (wanted: string) => string,
  context: SheetContext,
  { rowsMax, currency }: { rowsMax: number; currency: string },
): AsyncGenerator<ZipEntry> {
  const rows = await peekable(readRows(table, context.signal))
  const part: SheetPart = { table, rows, totals: createTotals(table.columns, currency), parts: [], rowsMax }
  try {
    do {
      const sheet = { name: part.parts.length === 0 ? name : names(name), rows: 0 }
      part.parts.push(sheet)
      sheets.push({ name: sheet.name, filter: { columns: table.columns.length, rows: () => sheet.rows } })
      yield { name: `xl/worksheets/sheet${sheets.length}.xml`, content: tableSheet(part, context) }
    } while (rows.peek() !== undefined)
  } finally {
    await rows.close()
  }
}
