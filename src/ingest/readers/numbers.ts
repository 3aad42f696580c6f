import { withoutZeros } from '../sources/jsonl/json-record.ts'
import { type Cell, type CellReader, fault } from './cell.ts'

/** Digits that stay below PostgreSQL's bigint and JavaScript's exact integers. */
const DIGITS_MAX = 15
/** The largest amount of money, in minor units. */
export const amountMax = 10 ** DIGITS_MAX - 1

const WHOLE = /^([+-]?)(\d+)(?:\.0*)?$/
const DURATION = /^(-?)(?:(\d+):)?(\d{1,2}):(\d{2})$/

export type Range = { min?: number | undefined; max?: number | undefined }

/** A whole number within a range; `12.0`, as spreadsheets write it, is one. */
export function integerReader({ min, max }: Range): CellReader {
  return (text) => {
    const parts = WHOLE.exec(text)
    if (parts === null) return fault('is not a whole number')
    return wholeInRange(Number(`${parts[1]}${parts[2]}`), { min, max })
  }
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/

/** A number within a range, with decimals or without. */
export function numberReader({ min, max }: Range, decimal: '.' | ','): CellReader {
  return (text) => {
    const plain = decimal === '.' ? text : text.replace(decimal, '.')
    return NUMBER.test(plain) ? inRange(Number(plain), { min, max }) : fault('is not a number')
  }
}

/** A span as h:mm:ss or m:ss, in seconds. */
export function durationReader({ min, max }: Range): CellReader {
  return (text) => {
    const parts = DURATION.exec(text)
    if (parts === null) return fault('is not a duration such as 0:02:23')
    const minutes = Number(parts[3])
    const seconds = Number(parts[4])
    if (seconds > 59 || (parts[2] !== undefined && minutes > 59)) return fault('is not a duration such as 0:02:23')
    const value = Number(parts[2] ?? 0) * 3600 + minutes * 60 + seconds
    return wholeInRange(parts[1] === '-' ? -value : value, { min, max })
  }
}

/** A whole number, when it is exact and within a range. */
export function wholeInRange(value: number, range: Range): Cell {
  return Number.isSafeInteger(value) ? inRange(value, range) : fault('is too large')
}

/** A number, when it is within a range. */
export function inRange(value: number, { min, max }: Range): Cell {
  if (!Number.isFinite(value)) return fault('is too large')
  if (min === 0 && value < 0) return fault('is negative')
  if (min !== undefined && value < min) return fault(`is below ${min}`)
  if (max !== undefined && value > max) return fault(`is above ${max}`)
  return value === 0 ? '0' : String(value)
}

export type MoneyFormat = {
  /** Decimals of the currency: 2 for GBP, 0 for JPY. */
  exponent: number
  currency: string
  decimal: '.' | ','
  /** What parts thousands, if anything does. */
  group: string | null
  /** More decimals than the currency has: rounded half away from zero, or refused. */
  round: boolean
}

/** A decimal amount in major units, to whole minor units. Works on the digits, so that no cent is lost on the way. */
export function decimalReader(format: MoneyFormat): CellReader {
  const { group } = format
  const amount = amountPattern(format.decimal, group)
  return (text) => {
    const parts = amount.exec(text)
    if (parts === null) return fault('is not an amount of money')
    const whole = group === null ? (parts[2] ?? '') : (parts[2] ?? '').replaceAll(group, '')
    const fraction = withoutZeros(parts[3] ?? '')
    if (fraction.length > format.exponent && !format.round) {
      return fault(`has more decimals than ${format.currency} has (${format.exponent})`)
    }
    const digits = `${whole}${fraction.slice(0, format.exponent).padEnd(format.exponent, '0')}`.replace(/^0+(?=\d)/, '')
    if (digits.length > DIGITS_MAX) return fault('is too large')
    const up = (fraction[format.exponent] ?? '0') >= '5'
    const minor = up ? String(Number(digits) + 1) : digits
    return parts[1] === '-' && minor !== '0' ? `-${minor}` : minor
  }
}

/** Groups must be whole thousands: `12,50` is no amount where the comma parts thousands. */
function amountPattern(decimal: string, group: string | null): RegExp {
  const whole = group === null ? '\\d+' : `\\d+|\\d{1,3}(?:${RegExp.escape(group)}\\d{3})+`
  return new RegExp(`^([+-]?)(${whole})(?:${RegExp.escape(decimal)}(\\d*))?$`)
}

/** An amount that is in minor units already. */
export function minorReader(): CellReader {
  const read = integerReader({})
  return (text) => {
    const cell = read(text)
    return typeof cell === 'string' && cell.length > DIGITS_MAX + 1 ? fault('is too large') : cell
  }
}
