import type { DocumentMeta, Format, Value, ValueType } from '../../document.ts'
import { type Decimal, decimalOf, textOfDecimal } from './decimal.ts'
import { currencyOf, quantityOf } from './quantity.ts'

/** Shown where there is no value. */
export const NO_VALUE = '–'

const DIGITS_BY_DEFAULT = { decimal: 2, percent: 1 } as const

/** Digits after the point that a decimal or percent is shown with. */
export function digitsOf(format: Format): number {
  return format.digits ?? (format.type === 'percent' ? DIGITS_BY_DEFAULT.percent : DIGITS_BY_DEFAULT.decimal)
}

/**
 * Turns typed values into shown text for one document: its locale, zone and currency. Digits are Latin and years
 * Gregorian in every locale, so that a page can be compared with its spreadsheet; a value that rounds to zero has no
 * sign.
 */
export type Formatter = {
  value(value: Value | Decimal, format: Format): string
  /** The same with a plus or a minus in front: for changes. */
  signed(value: number | Decimal, format: Format): string
  /** Short, for the axis of a chart: £12K. Takes major units, not minor ones. */
  axis(value: number, format: Format): string
  /** A day or instant without its year or seconds, for the axis of a chart. */
  axisTime(value: string, type: 'date' | 'datetime'): string
  /** A local day in full: 29 March 2026. */
  longDay(day: string): string
  /** An instant to the minute, in the document's zone, with the zone's name. */
  minute(instant: string): string
}

type Locality = Pick<DocumentMeta, 'locale' | 'timeZone' | 'currency'>

export function createFormatter(meta: Locality): Formatter {
  const numbers = cached((key: string) => new Intl.NumberFormat(meta.locale, JSON.parse(key)))
  const times = cached((key: string) => new Intl.DateTimeFormat(meta.locale, JSON.parse(key)))
  const number = (value: Decimal, options: Intl.NumberFormatOptions) =>
    // Intl reads decimal text digit by digit, so money never passes through a binary fraction.
    numbers(JSON.stringify({ numberingSystem: 'latn', ...options })).format(
      textOfDecimal(value) as Intl.StringNumericLiteral,
    )
  const time = (milliseconds: number, options: Intl.DateTimeFormatOptions) =>
    times(JSON.stringify({ numberingSystem: 'latn', calendar: 'gregory', ...options })).format(milliseconds)
  const quantity = (value: number | Decimal, format: Format) =>
    typeof value === 'number' ? quantityOf(value, format, meta.currency) : value
  const shown = (value: Decimal, format: Format, sign: 'negative' | 'exceptZero') =>
    format.type === 'duration'
      ? clockText(value, sign)
      : number(value, { ...numberOptions(format, meta.currency, value.scale), signDisplay: sign })

  return {
    value(value, format) {
      if (value === null) return NO_VALUE
      if (typeof value !== 'string') return shown(quantity(value, format), format, 'negative')
      if (format.type === 'date') return time(startOfUtcDay(value), { dateStyle: 'medium', timeZone: 'UTC' })
      if (format.type === 'datetime') return time(millisecondsOf(value), { ...TO_THE_SECOND, timeZone: meta.timeZone })
      return value
    },
    signed: (value, format) => shown(quantity(value, format), format, 'exceptZero'),
    axis: (value, format) =>
      format.type === 'duration'
        ? clockText(decimalOf(value), 'negative')
        : number(decimalOf(value), axisOptions(format, meta.currency)),
    axisTime: (value, type) =>
      type === 'date'
        ? time(startOfUtcDay(value), { day: 'numeric', month: 'short', timeZone: 'UTC' })
        : time(millisecondsOf(value), { ...TO_THE_MINUTE, timeZone: meta.timeZone }),
    longDay: (day) => time(startOfUtcDay(day), { dateStyle: 'long', timeZone: 'UTC' }),
    minute: (instant) =>
      time(millisecondsOf(instant), {
        ...TO_THE_MINUTE,
        year: 'numeric',
        timeZoneName: 'short',
        timeZone: meta.timeZone,
      }),
  }
}

/** Whether values of a type are numbers: aligned right, added up, drawn. */
export function isNumeric(type: ValueType): boolean {
  return type !== 'text' && type !== 'date' && type !== 'datetime'
}

const TO_THE_MINUTE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
const TO_THE_SECOND: Intl.DateTimeFormatOptions = {
  ...TO_THE_MINUTE,
  year: 'numeric',
  second: '2-digit',
  timeZoneName: 'short',
}

function numberOptions(format: Format, currency: string, scale: number): Intl.NumberFormatOptions {
  switch (format.type) {
    case 'money':
      return { style: 'currency', currency: currencyOf(format, currency), ...fixed(scale) }
    case 'percent':
      return { style: 'percent', ...fixed(digitsOf(format)) }
    case 'integer':
      return fixed(0)
    default:
      return fixed(digitsOf(format))
  }
}

function axisOptions(format: Format, currency: string): Intl.NumberFormatOptions {
  const compact: Intl.NumberFormatOptions = { notation: 'compact', maximumFractionDigits: 2, signDisplay: 'negative' }
  if (format.type === 'money')
    return { ...compact, style: 'currency', currency: currencyOf(format, currency), minimumFractionDigits: 0 }
  if (format.type === 'percent') return { style: 'percent', maximumFractionDigits: 1, signDisplay: 'negative' }
  return compact
}

function fixed(digits: number): Intl.NumberFormatOptions {
  return { minimumFractionDigits: digits, maximumFractionDigits: digits }
}

/** Seconds as h:mm:ss, rounded to whole seconds, hours beyond 24 counted on. */
function clockText(seconds: Decimal, sign: 'negative' | 'exceptZero'): string {
  const divisor = 10n ** BigInt(seconds.scale)
  const size = seconds.units < 0n ? -seconds.units : seconds.units
  const whole = (size * 2n + divisor) / (divisor * 2n)
  const two = (part: bigint) => String(part).padStart(2, '0')
  const text = `${whole / 3600n}:${two((whole / 60n) % 60n)}:${two(whole % 60n)}`
  if (whole === 0n) return text
  if (seconds.units < 0n) return `-${text}`
  return sign === 'exceptZero' ? `+${text}` : text
}

function startOfUtcDay(day: string): number {
  return Temporal.PlainDate.from(day).toZonedDateTime('UTC').epochMilliseconds
}

function millisecondsOf(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds
}

function cached<Made>(make: (key: string) => Made): (key: string) => Made {
  const known = new Map<string, Made>()
  return (key) => {
    const made = known.get(key) ?? make(key)
    known.set(key, made)
    return made
  }
}
