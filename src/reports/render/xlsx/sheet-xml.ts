import type { DocumentMeta, Format, Value } from '../../document.ts'
import { type Decimal, numberOfDecimal, textOfDecimal } from '../value/decimal.ts'
import { quantityText } from '../value/quantity.ts'

/** Characters a cell holds; longer texts are cut and marked. */
export const CELL_TEXT_MAX = 32_767
const CUT_MARK = ' … [cut]'

const DAY_SECONDS = 86_400
const DAY_MS = DAY_SECONDS * 1000
/** Day 0 of the 1900 date system, as programs count it since they took 1900 for a leap year. */
const EPOCH_MS = Temporal.Instant.from('1899-12-30T00Z').epochMilliseconds
/** Before 1 March 1900 serials mean different days to different programs: such days are written as text. */
const FIRST_SAFE_SERIAL = 61

export type Locality = Pick<DocumentMeta, 'currency' | 'timeZone'>

/** Text for XML. Characters that XML cannot hold become U+FFFD; see `escapeCellText` for cells. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[<>&"]/g, (character) => ENTITIES[character] as string)
    .replace(FORBIDDEN, '\ufffd')
}

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ENCODED = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: a quick look whether a text needs any of the work above
const SPECIAL = /[<>&"_\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/

/**
 * Cell text for XML: control characters as `_xHHHH_`, and texts that already look like that kept as they are (ECMA-376,
 * ST_Xstring).
 */
export function escapeCellText(text: string): string {
  if (!SPECIAL.test(text)) return text
  const encoded = text.toWellFormed().replace(ENCODED, (character) => `_x${hex(character)}_`)
  return encoded.replace(/[<>&"]/g, (character) => ENTITIES[character] as string)
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
}

/** The letters of a column, the first being 0: A … Z, AA … */
export function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter
}

/** A text cell: never a formula, spaces kept. `cut` tells whether it was too long. */
export function textCell(reference: string, style: number, text: string): { xml: string; cut: boolean } {
  const cut = text.length > CELL_TEXT_MAX
  const kept = cut ? text.slice(0, CELL_TEXT_MAX - CUT_MARK.length).toWellFormed() + CUT_MARK : text
  const xml = `<c r="${reference}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escapeCellText(kept)}</t></is></c>`
  return { xml, cut }
}

/** A number cell from decimal text. */
export function numberCell(reference: string, style: number, number: string): string {
  return `<c r="${reference}" s="${style}"><v>${number}</v></c>`
}

/** A formula with the value it has, for readers that do not calculate. */
export function formulaCell(reference: string, style: number, formula: string, number: string): string {
  return `<c r="${reference}" s="${style}"><f>${escapeXml(formula)}</f><v>${number}</v></c>`
}

export function emptyCell(reference: string, style: number): string {
  return `<c r="${reference}" s="${style}"/>`
}

/** A cell for a value of a format: a number where spreadsheets have one for it, else text; empty for no value. */
export function valueCell(
  reference: string,
  style: number,
  value: Value | Decimal,
  format: Format,
  locality: Locality,
): string {
  if (value === null) return emptyCell(reference, style)
  const stored = cellNumber(value, format, locality)
  if (stored !== null) return numberCell(reference, style, stored)
  return textCell(reference, style, typeof value === 'string' ? value : '').xml
}

/**
 * The number a spreadsheet keeps for a value: money in major units to the last digit, days and local date-times as
 * serials of the 1900 system, durations in days. null where the value can only be text (text, and days before March
 * 1900).
 */
export function cellNumber(value: Exclude<Value, null> | Decimal, format: Format, locality: Locality): string | null {
  if (typeof value === 'string') return serialOf(value, format, locality.timeZone)
  if (format.type !== 'duration')
    return typeof value === 'number' ? quantityText(value, format, locality.currency) : textOfDecimal(value)
  const seconds = typeof value === 'number' ? value : numberOfDecimal(value)
  return quantityText(seconds / DAY_SECONDS, format, locality.currency)
}

function serialOf(text: string, { type }: Format, timeZone: string): string | null {
  if (type === 'date') return safeSerial(Temporal.Instant.from(`${text}T00Z`).epochMilliseconds)
  if (type !== 'datetime') return null
  const local = Temporal.Instant.from(text).toZonedDateTimeISO(timeZone)
  return safeSerial(local.epochMilliseconds + local.offsetNanoseconds / 1e6)
}

function safeSerial(milliseconds: number): string | null {
  const serial = (milliseconds - EPOCH_MS) / DAY_MS
  return serial < FIRST_SAFE_SERIAL ? null : String(serial)
}
