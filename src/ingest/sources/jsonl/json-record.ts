/** Digits from here on, and exponents, are more than a number keeps: the text of the number is kept instead. */
const INEXACT = /[\d.]{16}|\d[eE]/
/** Objects and lists in each other. */
export const DEPTH_MAX = 32
/** Zeros that an exponent may stand for. */
const EXPONENT_MAX = 400

export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads one line of JSON Lines, or says why it is no object. Numbers that JavaScript would change are kept as
 * `JSON.rawJSON`.
 */
export function parseJsonObject(text: string): { object: JsonObject } | { reason: string } {
  let value: unknown
  try {
    value = INEXACT.test(text) ? JSON.parse(text, keepNumbers) : JSON.parse(text)
  } catch (error) {
    return { reason: `is not JSON: ${(error as Error).message.split('\n')[0]?.slice(0, 100)}` }
  }
  if (!isObject(value)) return { reason: 'is no JSON object: each line is one, such as {"id": "1"}' }
  if (isDeeper(value, DEPTH_MAX)) return { reason: `is nested more than ${DEPTH_MAX} deep` }
  return { object: value }
}

const { isRawJSON, rawJSON } = JSON as unknown as {
  isRawJSON(value: unknown): value is { rawJSON: string }
  rawJSON(text: string): object
}

function keepNumbers(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? rawJSON(context.source) : value
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1))
}

/**
 * Calls `visit` for each value of an object with its dotted name, `customer.address.city`; for an object first as a
 * whole, then, where `visit` says so, for what is in it.
 */
export function visitValues(
  object: JsonObject,
  visit: (name: string, value: unknown, isInner: boolean) => boolean,
  prefix = '',
): void {
  for (const key of Object.keys(object)) {
    const value = object[key]
    const isInner = isObject(value)
    const name = prefix + key
    if (visit(name, value, isInner) && isInner) visitValues(value, visit, `${name}.`)
  }
}

/**
 * A JSON value as a cell: text as it is, numbers as decimals, true and false as words, null as nothing, lists and
 * objects as JSON.
 */
export function cellText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return plainDecimal(String(value))
  if (isRawJSON(value)) return plainDecimal(value.rawJSON)
  return typeof value === 'boolean' ? String(value) : JSON.stringify(value)
}

/** `1.5e3` as `1500`, digit by digit. What is no such number, or absurd, stays as it is. */
export function plainDecimal(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(text)
  if (parts === null) return text
  const [, sign = '', whole = '', fraction = ''] = parts
  const exponent = Number(parts[4])
  if (Math.abs(exponent) > EXPONENT_MAX) return text
  const digits = whole + fraction
  const point = whole.length + exponent
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const at = Math.max(1, point)
  const decimals = withoutZeros(padded.slice(at))
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '')
  return `${sign}${integer}${decimals === '' ? '' : `.${decimals}`}`
}

/**
 * Digits without the zeros they end in. As a regular expression, `0+$` would look from each zero to the end of its run.
 */
export function withoutZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
