import type { Block, Check, Document, Figure, Format, Value } from '../../document.ts'
import { changeOf, targetWord } from '../value/change.ts'
import { type Decimal, numberOfDecimal, subtractDecimals } from '../value/decimal.ts'
import { isNumeric } from '../value/format-value.ts'
import { frontMatterOf } from '../value/front-matter.ts'
import { assertValue, quantityOf } from '../value/quantity.ts'
import { quotedSheetName } from './sheet-names.ts'
import { cellNumber, columnName, escapeXml, formulaCell, numberCell, textCell, valueCell } from './sheet-xml.ts'
import type { Look } from './styles.ts'
import { type SheetContext, XML_HEAD } from './table-sheet.ts'

/** A sheet that holds a block's rows, for the links to it. */
export type SheetOfBlock = { block: Block; name: string }

type Cell =
  | { kind: 'text'; text: string; look: Look }
  | { kind: 'value'; value: Value | Decimal; format: Format; signed?: boolean }
  | { kind: 'difference'; check: Check; row: number }
  | { kind: 'change'; number: number; unit: '%' | ' points'; digits: number }
  | null

/** The sheet while it is written, row by row. */
type Page = {
  rows: string[]
  merged: string[]
  links: string[]
  widths: number[]
  /** The kind of the block written last: what belongs together stands without a gap. */
  last: Block['kind'] | null
  context: SheetContext
  document: Document
}

const COLUMNS = 9
const LABEL_WIDTH = 36
const VALUE_WIDTH = 19
const WIDTH_MAX = 60
/** Characters that fit across the merged columns, for the height of prose. */
const LINE_CHARACTERS = 165
const LINE_POINTS = 15

/**
 * The first sheet: what the report states about itself, then its blocks in order; tables and charts as links to their
 * sheets.
 */
export function summarySheet(document: Document, sheets: SheetOfBlock[], context: SheetContext): string {
  const widths = [LABEL_WIDTH, ...Array.from({ length: COLUMNS - 1 }, () => VALUE_WIDTH)]
  const page: Page = { rows: [], merged: [], links: [], widths, last: null, context, document }
  const { meta } = document
  addRow(page, [text(meta.title, 'title')], 26)
  addRow(page, [text(meta.windowLabel, 'heading')], 20)
  addRow(page, [])
  for (const { label, value } of frontMatterOf(meta, context.formatter)) {
    const caution = label === 'Status' && meta.provisionalDays.length > 0
    const row = page.rows.length + 1
    page.merged.push(`B${row}:${columnName(COLUMNS - 1)}${row}`)
    addRow(page, [text(label, 'label'), text(value, caution ? 'warning' : 'plain')])
  }
  for (const block of document.blocks) {
    if (!belongTogether(page.last, block.kind)) addRow(page, [])
    addBlock(page, block, sheets)
    page.last = block.kind
  }
  return sheetXml(page)
}

/** A heading and what it opens, links among themselves, paragraphs among themselves. */
function belongTogether(last: Block['kind'] | null, next: Block['kind']): boolean {
  const isLink = (kind: Block['kind'] | null) => kind === 'table' || kind === 'chart'
  return last === 'heading' || (isLink(last) && isLink(next)) || (last === 'paragraph' && next === 'paragraph')
}

function addBlock(page: Page, block: Block, sheets: SheetOfBlock[]): void {
  switch (block.kind) {
    case 'heading':
      return addRow(
        page,
        [text(block.text, block.level === 1 ? 'heading' : 'subheading')],
        block.level === 1 ? 20 : LINE_POINTS,
      )
    case 'paragraph':
      return addProse(page, block.text, 'note')
    case 'note':
      return addProse(
        page,
        `${block.tone === 'warning' ? 'Attention' : 'Note'}: ${block.text}`,
        block.tone === 'warning' ? 'warning' : 'note',
      )
    case 'figures':
      return addFigures(page, block)
    case 'checks':
      return addChecks(page, block)
    case 'table':
    case 'chart':
      return addLink(page, block.title, sheets.find((sheet) => sheet.block === block)?.name)
  }
}

function addFigures(page: Page, { title, figures }: Extract<Block, { kind: 'figures' }>): void {
  const compared = [...new Set(figures.flatMap((figure) => (figure.comparisons ?? []).map(({ label }) => label)))]
  const withTargets = figures.some((figure) => figure.target !== undefined)
  addRow(page, [text(title, 'subheading')])
  addRow(page, [
    text('Figure', 'head'),
    text('Value', 'head-number'),
    ...compared.flatMap((label) => [text(label, 'head-number'), text('Change', 'head-number')]),
    ...(withTargets
      ? [text('Target', 'head-beside'), text('Target value', 'head-number'), text('Target is', 'head-beside')]
      : []),
  ])
  for (const figure of figures) addRow(page, figureCells(figure, compared, page))
}

function figureCells(figure: Figure, compared: string[], { document }: Page): Cell[] {
  assertValue(figure.value, figure, `the figure "${figure.label}"`)
  const comparisons = compared.flatMap((label): Cell[] => {
    const earlier = figure.comparisons?.find((comparison) => comparison.label === label)
    if (earlier === undefined) return [null, null]
    assertValue(earlier.value, figure, `"${label}" of the figure "${figure.label}"`)
    const change = changeOf(figure, figure.value, earlier.value, document.meta.currency)
    return [{ kind: 'value', value: earlier.value, format: figure }, changeCell(change, figure)]
  })
  const { target } = figure
  const targetCells: Cell[] =
    target === undefined
      ? []
      : [
          text(target.label, 'beside'),
          { kind: 'value', value: target.value, format: figure },
          text(targetWord(target), target.met === null ? 'beside' : target.met ? 'good' : 'bad'),
        ]
  return [
    text(figure.label, 'name'),
    { kind: 'value', value: figure.value, format: figure },
    ...comparisons,
    ...targetCells,
  ]
}

