import { InputError } from '../../errors.ts'
import { currencyExponent } from '../../money.ts'
import { suggestion } from '../../nearest.ts'
import type { Clock } from '../../time.ts'
import type { ColumnType, FactColumn } from '../kinds/kind.ts'
import { type Cell, type CellReader, fault } from '../readers/cell.ts'
import { dateReader, epochReader, instantBounds, timeReader } from '../readers/instant.ts'
import { decimalReader, durationReader, integerReader, minorReader, numberReader } from '../readers/numbers.ts'
import {
  currencyReader,
  jsonReader,
  oneOfReader,
  slugReader,
  textReader,
  textsReader,
  valuesReader,
} from '../readers/text.ts'
import { ASK_FOR_HEADER, countOf, FileFault, listed } from '../sources/file-fault.ts'
import type { ColumnSource, Condition } from './mapping.ts'

/** What reading depends on beside the mapping: whose data it is, and when now is. */
export type ReadingContext = {
  timeZone: string
  currency: string
  clock: Clock
  /**
   * The file tells numbers and dates from text: they come as `1234.5` and `2026-03-29`, whatever the mapping says of
   * text.
   */
  hasRealValues?: boolean
}

/** Finds a column of the file; throws a FileFault when there is none. */
export type FindColumn = (name: string) => number

export type Fields = readonly string[]

export type CompiledColumn = {
  name: string
  /** The columns of the file that it reads, as a person sees them. */
  from: string
  read(fields: Fields): Cell
  /** The text that was read, for whoever is told about a fault. */
  source(fields: Fields): string
}

/** Options that only some types take. */
const OPTIONS: Record<ColumnType, readonly (keyof ColumnSource)[]> = {
  id: ['as'],
  text: [],
  texts: [],
  integer: [],
  number: ['decimal'],
  seconds: ['as'],
  boolean: [],
  instant: ['as', 'format'],
  date: [],
  money: ['as', 'decimal', 'group', 'round', 'sign'],
  currency: [],
  attributes: [],
}

const READINGS: Record<ColumnType, readonly string[]> = {
  id: ['slug'],
  text: [],
  texts: [],
  integer: [],
  number: [],
  seconds: ['duration'],
  boolean: [],
  instant: ['epoch-seconds', 'epoch-milliseconds'],
  date: [],
  money: ['minor'],
  currency: [],
  attributes: [],
}

/** Turns the declaration of one column into the function that reads it from a row. `place` is how messages call it. */
export function compileColumn(
  place: string,
  name: string,
  column: FactColumn,
  source: ColumnSource,
  find: FindColumn,
  context: ReadingContext,
): CompiledColumn {
  refuseOddOptions(place, column, source)
  const plain = readerOf(place, column, source, context)
  const constant = (value: string | number | boolean) => constantCell(place, plain, value)
  const read = source.values === undefined ? plain : mappedReader(source.values, constant)
  const whenEmpty = source.empty === undefined ? (column.whenEmpty ?? null) : constant(source.empty)
  const absent: Cell = whenEmpty === null && column.required === true ? fault('is empty') : whenEmpty
  const cellOf: CellReader = (text) => (text === '' ? absent : read(text))

  if (source.value !== undefined) {
    const value = constant(source.value)
    return { name, from: '', read: () => value, source: () => '' }
  }
  if (source.when !== undefined) {
    const holds = compileCondition(source.when, find)
    const yes = constant(source.then ?? '')
    const no = constant(source.else ?? '')
    const at = find(source.when.column)
    return {
      name,
      from: source.when.column,
      read: (fields) => (holds(fields) ? yes : no),
      source: (fields) => fields[at] ?? '',
    }
  }
  const names = source.columns ?? [source.column ?? '']
  const text = textOf(names.map(find), column.type === 'attributes' && source.columns !== undefined ? names : null)
  return { name, from: names.join(' + '), read: (fields) => cellOf(text(fields)), source: text }
}

/** A question to a row, as a function. */
export function compileCondition(condition: Condition, find: FindColumn): (fields: Fields) => boolean {
  const at = find(condition.column)
  const { is, isNot, startsWith, empty } = condition
  if ([is, isNot, startsWith, empty].every((test) => test === undefined)) {
    throw new InputError(
      'mapping',
      `The condition on "${condition.column}" asks nothing: give is, isNot, startsWith or empty`,
    )
  }
  return (fields) => {
    const text = (fields[at] ?? '').trim()
    if (is !== undefined && text !== is) return false
    if (isNot !== undefined && text === isNot) return false
    if (startsWith !== undefined && !text.startsWith(startsWith)) return false
    return empty === undefined || (text === '') === empty
  }
}

function refuseOddOptions(place: string, column: FactColumn, source: ColumnSource): void {
  const origins = [source.column, source.columns, source.value, source.when].filter((origin) => origin !== undefined)
  if (origins.length !== 1) throw wrong(place, 'needs exactly one of column, columns, value, when')
  if (source.when !== undefined && (source.then === undefined || source.else === undefined)) {
    throw wrong(place, '"when" needs both "then" and "else"')
  }
  for (const option of ['as', 'format', 'decimal', 'group', 'round', 'sign'] as const) {
    if (source[option] !== undefined && !OPTIONS[column.type].includes(option)) {
      throw wrong(place, `"${option}" means nothing for ${article(column.type)}`)
    }
  }
  const { as } = source
  if (as !== undefined && !READINGS[column.type].includes(as)) {
    const known = READINGS[column.type].join(', ')
    throw wrong(place, `${article(column.type)} cannot be read as "${as}", only as ${known}`)
  }
}

