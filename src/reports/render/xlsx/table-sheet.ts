import type { Column, Row, Table, Value } from '../../document.ts'
import { type Formatter, isNumeric } from '../value/format-value.ts'
import type { Total, Totals } from '../value/totals.ts'
import type { Peekable } from './peekable.ts'
import { quotedSheetName } from './sheet-names.ts'
import {
  CELL_TEXT_MAX,
  cellNumber,
  columnName,
  emptyCell,
  escapeXml,
  formulaCell,
  type Locality,
  numberCell,
  textCell,
  valueCell,
} from './sheet-xml.ts'
import type { Styles } from './styles.ts'

/** One part of a table: as many of its rows as a sheet holds. */
export type SheetPart = {
  table: Table
  rows: Peekable<Row>
  totals: Totals
  /** Sheets of the same table so far, this one last, with the rows each holds; the totals add all of them up. */
  parts: { name: string; rows: number }[]
  rowsMax: number
}

export type SheetContext = {
  styles: Styles
  formatter: Formatter
  locality: Locality
  rightToLeft: boolean
  signal: AbortSignal
}

const ROWS_MEASURED = 200
const WIDTH_MIN = 9
const WIDTH_MAX = 60
/** Headers up to this long stay on one line. */
const HEAD_CHARACTERS = 18
const HEAD_LINE_POINTS = 15
const CHUNK_CHARACTERS = 1 << 16
const NAMESPACES =
  'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

