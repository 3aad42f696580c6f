import type { Figure, Format, Value } from '../../document.ts'
import { type Decimal, decimalOf, numberOfDecimal, subtractDecimals } from './decimal.ts'
import { type Formatter, isNumeric } from './format-value.ts'
import { quantityOf } from './quantity.ts'

/**
 * How a value stands to an earlier one. `share` is (value − earlier) / |earlier|, null when there was nothing to
 * compare with; shares themselves (percent) are compared in percentage points instead, so theirs is always null.
 */
export type Change = { difference: Decimal; share: number | null; direction: 'up' | 'down' | 'same' }

/** The change from `earlier` to `value`; null when either is missing or they are no numbers. */
export function changeOf(format: Format, value: Value, earlier: Value, currency: string): Change | null {
  if (!isNumeric(format.type) || typeof value !== 'number' || typeof earlier !== 'number') return null
  const from = quantityOf(earlier, format, currency)
  const difference = subtractDecimals(quantityOf(value, format, currency), from)
  const relative = format.type !== 'percent' && from.units !== 0n
  const share = relative ? numberOfDecimal(difference) / Math.abs(numberOfDecimal(from)) : null
  return { difference, share, direction: directionOf(difference) }
}

/** A change in words for people: `+12.3%`, `−2.1 points`, `+£12.00` over nothing, `no change`. */
export function changeText(change: Change, format: Format, formatter: Formatter): string {
  if (change.direction === 'same') return 'no change'
  if (format.type === 'percent') {
    const points = decimalOf(numberOfDecimal(change.difference) * 100)
    return `${formatter.signed(points, { type: 'decimal', digits: format.digits ?? 1 })} points`
  }
  if (change.share === null) return formatter.signed(change.difference, format)
  return formatter.signed(change.share, { type: 'percent', digits: 1 })
}

/** Whether a target is met, in a word; null is "not known yet". */
export function targetWord(target: NonNullable<Figure['target']>): string {
  if (target.met === null) return 'not known yet'
  return target.met ? 'met' : 'not met'
}

function directionOf({ units }: Decimal): Change['direction'] {
  if (units === 0n) return 'same'
  return units > 0n ? 'up' : 'down'
}