function readerOf(place: string, column: FactColumn, source: ColumnSource, context: ReadingContext): CellReader {
  const max = column.max ?? 200
  switch (column.type) {
    case 'id':
      return source.as === 'slug' ? slugReader(max) : textReader(max)
    case 'text':
      return column.oneOf === undefined ? textReader(max) : oneOfReader(column.oneOf)
    case 'texts':
      return textsReader(max)
    case 'integer':
      return integerReader(column)
    case 'number':
      return orPlain(numberReader(column, source.decimal ?? '.'), numberReader(column, '.'), source, context)
    case 'seconds':
      return source.as === 'duration' ? durationReader(column) : integerReader(column)
    case 'boolean':
      return valuesReader({ true: 'true', false: 'false' })
    case 'instant':
      return instantReader(column, source, context)
    case 'date':
      return dateReader
    case 'money':
      return moneyReader(place, column, source, context)
    case 'currency':
      return currencyReader(context.currency)
    case 'attributes':
      return jsonReader(max)
  }
}

function instantReader(column: FactColumn, source: ColumnSource, context: ReadingContext): CellReader {
  const bounds = instantBounds(context.clock, column.mayBeAhead === true)
  if (source.as === 'epoch-seconds') return epochReader(1000, bounds)
  if (source.as === 'epoch-milliseconds') return epochReader(1, bounds)
  return timeReader(source.format ?? 'iso', context.timeZone, bounds, context.hasRealValues === true)
}

function moneyReader(place: string, column: FactColumn, source: ColumnSource, context: ReadingContext): CellReader {
  const { currency } = context
  const decimal = source.decimal ?? '.'
  const group = source.group ?? null
  if (group === decimal) throw wrong(place, `"${group}" cannot part both thousands and decimals`)
  const format = { exponent: currencyExponent(currency), currency, round: source.round === true }
  const read =
    source.as === 'minor'
      ? minorReader()
      : orPlain(
          decimalReader({ ...format, decimal, group }),
          decimalReader({ ...format, decimal: '.', group: null }),
          source,
          context,
        )
  return (text) => {
    const cell = read(text)
    if (typeof cell !== 'string') return cell
    const amount = source.sign === 'negate' ? negated(cell) : cell
    return column.min === 0 && amount.startsWith('-') ? fault('is negative') : amount
  }
}

const PLAIN = /^-?\d+(?:\.(\d+))?$/

/** Numbers of a file that has real ones have a point, also where the mapping says that text has a comma. */
function orPlain(read: CellReader, readPlain: CellReader, source: ColumnSource, context: ReadingContext): CellReader {
  if (context.hasRealValues !== true || source.decimal !== ',') return read
  return (text) => {
    const parts = PLAIN.exec(text)
    if (parts === null) return read(text)
    const isAmbiguous = source.group === '.' && parts[1]?.length === 3
    return isAmbiguous ? fault('may have decimals or thousands behind its point; leave "group" out') : readPlain(text)
  }
}

/** An amount in minor units with its sign turned. */
export function negated(amount: string): string {
  if (amount === '0') return amount
  return amount.startsWith('-') ? amount.slice(1) : `-${amount}`
}

/** Words of the file to values, each of which must itself be one that the column takes. */
function mappedReader(
  values: Readonly<Record<string, string | number | boolean>>,
  constant: (value: string | number | boolean) => string,
): CellReader {
  return valuesReader(Object.fromEntries(Object.entries(values).map(([word, value]) => [word, constant(value)])))
}

function constantCell(place: string, read: CellReader, value: string | number | boolean): string {
  const cell = read(String(value))
  if (typeof cell === 'string') return cell
  throw wrong(place, `"${value}" ${cell === null ? 'is no value' : cell.reason}`)
}

/** The text of one column, of several with a space between, or of several as a JSON object of their names. */
function textOf(at: readonly number[], names: readonly string[] | null): (fields: Fields) => string {
  if (names !== null) {
    return (fields) => {
      const entries = at.map((index, place): [string, string] => [names[place] ?? '', (fields[index] ?? '').trim()])
      return JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== '')))
    }
  }
  const only = at[0] ?? 0
  if (at.length === 1) return (fields) => (fields[only] ?? '').trim()
  return (fields) =>
    at
      .map((index) => (fields[index] ?? '').trim())
      .filter((part) => part !== '')
      .join(' ')
}

function article(type: ColumnType): string {
  return /^[aei]/.test(type) ? `an ${type}` : `a ${type}`
}

/** A fault of a mapping, with its place. */
export function wrong(place: string, reason: string): InputError {
  return new InputError('mapping', `${place}: ${reason}. See docs/import.md.`)
}

/** Finds columns in a header; to a terminal, `Agnet` is answered with the nearest there is. */
export function columnFinder(header: readonly string[]): FindColumn {
  const places = new Map(header.map((name, index) => [name, index]))
  return (name) => {
    const at = places.get(name)
    if (at !== undefined) return at
    throw new FileFault(
      'missing-column',
      `The file lacks a column that the mapping reads, among its ${countOf(header)}. ${ASK_FOR_HEADER}`,
      `There is no "${name}"; its columns are ${listed(header)}${suggestion(name, header)}.`,
    )
  }
}
