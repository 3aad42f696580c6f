import { type Cell, type CellReader, type Fault, fault, isFault } from './cell.ts'

/** Combining accents, which decomposition parts from Latin, Greek and Cyrillic letters. */
const ACCENTS = /[\u0300-\u036f]/g
const NEITHER_LETTER_NOR_DIGIT = /[^\p{L}\p{M}\p{N}]+/gu

/** Text as it stands, without spaces around it. */
export function textReader(max: number): CellReader {
  return (text) => {
    if (text.length > max) return fault(`is longer than ${max} characters`)
    const reason = textFault(text)
    return reason === null ? text : fault(reason)
  }
}

const TEXTS_MAX = 50

/** Several texts, with semicolons between or as a JSON list, as PostgreSQL writes an array. */
export function textsReader(max: number): CellReader {
  return (text) => textArray(text.startsWith('[') ? parsed(text) : text.split(';'), max)
}

/** Texts as PostgreSQL writes an array; those that are empty are left out. */
export function textArray(texts: unknown, max: number): Cell {
  if (!Array.isArray(texts)) return fault('is not a list of texts')
  const read = textReader(max)
  const items: string[] = []
  for (const text of texts) {
    if (typeof text !== 'string') return fault('is not a list of texts')
    const cell = read(text.trim())
    if (isFault(cell)) return cell
    if (cell !== null && cell !== '') items.push(`"${cell.replaceAll(/["\\]/g, '\\$&')}"`)
  }
  return items.length > TEXTS_MAX ? fault(`holds more than ${TEXTS_MAX} texts`) : `{${items.join(',')}}`
}

/**
 * A name turned into an id: `Technical Support` to `technical-support`, `Zoë` to `zoe`; other scripts keep their
 * letters.
 */
export function slugReader(max: number): CellReader {
  const read = textReader(max)
  return (text) => {
    const cell = read(text)
    if (cell === null || isFault(cell)) return cell
    const slug = cell
      .normalize('NFKD')
      .replaceAll(ACCENTS, '')
      .normalize('NFC')
      .toLowerCase()
      .replaceAll(NEITHER_LETTER_NOR_DIGIT, '-')
      .replaceAll(/^-|-$/g, '')
    return slug === '' ? fault('has no letter or digit to make an id of') : slug
  }
}

/** One of a closed set, written exactly so. */
export function oneOfReader(allowed: readonly string[]): CellReader {
  const known = new Set(allowed)
  return (text) => (known.has(text) ? text : fault(`is none of ${allowed.join(', ')}`))
}

/** All money of a client is in one currency. */
export function currencyReader(currency: string): CellReader {
  return (text) => (text === currency ? text : fault(`is not the client's currency, which is ${currency}`))
}

const WORDS_CHARS_MAX = 300

/** Words of the file to values of the table. */
export function valuesReader(values: Readonly<Record<string, string>>): CellReader {
  const known = new Map(Object.entries(values))
  const words = [...known.keys()].join(', ')
  // It is said of each row that has another word.
  const reason = `is none of ${words.length > WORDS_CHARS_MAX ? `${words.slice(0, WORDS_CHARS_MAX)}…` : words}`
  return (text) => known.get(text) ?? fault(reason)
}

/** A JSON object, as it stands: jsonb keeps every digit of its numbers. */
export function jsonReader(max: number): CellReader {
  return (text) => {
    if (text.length > max) return fault(`is longer than ${max} characters`)
    return objectFault(parsed(text)) ?? text
  }
}

/** PostgreSQL reads nested JSON by recursion, and nobody means to send more. */
const DEPTH_MAX = 32

/** A value as the text of a JSON object that PostgreSQL's jsonb takes. */
export function jsonObject(value: unknown, max: number): Cell {
  const wrong = objectFault(value)
  if (wrong !== null) return wrong
  const text = JSON.stringify(value)
  return text.length > max ? fault(`is longer than ${max} characters`) : text
}

function objectFault(value: unknown): Fault | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('is not a JSON object')
  const reason = jsonFault(value, DEPTH_MAX)
  return reason === null ? null : fault(reason)
}

/**
 * What jsonb has against a value: it holds neither NUL nor half a surrogate pair, and JSON no number without an end.
 */
function jsonFault(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return textFault(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return 'holds a number that is too large'
  if (typeof value !== 'object' || value === null) return null
  if (depth === 0) return `is nested more than ${DEPTH_MAX} deep`
  for (const [name, member] of Object.entries(value)) {
    const reason = textFault(name) ?? jsonFault(member, depth - 1)
    if (reason !== null) return reason
  }
  return null
}

/** What PostgreSQL's text cannot hold. */
function textFault(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character'
  return text.isWellFormed() ? null : 'holds half a surrogate pair'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
