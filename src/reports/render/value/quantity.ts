import { PermanentError } from '../../../errors.ts'
import { currencyExponent } from '../../../money.ts'
import type { Format, Value } from '../../document.ts'
import { type Decimal, decimalOf, textOfDecimal } from './decimal.ts'

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** The currency of a money value: its own, else the document's. */
export function currencyOf(format: Format, currency: string): string {
  return format.currency ?? currency
}

/**
 * A number as the exact decimal people read: money in major units at its currency's scale, every other type as written.
 */
export function quantityOf(value: number, format: Format, currency: string): Decimal {
  if (format.type !== 'money') return decimalOf(value)
  return { units: BigInt(value), scale: currencyExponent(currencyOf(format, currency)) }
}

/** The text of `quantityOf`, by a shorter way for the numbers that sheets are full of. */
export function quantityText(value: number, format: Format, currency: string): string {
  if (format.type === 'money') return moneyText(value, currencyExponent(currencyOf(format, currency)))
  const text = String(value + 0)
  return text.includes('e') ? textOfDecimal(decimalOf(value)) : text
}

function moneyText(minor: number, scale: number): string {
  if (scale === 0) return String(minor + 0)
  const digits = String(Math.abs(minor)).padStart(scale + 1, '0')
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/**
 * Refuses a value that is not what its column or figure says it is (PermanentError `report-value`): a number that
 * arrived as text, a fraction of a penny, a key that no row has. `where` names the place in words.
 */
export function assertValue(value: unknown, format: Format, where: string): asserts value is Value {
  if (value === null || isOfType(value, format)) return
  const shown = value === undefined ? 'no value at all (say null for none)' : JSON.stringify(value)
  throw new PermanentError('report-value', `${where} is declared as ${format.type} but holds ${shown}`)
}

function isOfType(value: unknown, { type }: Format): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string'
    case 'money':
      return Number.isSafeInteger(value)
    case 'integer':
      return Number.isInteger(value)
    case 'decimal':
    case 'percent':
    case 'duration':
      return Number.isFinite(value)
    case 'date':
      return typeof value === 'string' && DAY.test(value)
    case 'datetime':
      return typeof value === 'string' && value.includes('T')
  }
}
