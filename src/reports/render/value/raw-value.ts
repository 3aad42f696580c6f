import type { DocumentMeta, Format, Value } from '../../document.ts'
import { type Decimal, textOfDecimal } from './decimal.ts'
import { quantityText } from './quantity.ts'

/**
 * A value for programs: money in major units (`-12.50`), shares as fractions (`0.5`), durations in seconds, always with
 * a point and never with an exponent; days in ISO 8601, instants in ISO 8601 with the offset of the document's zone.
 * null stays null.
 */
export function rawText(
  value: Value | Decimal,
  format: Format,
  { currency, timeZone }: Pick<DocumentMeta, 'currency' | 'timeZone'>,
): string | null {
  if (value === null) return null
  if (typeof value === 'number') return quantityText(value, format, currency)
  if (typeof value !== 'string') return textOfDecimal(value)
  return format.type === 'datetime' ? Temporal.Instant.from(value).toString({ timeZone }) : value
}
