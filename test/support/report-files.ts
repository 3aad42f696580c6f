import { parse } from 'csv-parse/sync'
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import type { Column } from '../../src/reports/document.ts'
import { unzip } from './unzip.ts'

/**
 * Rendered files read back the way other programs read them, into the one shape that tests compare: raw text, null for
 * nothing (an empty text too, which not every format can tell from nothing), date-times as the clock on the wall showed
 * them.
 */
export type RawTable = { rows: RawRow[]; totals: RawRow }
export type RawRow = (string | null)[]

const FORMULA_GUARD = /^'(?=[=+\-@\t\r\n＝＋－＠])/
const OFFSET = /(Z|[+-]\d\d:\d\d)$/

/** The sections of a CSV report by id, as records without the one that opens them. */
export function readCsv(csv: Buffer): Record<string, string[][]> {
  const records: string[][] = parse(csv, { bom: true, relax_column_count: true, record_delimiter: '\r\n' })
  const sections: Record<string, string[][]> = {}
  let open: string[][] = []
  for (const [index, record] of records.entries()) {
    if (record[0] === 'Section' && (index === 0 || isBlank(records[index - 1]))) {
      open = []
      sections[record[1] as string] = open
    } else open.push(record)
  }
  return Object.fromEntries(
    Object.entries(sections).map(([id, lines]) => [id, isBlank(lines.at(-1)) ? lines.slice(0, -1) : lines]),
  )
}

function isBlank(record: string[] | undefined): boolean {
  return record?.length === 1 && record[0] === ''
}

/** A table's section below its header, with totals; what keeps text from being a formula is taken off again. */
export function csvTable(records: string[][] | undefined, columns: Column[]): RawTable {
  const rows = (records ?? []).slice(1).map((record) => record.map((field, index) => plainText(field, columns[index])))
  return { totals: rows.pop() ?? [], rows }
}

function plainText(text: string, column: Column | undefined): string | null {
  if (text === '') return null
  if (column?.type === 'text') return text.replace(FORMULA_GUARD, '')
  return column?.type === 'datetime' ? text.replace(OFFSET, '') : text
}

export type JsonTable = { rows: Record<string, unknown>[]; totals: Record<string, unknown> | null; rowCount: number }

export function jsonTable({ rows, totals }: JsonTable, columns: Column[]): RawTable {
  const record = (row: Record<string, unknown>) => columns.map((column) => plainJson(row[column.key], column))
  return { rows: rows.map(record), totals: record(totals ?? {}) }
}

function plainJson(value: unknown, column: Column): string | null {
  if (typeof value === 'number')
    return new Intl.NumberFormat('en', { useGrouping: false, maximumFractionDigits: 20 }).format(value)
  return typeof value === 'string' && value !== ''
    ? plainText(value, { ...column, type: column.type === 'text' ? 'date' : column.type })
    : null
}

/** The cells of every sheet by the sheet's name: the text of each cell as it is stored. */
export function readSheets(xlsx: Buffer): Record<string, Record<string, string>> {
  const files = unzip(xlsx)
  const names = [...String(files['xl/workbook.xml']).matchAll(/<sheet name="([^"]*)"/g)].map(([, name = '']) =>
    textOf(name),
  )
  return Object.fromEntries(
    names.map((name, index) => [name, cellsOf(String(files[`xl/worksheets/sheet${index + 1}.xml`]))]),
  )
}

function cellsOf(xml: string): Record<string, string> {
  const cells = [...xml.matchAll(/<c r="([A-Z]+\d+)"[^>]*?(?<!\/)>(.*?)<\/c>/gs)]
  return Object.fromEntries(cells.map(([, reference = '', content = '']) => [reference, storedText(content)]))
}

function storedText(content: string): string {
  const text = /<t [^>]*>(.*?)<\/t>/s.exec(content)?.[1] ?? /<v>(.*?)<\/v>/.exec(content)?.[1] ?? ''
  return textOf(text).replace(/_x([0-9A-F]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** The rows of a sheet below its header and the totals below them; serials become what they mean. */
export function sheetTable(cells: Record<string, string> | undefined, columns: Column[], count: number): RawTable {
  const record = (row: number) =>
    columns.map((column, index) => plainCell(cells?.[`${String.fromCharCode(65 + index)}${row}`] ?? '', column))
  return { rows: Array.from({ length: count }, (_, index) => record(index + 2)), totals: record(count + 2) }
}

function plainCell(text: string, { type }: Column): string | null {
  if (text === '') return null
  if (type === 'duration') return String(Math.round(Number(text) * 864_000) / 10)
  if (type !== 'date' && type !== 'datetime') return text
  if (!/^[\d.]+$/.test(text)) return text
  const local = Temporal.PlainDateTime.from('1899-12-30').add({ milliseconds: Math.round(Number(text) * 86_400_000) })
  return type === 'date' ? local.toPlainDate().toString() : local.toString()
}

/** The rows of the HTML table whose title is given, header and totals too, as a person reads them. */
export function htmlTable(html: string, title: string): string[][] {
  const table = html
    .split('<table>')
    .find(
      (part) =>
        part.includes(`>${escaped(title)}</`) && part.indexOf(`>${escaped(title)}</`) < part.indexOf('</caption>'),
    )
  if (table === undefined) throw new Error(`the page has no table "${title}"`)
  const rows = table.slice(0, table.indexOf('</table>')).matchAll(/<tr>(.*?)<\/tr>/gs)
  return [...rows].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => textOf(cell)),
  )
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** What a person reads of a piece of HTML or XML. */
export function textOf(markup: string): string {
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
  return markup
    .replace(/<[^>]+>/g, '')
    .replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name] as string)
}

export type PdfText = { pages: string[]; title: string; tagged: boolean; outline: string[] }

/** The text of every page without white space, of which a PDF keeps none that can be trusted. */
export async function readPdf(pdf: Buffer): Promise<PdfText> {
  const task = getDocument({ data: new Uint8Array(pdf), verbosity: 0 })
  const document = await task.promise
  const pages: string[] = []
  for (let number = 1; number <= document.numPages; number += 1) {
    const content = await (await document.getPage(number)).getTextContent()
    pages.push(withoutSpace(content.items.map((item) => ('str' in item ? item.str : '')).join('')))
  }
  const { info } = await document.getMetadata()
  const marks = await document.getMarkInfo()
  // Its types forget that there may be none.
  const outline = (await document.getOutline()) as OutlineItem[] | null
  await task.destroy()
  return {
    pages,
    title: (info as { Title: string }).Title,
    tagged: marks?.['Marked'] === true,
    outline: titlesOf(outline ?? []),
  }
}

type OutlineItem = { title: string; items: OutlineItem[] }

function titlesOf(items: OutlineItem[]): string[] {
  return items.flatMap(({ title, items: below }) => [title, ...titlesOf(below)])
}

export function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '')
}
