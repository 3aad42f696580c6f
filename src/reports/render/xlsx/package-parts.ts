import type { Document } from '../../document.ts'
import { titleOf } from '../value/document-title.ts'
import { quotedSheetName } from './sheet-names.ts'
import { columnName, escapeXml } from './sheet-xml.ts'
import { XML_HEAD } from './table-sheet.ts'
import type { ZipEntry } from './zip-stream.ts'

/** A sheet as the workbook lists it; `filter` is the size of its table, known once its rows are written. */
export type WorkbookSheet = { name: string; filter: { columns: number; rows: () => number } | null }

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** The files that tie a workbook's sheets together: list of sheets, styles, properties, types and relationships. */
export function* packageParts(document: Document, sheets: WorkbookSheet[], styles: string): Generator<ZipEntry> {
  const files: [string, string][] = [
    ['xl/styles.xml', styles],
    ['xl/workbook.xml', workbookXml(sheets)],
    ['xl/_rels/workbook.xml.rels', workbookRelationships(sheets)],
    ['docProps/core.xml', coreProperties(document)],
    [
      'docProps/app.xml',
      `${XML_HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>Daybreak</Application></Properties>`,
    ],
    ['_rels/.rels', packageRelationships()],
    ['[Content_Types].xml', contentTypes(sheets)],
  ]
  for (const [name, xml] of files) yield { name, content: [Buffer.from(xml)] }
}

function workbookXml(sheets: WorkbookSheet[]): string {
  const listed = sheets.map(
    ({ name }, index) => `<sheet name="${escapeXml(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  )
  const names = sheets.flatMap(({ name, filter }, index) => (filter === null ? [] : definedNames(name, index, filter)))
  const defined = names.length === 0 ? '' : `<definedNames>${names.join('')}</definedNames>`
  return `${XML_HEAD}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${OFFICE}"><bookViews><workbookView activeTab="0"/></bookViews><sheets>${listed.join('')}</sheets>${defined}</workbook>`
}

/** Filters need a hidden name beside their range; the header row is printed on every page. */
function definedNames(name: string, index: number, { columns, rows }: NonNullable<WorkbookSheet['filter']>): string[] {
  const sheet = escapeXml(quotedSheetName(name))
  const range = `${sheet}!$A$1:$${columnName(columns - 1)}$${rows() + 1}`
  const filter = `<definedName name="_xlnm._FilterDatabase" localSheetId="${index}" hidden="1">${range}</definedName>`
  const titles = `<definedName name="_xlnm.Print_Titles" localSheetId="${index}">${sheet}!$1:$1</definedName>`
  return rows() === 0 ? [titles] : [filter, titles]
}

function workbookRelationships(sheets: WorkbookSheet[]): string {
  const listed = sheets.map(
    (_, index) =>
      `<Relationship Id="rId${index + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
  )
  const styles = `<Relationship Id="rId${sheets.length + 1}" Type="${OFFICE}/styles" Target="styles.xml"/>`
  return `${XML_HEAD}<Relationships xmlns="${PACKAGE}/relationships">${listed.join('')}${styles}</Relationships>`
}

function packageRelationships(): string {
  return `${XML_HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/><Relationship Id="rId2" Type="${PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/><Relationship Id="rId3" Type="${OFFICE}/extended-properties" Target="docProps/app.xml"/></Relationships>`
}

function contentTypes(sheets: WorkbookSheet[]): string {
  const listed = sheets.map(
    (_, index) =>
      `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="${SPREADSHEET}.worksheet+xml"/>`,
  )
  return `${XML_HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${SPREADSHEET}.styles+xml"/>${listed.join('')}<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/><Override PartName="/docProps/app.xml" ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>`
}

function coreProperties({ meta }: Document): string {
  const made = Temporal.Instant.from(meta.generatedAt).round('second').toString()
  return `${XML_HEAD}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>${escapeXml(titleOf(meta))}</dc:title><dc:creator>Daybreak</dc:creator><dc:description>Execution ${escapeXml(meta.executionId)}</dc:description><dcterms:created xsi:type="dcterms:W3CDTF">${made}</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">${made}</dcterms:modified></cp:coreProperties>`
}