/** A table's sheet: header, rows, totals as formulas, notes. Yields pieces of about 64 KB. */
export async function* tableSheet(part: SheetPart, context: SheetContext): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const piece of sheetPieces(part, context)) {
    text += piece
    if (text.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}

async function* sheetPieces(part: SheetPart, context: SheetContext): AsyncGenerator<string> {
  const { table, rows, totals, parts } = part
  const { columns } = table
  const here = parts.at(-1) as { rows: number }
  const first = await takeRows(rows, Math.min(ROWS_MEASURED, part.rowsMax))
  yield sheetHead(columns, first, context)
  const write = rowWriter(columns, context)
  for (let row = first.shift() ?? (await rows.take()); row !== undefined; row = first.shift() ?? (await rows.take())) {
    here.rows += 1
    totals.add(row)
    yield write.row(row, here.rows + 1)
    if (here.rows === part.rowsMax) break
  }
  const last = rows.peek() === undefined
  yield* sheetTail(part, context, { last, cutTexts: write.cutTexts() })
}

/** Takes up to `count` rows, for their widths. Fewer than a sheet holds, so a split is never missed. */
async function takeRows(rows: Peekable<Row>, count: number): Promise<Row[]> {
  const taken: Row[] = []
  while (taken.length < count) {
    const row = await rows.take()
    if (row === undefined) break
    taken.push(row)
  }
  return taken
}

function sheetHead(columns: Column[], rows: Row[], { styles, formatter, locality, rightToLeft }: SheetContext): string {
  const widths = columns.map(
    (column, index) =>
      `<col min="${index + 1}" max="${index + 1}" width="${widthOf(column, rows, formatter)}" customWidth="1"/>`,
  )
  const heads = columns.map((column, index) => {
    const look = isNumeric(column.type) ? 'head-number' : 'head'
    return textCell(`${columnName(index)}1`, styles.of(look), headText(column, locality)).xml
  })
  const direction = rightToLeft ? ' rightToLeft="1"' : ''
  const lines = columns.map((column) =>
    Math.ceil((headText(column, locality).length + 2) / widthOf(column, rows, formatter)),
  )
  const height =
    HEAD_LINE_POINTS *
      Math.min(
        4,
        lines.reduce((most, count) => Math.max(most, count), 1),
      ) +
    3
  return `${XML_HEAD}<worksheet ${NAMESPACES}><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView workbookViewId="0"${direction}><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>${widths.join('')}</cols><sheetData><row r="1" ht="${height}" customHeight="1">${heads.join('')}</row>`
}

/** A spreadsheet's date-times have no zone: the header says it. */
function headText({ label, type }: Column, { timeZone }: Locality): string {
  return type === 'datetime' ? `${label} (${timeZone})` : label
}

function widthOf(column: Column, rows: Row[], formatter: Formatter): number {
  const lengths = rows.map((row) => shownLength(row[column.key] ?? null, column, formatter))
  const words = column.label.split(' ').map((word) => word.length)
  const head = Math.min(column.label.length, HEAD_CHARACTERS)
  const longest = [...lengths, ...words, head, column.type === 'datetime' ? 17 : 0].reduce(
    (most, length) => Math.max(most, length),
    0,
  )
  return Math.min(Math.max(longest + 3, WIDTH_MIN), WIDTH_MAX)
}

function shownLength(value: Value, column: Column, formatter: Formatter): number {
  if (column.type === 'text')
    return String(value ?? '')
      .split('\n')
      .reduce((most, line) => Math.max(most, line.length), 0)
  return formatter.value(value, column).length
}

type RowWriter = { row(row: Row, number: number): string; cutTexts(): number }

/** Writes data rows; what depends only on the column is worked out once. */
function rowWriter(columns: Column[], { styles, locality }: SheetContext): RowWriter {
  const prepared = columns.map((column, index) => ({
    column,
    letters: columnName(index),
    style: styles.of('plain', column),
    wrapped: column.type === 'text' ? styles.of('wrapped', column) : 0,
  }))
  let cutTexts = 0
  const cell = ({ column, letters, style, wrapped }: (typeof prepared)[number], value: Value, number: number) => {
    if (value === null) return ''
    const stored = cellNumber(value, column, locality)
    if (stored !== null) return numberCell(letters + number, style, stored)
    const text = String(value)
    const { xml, cut } = textCell(letters + number, text.includes('\n') ? wrapped : style, text)
    if (cut) cutTexts += 1
    return xml
  }
  return {
    row(row, number) {
      let cells = ''
      for (const each of prepared) cells += cell(each, row[each.column.key] ?? null, number)
      return `<row r="${number}">${cells}</row>`
    },
    cutTexts: () => cutTexts,
  }
}

function* sheetTail(
  { table, totals, parts }: SheetPart,
  context: SheetContext,
  { last, cutTexts }: { last: boolean; cutTexts: number },
): Generator<string> {
  const { columns } = table
  const { rows } = parts.at(-1) as { rows: number }
  const sums = last ? totals.result() : null
  let next = rows + 2
  if (rows === 0) yield noteRow(next++, table.empty, context)
  else if (sums !== null) yield totalsRow(next++, columns, sums, parts, context)
  next += 1
  for (const note of notesOf(table, { last, cutTexts })) yield noteRow(next++, note, context)
  const filter = rows === 0 ? '' : `<autoFilter ref="A1:${columnName(columns.length - 1)}${rows + 1}"/>`
  const head = escapeXml(`&L${table.title.replaceAll('&', '&&').slice(0, 100)}&R&P / &N`)
  yield `</sheetData>${filter}<pageMargins left="0.5" right="0.5" top="0.7" bottom="0.6" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/><headerFooter><oddHeader>${head}</oddHeader></headerFooter></worksheet>`
}

function notesOf(table: Table, { last, cutTexts }: { last: boolean; cutTexts: number }): string[] {
  const max = CELL_TEXT_MAX.toLocaleString('en')
  return [
    ...(last ? [] : ['The table continues on the next sheet.']),
    ...(last && table.note !== undefined ? [table.note] : []),
    ...(cutTexts === 0
      ? []
      : [
          `${cutTexts} texts were longer than a cell holds (${max} characters) and were cut. The CSV and JSON files hold them whole.`,
        ]),
  ]
}

function noteRow(number: number, text: string, { styles }: SheetContext): string {
  return `<row r="${number}">${textCell(`A${number}`, styles.of('label'), text).xml}</row>`
}

function totalsRow(
  number: number,
  columns: Column[],
  sums: Total[],
  parts: SheetPart['parts'],
  { styles, locality }: SheetContext,
): string {
  const cells = columns.map((column, index) => {
    const total = sums[index]
    const reference = columnName(index) + number
    const style = styles.of('total', column)
    if (total === undefined)
      return index === 0 ? textCell(reference, styles.of('total'), 'Total').xml : emptyCell(reference, style)
    const sum = column.total === 'sum' && total !== null ? cellNumber(total, column, locality) : null
    if (sum !== null) return formulaCell(reference, style, sumFormula(index, parts), sum)
    return valueCell(reference, style, total, column, locality)
  })
  return `<row r="${number}">${cells.join('')}</row>`
}

/** SUBTOTAL(109) adds what a filter leaves in sight; over several sheets it takes a range from each. */
function sumFormula(index: number, parts: SheetPart['parts']): string {
  const letters = columnName(index)
  const ranges = parts.map(({ name, rows }, at) => {
    const sheet = at === parts.length - 1 ? '' : `${quotedSheetName(name)}!`
    return `${sheet}${letters}2:${letters}${rows + 1}`
  })
  return `SUBTOTAL(109,${ranges.join(',')})`
}