/** A share of the earlier value; between shares points, and over nothing the difference itself. */
function changeCell(change: ReturnType<typeof changeOf>, figure: Figure): Cell {
  if (change === null) return null
  if (change.share !== null) return { kind: 'change', number: change.share, unit: '%', digits: 1 }
  if (figure.type !== 'percent') return { kind: 'value', value: change.difference, format: figure, signed: true }
  const points = { ...change.difference, units: change.difference.units * 100n }
  return { kind: 'change', number: numberOfDecimal(points), unit: ' points', digits: figure.digits ?? 1 }
}

function addChecks(page: Page, { title, checks }: Extract<Block, { kind: 'checks' }>): void {
  addRow(page, [text(title, 'subheading')])
  addRow(page, [
    text('Check', 'head'),
    text('One side', 'head-number'),
    text('Other side', 'head-number'),
    text('Difference', 'head-number'),
    text('Result', 'head-beside'),
  ])
  for (const check of checks) {
    assertValue(check.left, check, `one side of the check "${check.label}"`)
    assertValue(check.right, check, `the other side of the check "${check.label}"`)
    addRow(page, [
      text(check.label, 'name'),
      { kind: 'value', value: check.left, format: check },
      { kind: 'value', value: check.right, format: check },
      { kind: 'difference', check, row: page.rows.length + 1 },
      text(check.holds ? '✓ holds' : '✗ does not hold', check.holds ? 'good' : 'bad'),
    ])
  }
}

function addLink(page: Page, title: string, name: string | undefined): void {
  if (name === undefined) return
  const reference = `A${page.rows.length + 1}`
  page.links.push(
    `<hyperlink ref="${reference}" location="${escapeXml(`${quotedSheetName(name)}!A1`)}" display="${escapeXml(name)}"/>`,
  )
  addRow(page, [text(`→ ${title}`, 'link')])
}

/** Prose over the whole width, as high as it needs. */
function addProse(page: Page, words: string, look: Look): void {
  const row = page.rows.length + 1
  const lines = words.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE_CHARACTERS)), 0)
  page.merged.push(`A${row}:${columnName(COLUMNS - 1)}${row}`)
  addRow(page, [text(words, look)], Math.min(400, lines * LINE_POINTS + 3))
}

function text(words: string, look: Look): Cell {
  return { kind: 'text', text: words, look }
}

function addRow(page: Page, cells: Cell[], height?: number): void {
  const number = page.rows.length + 1
  for (const [index, cell] of cells.entries()) {
    page.widths[index] = Math.max(page.widths[index] ?? VALUE_WIDTH, Math.min(widthOf(cell, page), WIDTH_MAX))
  }
  const size = height === undefined ? '' : ` ht="${height}" customHeight="1"`
  page.rows.push(
    `<row r="${number}"${size}>${cells.map((cell, index) => cellXml(cell, columnName(index) + number, page)).join('')}</row>`,
  )
}

/**
 * Room for numbers, which would show as ### without it, and for the names of figures and checks; prose may run over.
 */
function widthOf(cell: Cell, { context }: Page): number {
  if (cell?.kind === 'value' && isNumeric(cell.format.type))
    return context.formatter.value(cell.value, cell.format).length + 3
  return cell?.kind === 'text' && cell.look === 'name' ? cell.text.length + 2 : 0
}

function cellXml(cell: Cell, reference: string, { context, document }: Page): string {
  const { styles, locality } = context
  if (cell === null) return ''
  if (cell.kind === 'text') return textCell(reference, styles.of(cell.look), cell.text).xml
  if (cell.kind === 'change') return numberCell(reference, styles.ofChange(cell.unit, cell.digits), String(cell.number))
  if (cell.kind === 'difference') return differenceCell(cell, reference, context, document.meta.currency)
  const style = cell.signed === true ? styles.ofDifference(cell.format) : styles.of('plain', cell.format)
  return valueCell(reference, style, cell.value, cell.format, locality)
}

function differenceCell(
  { check, row }: { check: Check; row: number },
  reference: string,
  context: SheetContext,
  currency: string,
): string {
  const { left, right } = check
  if (!isNumeric(check.type) || typeof left !== 'number' || typeof right !== 'number') return ''
  const difference = subtractDecimals(quantityOf(left, check, currency), quantityOf(right, check, currency))
  const stored = cellNumber(difference, check, context.locality)
  return formulaCell(reference, context.styles.of('plain', check), `B${row}-C${row}`, stored ?? '0')
}

function sheetXml({ rows, merged, links, widths, context }: Page): string {
  const columns = widths
    .map((width, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`)
    .join('')
  const direction = context.rightToLeft ? ' rightToLeft="1"' : ''
  const merges =
    merged.length === 0
      ? ''
      : `<mergeCells count="${merged.length}">${merged.map((ref) => `<mergeCell ref="${ref}"/>`).join('')}</mergeCells>`
  const hyperlinks = links.length === 0 ? '' : `<hyperlinks>${links.join('')}</hyperlinks>`
  return `${XML_HEAD}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0"${direction}/></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>${columns}</cols><sheetData>${rows.join('')}</sheetData>${merges}${hyperlinks}<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/></worksheet>`
}
