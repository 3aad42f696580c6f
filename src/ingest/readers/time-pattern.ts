import { InputError } from '../../errors.ts'

/** A wall-clock reading; whether it exists in a zone is for others to say. */
export type WallClock = {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  millisecond: number
  /** Z or an offset such as +02:00. */
  zone: string | null
  /** The text held no time of day; it reads as midnight here. */
  dateOnly: boolean
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** What each token matches; longest first, so that YYYY is not read as two YY. */
const TOKENS: readonly [string, string][] = [
  ['YYYY', '(\\d{4})'],
  ['YY', '(\\d{2})'],
  ['MMM', '([A-Za-z]{3})'],
  ['MM', '(\\d{2})'],
  ['M', '(\\d{1,2})'],
  ['DD', '(\\d{2})'],
  ['D', '(\\d{1,2})'],
  ['HH', '(\\d{2})'],
  ['H', '(\\d{1,2})'],
  ['hh', '(\\d{2})'],
  ['h', '(\\d{1,2})'],
  ['mm', '(\\d{2})'],
  ['ss', '(\\d{2})'],
  ['SSS', '(\\d{3})'],
  ['a', '([AaPp][Mm])'],
  ['Z', '(Z|[+-](?:0\\d|1[0-5]):?[0-5]\\d)'],
]

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3})\d*)?)?)?(Z|[+-](?:0\d|1[0-5]):?[0-5]\d)?$/

/**
 * Reads text by a pattern of tokens such as `DD.MM.YYYY H:mm`; `iso` is ISO 8601 with `T` or a space. null: not of that
 * form.
 */
export function timePattern(format: string): (text: string) => WallClock | null {
  if (format === 'iso') return readIso
  const { expression, tokens } = compile(format)
  return (text) => {
    const parts = expression.exec(text)
    return parts === null ? null : assemble(tokens, parts)
  }
}

function readIso(text: string): WallClock | null {
  const parts = ISO.exec(text)
  if (parts === null) return null
  return {
    year: Number(parts[1]),
    month: Number(parts[2]),
    day: Number(parts[3]),
    hour: Number(parts[4] ?? 0),
    minute: Number(parts[5] ?? 0),
    second: Number(parts[6] ?? 0),
    millisecond: parts[7] === undefined ? 0 : Number(parts[7].padEnd(3, '0')),
    zone: parts[8] ?? null,
    dateOnly: parts[4] === undefined,
  }
}

function compile(format: string): { expression: RegExp; tokens: string[] } {
  const tokens: string[] = []
  let expression = ''
  for (let at = 0; at < format.length; ) {
    const token = TOKENS.find(([letters]) => format.startsWith(letters, at))
    if (token === undefined && /[A-SU-Za-z]/.test(format[at] ?? '')) {
      const known = TOKENS.map(([letters]) => letters).join(' ')
      throw new InputError(
        'mapping',
        `"${format[at]}" in the format "${format}" means nothing; the tokens are ${known}`,
      )
    }
    if (token !== undefined && tokens.includes(token[0])) {
      throw new InputError('mapping', `The format "${format}" names ${token[0]} twice`)
    }
    expression += token === undefined ? RegExp.escape(format[at] ?? '') : token[1]
    if (token !== undefined) tokens.push(token[0])
    at += token === undefined ? 1 : token[0].length
  }
  for (const part of ['Y', 'M', 'D']) {
    if (!tokens.some((token) => token.startsWith(part))) {
      throw new InputError('mapping', `The format "${format}" names no ${part}: a time needs year, month and day`)
    }
  }
  return { expression: new RegExp(`^${expression}$`), tokens }
}

function assemble(tokens: readonly string[], parts: RegExpExecArray): WallClock | null {
  const dateOnly = !tokens.some((token) => FIELDS[token] === 'hour')
  const clock: WallClock = { ...MIDNIGHT, dateOnly }
  let half: string | null = null
  for (const [index, token] of tokens.entries()) {
    const part = parts[index + 1] ?? ''
    if (token === 'a') half = part.toLowerCase()
    else if (token === 'Z') clock.zone = part
    else if (token === 'MMM') clock.month = MONTHS.indexOf(part.toLowerCase()) + 1
    else clock[FIELDS[token] ?? 'year'] = token === 'YY' ? 2000 + Number(part) : Number(part)
  }
  return half === null ? clock : onTwelveHours(clock, half)
}

const MIDNIGHT = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, millisecond: 0, zone: null }

const FIELDS: Record<string, Exclude<keyof WallClock, 'zone' | 'dateOnly'>> = {
  YYYY: 'year',
  YY: 'year',
  MM: 'month',
  M: 'month',
  DD: 'day',
  D: 'day',
  HH: 'hour',
  H: 'hour',
  hh: 'hour',
  h: 'hour',
  mm: 'minute',
  ss: 'second',
  SSS: 'millisecond',
}

/** 12 am is midnight, 12 pm is noon. */
function onTwelveHours(clock: WallClock, half: string): WallClock | null {
  if (clock.hour < 1 || clock.hour > 12) return null
  return { ...clock, hour: (clock.hour % 12) + (half === 'pm' ? 12 : 0) }
}
