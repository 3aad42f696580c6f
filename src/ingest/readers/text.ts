import { type CellReader, fault, isFault } from './cell.ts'

/** Combining accents, which decomposition parts from Latin, Greek and Cyrillic letters. */
const ACCENTS = /[\u0300-\u036f]/g
const NEITHER_LETTER_NOR_DIGIT = /[^\p{L}\p{M}\p{N}]+/gu

/** Text as it stands, without spaces around it. */
export function textReader(max: number): CellReader {
  return (text) => {
    if (text.length > max) return fault(`is longer than ${max} characters`)
    return text.includes('\0') ? fault('holds a NUL character') : text
  }
}

/** A name turned into an id: `Technical Support` to `technical-support`, `Zoë` to `zoe`; other scripts keep their letters. */
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

/** Words of the file to values of the table. */
export function valuesReader(values: Readonly<Record<string, string>>): CellReader {
  const known = new Map(Object.entries(values))
  const reason = `is none of ${[...known.keys()].join(', ')}`
  return (text) => known.get(text) ?? fault(reason)
}

/** A JSON object. */
export function jsonReader(max: number): CellReader {
  const read = textReader(max)
  return (text) => {
    const cell = read(text)
    if (cell === null || isFault(cell)) return cell
    const value = parsed(cell)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    // Written anew: PostgreSQL's jsonb refuses an escaped NUL that JSON allows.
    return isObject && !cell.includes('\\u0000') ? JSON.stringify(value) : fault('is not a JSON object')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
