import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ZipEntry, zipStream } from '../../src/reports/render/xlsx/zip-stream.ts'

/**
 * A cell: text (shared), a number, true or false, nothing, a real date or time, or the XML of a `<c>` without its
 * place.
 */
export type WorkbookCell =
  | string
  | number
  | boolean
  | null
  | { serial: number; as: 'date' | 'time' | 'date-time' | 'elapsed' }
  | { type: string; xml: string }

export type Workbook = {
  sheets: { name: string; rows: readonly (readonly WorkbookCell[])[]; hidden?: boolean }[]
  uses1904?: boolean
}

const STYLES = { date: 1, time: 2, 'date-time': 3, elapsed: 4 }
const NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships'

/** Writes a workbook as a spreadsheet program would, cell by cell as it is told. */
export async function writeWorkbook(path: string, workbook: Workbook): Promise<void> {
  await pipeline(Readable.from(zipStream(partsOf(workbook))), createWriteStream(path))
}

/** Days since the last of 1899, as spreadsheets count them; the time of day is the fraction. */
export function serialOf(iso: string): number {
  return (Date.parse(iso) - Date.UTC(1899, 11, 30)) / 86_400_000
}

function* partsOf({ sheets, uses1904 = false }: Workbook): Generator<ZipEntry> {
  const strings = new Map<string, number>()
  for (const [index, { rows }] of sheets.entries()) {
    yield part(`xl/worksheets/sheet${index + 1}.xml`, sheetXml(rows, strings))
  }
  const texts = [...strings.keys()].map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`)
  yield part('xl/sharedStrings.xml', `<sst ${NAMESPACE}>${texts.join('')}</sst>`)
  yield part('xl/styles.xml', stylesXml())
  const listed = sheets.map(
    ({ name, hidden }, index) =>
      `<sheet name="${escaped(name)}" sheetId="${index + 1}"${hidden === true ? ' state="hidden"' : ''} r:id="s${index + 1}"/>`,
  )
  yield part(
    'xl/workbook.xml',
    `<workbook ${NAMESPACE} xmlns:r="${RELATIONS}"><workbookPr date1904="${uses1904 ? 1 : 0}"/><sheets>${listed.join('')}</sheets></workbook>`,
  )
  const relations = sheets.map((_, index) => relation(`s${index + 1}`, 'worksheet', `worksheets/sheet${index + 1}.xml`))
  relations.push(relation('t', 'sharedStrings', 'sharedStrings.xml'), relation('y', 'styles', 'styles.xml'))
  yield part('xl/_rels/workbook.xml.rels', `<Relationships xmlns="${PACKAGE}">${relations.join('')}</Relationships>`)
  yield part(
    '_rels/.rels',
    `<Relationships xmlns="${PACKAGE}">${relation('w', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
  )
}

function part(name: string, xml: string): ZipEntry {
  return { name, content: [Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)] }
}

function relation(id: string, type: string, target: string): string {
  return `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`
}

function stylesXml(): string {
  const formats =
    '<numFmts><numFmt numFmtId="164" formatCode="h:mm:ss"/><numFmt numFmtId="165" formatCode="[h]:mm:ss"/></numFmts>'
  const styles = [0, 14, 164, 22, 165].map((id) => `<xf numFmtId="${id}"/>`)
  return `<styleSheet ${NAMESPACE}>${formats}<cellXfs>${styles.join('')}</cellXfs></styleSheet>`
}

function sheetXml(rows: readonly (readonly WorkbookCell[])[], strings: Map<string, number>): string {
  const lines = rows.map(
    (cells, row) =>
      `<row r="${row + 1}">${cells.map((cell, at) => cellXml(`${columnName(at)}${row + 1}`, cell, strings)).join('')}</row>`,
  )
  return `<worksheet ${NAMESPACE}><sheetData>${lines.join('\n')}</sheetData></worksheet>`
}

function cellXml(place: string, cell: WorkbookCell, strings: Map<string, number>): string {
  if (cell === null || cell === '') return ''
  if (typeof cell === 'number') return `<c r="${place}"><v>${cell}</v></c>`
  if (typeof cell === 'boolean') return `<c r="${place}" t="b"><v>${Number(cell)}</v></c>`
  if (typeof cell === 'string') {
    const index = strings.get(cell) ?? strings.size
    strings.set(cell, index)
    return `<c r="${place}" t="s"><v>${index}</v></c>`
  }
  if ('xml' in cell) return `<c r="${place}" t="${cell.type}">${cell.xml}</c>`
  return `<c r="${place}" s="${STYLES[cell.as]}"><v>${cell.serial}</v></c>`
}

function columnName(at: number): string {
  const letter = String.fromCharCode(65 + (at % 26))
  return at < 26 ? letter : columnName(Math.floor(at / 26) - 1) + letter
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
