import type { ColumnType, FactColumn } from '../kinds/kind.ts'
import type { ReadingContext } from '../mapping/compile-column.ts'
import { type Cell, type CellReader, type Fault, fault } from '../readers/cell.ts'
import { dateReader, instantBounds, timeReader } from '../readers/instant.ts'
import { amountMax, inRange, type Range, wholeInRange } from '../readers/numbers.ts'
import { currencyReader, jsonObject, oneOfReader, textArray, textReader } from '../readers/text.ts'

/** Reads a JSON value that is there; null: it holds nothing. */
export type JsonReader = (value: unknown) => Cell

/**
 * How the values of a column are read when they come as JSON: by the same readers as text, without becoming text first.
 */
export function jsonColumnReader(column: FactColumn, context: ReadingContext): JsonReader {
  const max = column.max ?? 200
  switch (column.type) {
    case 'id':
      return textual(column, textReader(max))
    case 'text':
      return textual(column, column.oneOf === undefined ? textReader(max) : oneOfReader(column.oneOf))
    case 'texts':
      return (value) => textArray(value, max)
    case 'integer':
    case 'seconds':
      return whole(column, column)
    case 'money':
      return whole(column, { min: column.min ?? -amountMax, max: amountMax })
    case 'number':
      return (value) => (typeof value === 'number' ? inRange(value, column) : mistaken(value, column.type))
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? String(value) : mistaken(value, column.type))
    case 'instant':
      return textual(
        column,
        timeReader('iso', context.timeZone, instantBounds(context.clock, column.mayBeAhead === true)),
      )
    case 'date':
      return textual(column, dateReader)
    case 'currency':
      return textual(column, currencyReader(context.currency))
    case 'attributes':
      return (value) => jsonObject(value, max)
  }
}

function textual({ type }: FactColumn, read: CellReader): JsonReader {
  return (value) => {
    if (typeof value !== 'string') return mistaken(value, type)
    const text = value.trim()
    return text === '' ? null : read(text)
  }
}

function whole({ type }: FactColumn, range: Range): JsonReader {
  return (value) => {
    if (typeof value !== 'number') return mistaken(value, type)
    return Number.isInteger(value) ? wholeInRange(value, range) : fault(`is not ${WORDS[type]}`)
  }
}

/** What each type is called in a sentence. */
const WORDS: Record<ColumnType, string> = {
  id: 'text',
  text: 'text',
  texts: 'a list of texts',
  integer: 'a whole number',
  number: 'a number',
  seconds: 'a whole number of seconds',
  boolean: 'true or false',
  instant: 'a time such as "2026-03-29T14:05:00Z"',
  date: 'a date such as "2026-03-29"',
  money: 'a whole number of minor units, such as cents',
  currency: 'a currency such as "EUR"',
  attributes: 'a JSON object',
}

/** A value of another type than the column's. What it is is never guessed. */
function mistaken(value: unknown, type: ColumnType): Fault {
  const is = Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : KINDS[typeof value]
  return fault(`is ${is}, not ${WORDS[type]}`)
}

const KINDS: Partial<Record<string, string>> = { string: 'text', number: 'a number', boolean: 'true or false' }
