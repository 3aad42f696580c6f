/**
 * An exact decimal number: `units` / 10^`scale`. Money is one (minor units at the currency's scale); totals are added
 * up as one, so that no report ever shows the noise of binary fractions.
 */
export type Decimal = { units: bigint; scale: number }

const ZERO: Decimal = { units: 0n, scale: 0 }

/**
 * The decimal a number is written as: 0.1 is one tenth, although its binary value is not. Refuses NaN and infinities.
 */
export function decimalOf(value: number): Decimal {
  if (Number.isSafeInteger(value)) return { units: BigInt(value), scale: 0 }
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not a number that can be shown`)
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const scale = fraction.length - Number(exponent)
  const units = BigInt(whole + fraction)
  return scale >= 0 ? { units, scale } : { units: units * 10n ** BigInt(-scale), scale: 0 }
}

/** The sum of two decimals, exact. */
export function addDecimals(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale)
  return { units: unitsAt(left, scale) + unitsAt(right, scale), scale }
}

/** The difference of two decimals, exact. */
export function subtractDecimals(left: Decimal, right: Decimal): Decimal {
  return addDecimals(left, { units: -right.units, scale: right.scale })
}

export function sumDecimals(decimals: Iterable<Decimal>): Decimal {
  let sum = ZERO
  for (const decimal of decimals) sum = addDecimals(sum, decimal)
  return sum
}

/** The same number with no digits that say nothing: 2.500 becomes 2.5. */
export function trimDecimal({ units, scale }: Decimal): Decimal {
  const zeros = /0*$/.exec(String(units))?.[0].length ?? 0
  const spare = units === 0n ? scale : Math.min(scale, zeros)
  return { units: units / 10n ** BigInt(spare), scale: scale - spare }
}

/**
 * Plain digits with a point, never an exponent and never a negative zero: `-12.50`, `0.000000001`. Keeps every digit of
 * the scale.
 */
export function textOfDecimal({ units, scale }: Decimal): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const sign = units < 0n ? '-' : ''
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`
}

/** The nearest JavaScript number, for pictures and ratios; not for money that is stored or shown. */
export function numberOfDecimal(decimal: Decimal): number {
  return Number(textOfDecimal(decimal))
}

function unitsAt(decimal: Decimal, scale: number): bigint {
  return decimal.scale === scale ? decimal.units : decimal.units * 10n ** BigInt(scale - decimal.scale)
}
