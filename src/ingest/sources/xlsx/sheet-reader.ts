import { plainDecimal } from '../jsonl/json-record.ts'
import type { CellStyles } from './cell-styles.ts'
import type { SerialReader } from './serial-date.ts'
import { type SharedStrings, TEXT_CHARS_MAX, unescapeControls } from './shared-strings.ts'
import { createXmlReader, LimitError } from './xml-reader.ts'

const COLUMNS_MAX = 16_384
const ROWS_MAX = 1_048_576
/** Characters of all cells of a row. */
const ROW_CHARS_MAX = 1 << 22
/** Characters of all cells: a text that stands in the file once may be in every cell. */
const SHEET_CHARS_MAX = 2 ** 31
/** Digits that a number of a workbook keeps; what stands behind them is noise, as in 0.30000000000000004. */
const DIGITS = 15

/** `at` counts columns from 0. `fault`: there is no value, and why; `text` is then what the cell shows. */
export type SheetCell = { at: number; text: string; fault: string | null }
export type SheetRow = { row: number; cells: SheetCell[] }

export type SheetTools = { strings: SharedStrings; styles: CellStyles; serialText: SerialReader }

export type SheetReader = {
  /** The rows that end in this piece. */
  write(piece: string): SheetRow[]
  end(): void
}

type State = {
  row: number
  cells: SheetCell[]
  /** In the cells of the row, and of all rows. */
  rowChars: number
  sheetChars: number
  at: number
  type: string
  style: number
  hasFormula: boolean
  text: string
  isText: boolean
  phonetic: number
}

/**
 * Reads the XML of a sheet. Throws for what no spreadsheet program writes: rows out of order, columns beyond the last.
 */
export function createSheetReader(tools: SheetTools): SheetReader {
  const state: State = {
    row: 0,
    cells: [],
    rowChars: 0,
    sheetChars: 0,
    at: -1,
    type: 'n',
    style: 0,
    hasFormula: false,
    text: '',
    isText: false,
    phonetic: 0,
  }
  let rows: SheetRow[] = []
  const reader = createXmlReader({
    open: (element, attributes) => openElement(state, element, attributes),
    text(piece) {
      if (!state.isText) return
      if (state.text.length + piece.length > TEXT_CHARS_MAX) {
        throw new LimitError(`a cell of row ${state.row} holds more than ${TEXT_CHARS_MAX} characters`)
      }
      state.text += piece
    },
    close(element) {
      if (element === 'c') keepCell(state, cellOf(state, tools))
      else if (element === 'row') rows.push({ row: state.row, cells: state.cells })
      else if (element === 'rPh') state.phonetic -= 1
      state.isText = false
    },
  })
  return {
    write(piece) {
      rows = []
      reader.write(piece)
      return rows
    },
    end: reader.end,
  }
}

function openElement(state: State, element: string, attributes: Readonly<Record<string, string>>): void {
  switch (element) {
    case 'row':
      beginRow(state, attributes['r'])
      break
    case 'c':
      beginCell(state, attributes)
      break
    case 'f':
      state.hasFormula = true
      break
    case 'rPh':
      state.phonetic += 1
      break
    case 'v':
    case 't':
      state.isText = state.phonetic === 0
      break
    default:
  }
}

function beginRow(state: State, number: string | undefined): void {
  const row = number === undefined ? state.row + 1 : Number(number)
  if (!(row > state.row && row <= ROWS_MAX)) throw new Error(`its row ${number} stands after row ${state.row}`)
  state.row = row
  state.cells = []
  state.rowChars = 0
  state.at = -1
}

function beginCell(
  state: State,
  { r: reference, t: type = 'n', s: style = '0' }: Readonly<Record<string, string>>,
): void {
  state.at = reference === undefined ? state.at + 1 : columnOf(reference)
  if (!(state.at >= 0 && state.at < COLUMNS_MAX)) throw new Error(`it has no column for its cell ${reference}`)
  state.type = type
  state.style = Number(style)
  state.hasFormula = false
  state.text = ''
}

/** A cell may say that it is where another was: whatever they say, a row has no more than there are columns. */
function keepCell(state: State, cell: SheetCell): void {
  state.rowChars += cell.text.length
  state.sheetChars += cell.text.length
  if (state.cells.length === COLUMNS_MAX)
    throw new LimitError(`its row ${state.row} has more than ${COLUMNS_MAX} cells`)
  if (state.rowChars > ROW_CHARS_MAX)
    throw new LimitError(`its row ${state.row} holds more than ${ROW_CHARS_MAX} characters`)
  if (state.sheetChars > SHEET_CHARS_MAX) throw new LimitError(`it holds more than ${SHEET_CHARS_MAX} characters`)
  state.cells.push(cell)
}

/** `B3` is column 1. */
function columnOf(reference: string): number {
  let column = 0
  for (let at = 0; at < reference.length; at += 1) {
    const letter = reference.charCodeAt(at) - 64
    if (letter < 1 || letter > 26) break
    column = column * 26 + letter
  }
  return column - 1
}

function cellOf(state: State, tools: SheetTools): SheetCell {
  const { at, type, text, hasFormula } = state
  const value = (shown: string) => ({ at, text: shown, fault: null })
  const faulty = (shown: string, fault: string) => ({ at, text: shown, fault })
  if (text === '' && hasFormula && type !== 'str') {
    return faulty('', 'is a formula without its result; open the workbook, recalculate and save it')
  }
  switch (type) {
    case 's': {
      const shared = text === '' ? '' : tools.strings(Number(text))
      return shared === null ? faulty(text, 'refers to a text that the workbook lacks') : value(shared)
    }
    case 'str':
    case 'inlineStr':
      return value(unescapeControls(text))
    case 'b':
      return value(text === '1' ? 'true' : text === '0' ? 'false' : text)
    case 'e':
      return faulty(text, 'is an error of the workbook')
    case 'd':
      return value(text)
    default:
      return text === '' ? value('') : numberCell(state, tools)
  }
}

function numberCell({ at, text, style }: State, { styles, serialText }: SheetTools): SheetCell {
  const kind = styles[style] ?? 'number'
  const number = Number(text)
  if (!Number.isFinite(number)) return { at, text, fault: 'is no number' }
  if (kind === 'number') return { at, text: numberText(text, number), fault: null }
  const shown = serialText(number, kind)
  return shown === null ? { at, text, fault: 'is no date that a workbook can hold' } : { at, text: shown, fault: null }
}

function numberText(text: string, value: number): string {
  if (/^-?[1-9]\d{0,14}$/.test(text)) return text
  return plainDecimal(String(Number(value.toPrecision(DIGITS))))
}
