import { InputError } from '../../../errors.ts'
import { suggestion } from '../../../nearest.ts'
import type { Called } from '../called.ts'
import { checkColumns, FileFault } from '../file-fault.ts'
import type { FileStart } from '../file-start.ts'
import type { CellFault, RecordPage, RecordSource, SourceFile, SourceOptions } from '../source.ts'
import { readCellStyles } from './cell-styles.ts'
import { createSerialReader } from './serial-date.ts'
import { readSharedStrings } from './shared-strings.ts'
import { createSheetReader, type SheetRow } from './sheet-reader.ts'
import { broken, openWorkbook, type SheetPlace, type Workbook } from './workbook.ts'

type XlsxOptions = Pick<SourceOptions, 'sheet' | 'headerRow'>

/**
 * A page is what this many characters of the sheet hold: few enough that its rows fit into memory, since each may refer
 * to long texts.
 */
const PIECE_CHARS = 1 << 13

/** Opens one sheet of a workbook. Throws an InputError for a sheet that is not there, and for what is no workbook. */
export async function openXlsx(file: SourceFile, start: FileStart, options: XlsxOptions): Promise<RecordSource> {
  if (start.isPipe) {
    throw new InputError(
      'pipe',
      `${file.called} is a pipe, and a workbook is not read from one; save it as a file first.`,
    )
  }
  const workbook = await openWorkbook(file)
  try {
    const sheet = chooseSheet(file.called, workbook.sheets, options.sheet)
    const rows = readRows(file.called, workbook, sheet)
    const first = await readHeader(file.called, sheet, rows, options.headerRow)
    const pages = readPages(rows, first, start.bytesTotal, otherSheets(workbook.sheets, sheet, options.sheet))
    return {
      header: first.header,
      bytesTotal: start.bytesTotal,
      pages,
      async close() {
        await pages.return(undefined)
        await rows.return(undefined)
        workbook.close()
      },
    }
  } catch (error) {
    workbook.close()
    throw broken(file.called, error)
  }
}

function chooseSheet(name: Called, sheets: readonly SheetPlace[], wanted: string | null): SheetPlace {
  const found =
    wanted === null
      ? (sheets.find(({ isHidden }) => !isHidden) ?? sheets[0])
      : (sheets.find((sheet) => sheet.name === wanted) ??
        (/^\d+$/.test(wanted) ? sheets[Number(wanted) - 1] : undefined))
  if (found !== undefined) return found
  const names = sheets.map((sheet) => sheet.name)
  if (names.length === 0) throw new InputError('no-rows', `${name} holds no sheet with rows.`)
  const listed = names.slice(0, 20).join(', ')
  throw new FileFault(
    'no-such-sheet',
    `${name} has no sheet as asked, among its ${names.length}.`,
    `There is no "${wanted}"${suggestion(wanted ?? '', names)}, only ${listed}.`,
  )
}

function otherSheets(sheets: readonly SheetPlace[], sheet: SheetPlace, wanted: string | null): string | null {
  const others = sheets.filter((each) => each !== sheet && !each.isHidden).map((each) => `"${each.name}"`)
  if (wanted !== null || others.length === 0) return null
  return `Only the sheet "${sheet.name}" was read, not ${others.slice(0, 20).join(', ')}: name the sheet if another is meant.`
}

type RowPage = { rows: SheetRow[]; share: number }

/** The rows of a sheet; those of one piece of the file are a page. */
async function* readRows(name: Called, workbook: Workbook, sheet: SheetPlace): AsyncGenerator<RowPage, void> {
  try {
    const strings = await readSharedStrings(name, workbook)
    const styles = await readCellStyles(workbook)
    const reader = createSheetReader({ strings, styles, serialText: createSerialReader(workbook.uses1904) })
    for await (const { text, share } of workbook.read(sheet.part)) {
      for (let at = 0; at < text.length; at += PIECE_CHARS) {
        yield { rows: reader.write(text.slice(at, at + PIECE_CHARS)), share }
      }
    }
    reader.end()
  } catch (error) {
    throw broken(name, error)
  }
}

type Opened = { header: string[]; rest: RowPage }

/** Reads on until the header is known: the row that was named, or the first that is not empty. */
async function readHeader(
  name: Called,
  sheet: SheetPlace,
  pages: AsyncGenerator<RowPage, void>,
  headerRow: number | null,
): Promise<Opened> {
  for (;;) {
    const { value, done } = await pages.next()
    if (done === true) break
    const at = value.rows.findIndex(({ row, cells }) =>
      headerRow === null ? cells.some(({ text }) => text.trim() !== '') : row >= headerRow,
    )
    const found = value.rows[at]
    if (found === undefined) continue
    if (headerRow !== null && found.row !== headerRow) break
    const header = headerOf(name, found)
    return { header, rest: { rows: value.rows.slice(at + 1), share: value.share } }
  }
  const what = headerRow === null ? 'it is empty' : `it has no row ${headerRow} for the header`
  throw new FileFault('no-rows', `The sheet of ${name} holds no rows: ${what}.`, `It is "${sheet.name}".`)
}

function headerOf(name: Called, { row, cells }: SheetRow): string[] {
  const header: string[] = []
  for (const { at, text } of cells) {
    if (text.trim() === '') continue
    while (header.length < at) header.push('')
    header[at] = text.trim()
  }
  checkColumns(name, header)
  if (header.length > 0) return header
  throw new InputError('bad-header', `Row ${row} of ${name} names no columns: it is empty.`)
}

async function* readPages(
  rows: AsyncGenerator<RowPage, void>,
  { header, rest }: Opened,
  bytesTotal: number,
  note: string | null,
): AsyncGenerator<RecordPage, void> {
  yield { ...pageOf(rest, header, bytesTotal), note }
  for await (const page of rows) yield pageOf(page, header, bytesTotal)
}

function pageOf({ rows, share }: RowPage, header: readonly string[], bytesTotal: number): RecordPage {
  const page: RecordPage = { records: [], rejects: [], bytesRead: Math.floor(share * bytesTotal), note: null }
  for (const row of rows) takeRow(row, header, page)
  return page
}

/** Keeps a row as a record, unless it is empty or has values beside the header. */
function takeRow({ row, cells }: SheetRow, header: readonly string[], page: RecordPage): void {
  // A row is a few bytes of the file, and as wide as the header.
  if (cells.every(({ text, fault }) => fault === null && text.trim() === '')) return
  const fields = header.map(() => '')
  const faults: CellFault[] = []
  for (const { at, text, fault } of cells) {
    if (fault !== null) faults.push({ at, value: text, reason: fault })
    else if (text.trim() === '') continue
    if (at < header.length) fields[at] = text
    else {
      const reason = `has a value in column ${columnName(at)}, for which the header has no name`
      page.rejects.push({ line: row, column: columnName(at), value: text, reason, text: csvLine(fields) })
      return
    }
  }
  const record = { line: row, fields, text: csvLine(fields) }
  page.records.push(faults.length === 0 ? record : { ...record, faults })
}

/** `AB` for 27. */
function columnName(at: number): string {
  const letter = String.fromCharCode(65 + (at % 26))
  return at < 26 ? letter : columnName(Math.floor(at / 26) - 1) + letter
}

/** A row as a line of CSV, for whoever corrects it. */
function csvLine(fields: readonly string[]): string {
  return fields
    .map((field) => (field !== '' && /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',')
}
