import type { NumberKind } from './cell-styles.ts'

const DAY_MS = 86_400_000
/** 31 December 9999. */
const DAYS_MAX = 2_958_465
/** Days remembered; more than a century. */
const KNOWN_MAX = 40_000

/** The text of a serial number as its format shows it, or null where that is no date. */
export type SerialReader = (serial: number, kind: Exclude<NumberKind, 'number'>) => string | null

/**
 * Spreadsheets count days, from 1900 or 1904, with the time as a fraction. Those of 1900 count a 29 February 1900 that
 * never was, as Lotus 1-2-3 did: serial 60, which is given as that date, and so refused by whoever reads it. Dates
 * become `2026-03-29`, with a time `2026-03-29T14:05:00`, times of day `14:05:00`, spans `26:03:00`. Fractions are
 * rounded to the millisecond, which is what they keep.
 */
export function createSerialReader(uses1904: boolean): SerialReader {
  const known = new Map<number, string>()
  const dayText = (days: number) => {
    const found = known.get(days)
    if (found !== undefined) return found
    if (known.size >= KNOWN_MAX) known.clear()
    const text = dateOf(days, uses1904)
    known.set(days, text)
    return text
  }
  return (serial, kind) => {
    if (serial < 0 || serial >= DAYS_MAX + 1) return null
    const total = Math.round(serial * DAY_MS)
    const days = Math.floor(total / DAY_MS)
    const ms = total - days * DAY_MS
    if (kind === 'elapsed') return timeText(total)
    if (kind === 'time' && days === 0) return timeText(ms)
    return kind === 'date' && ms === 0 ? dayText(days) : `${dayText(days)}T${timeText(ms)}`
  }
}

function dateOf(days: number, uses1904: boolean): string {
  if (!uses1904 && days === 60) return '1900-02-29'
  const first = uses1904 ? '1904-01-01' : days < 60 ? '1899-12-31' : '1899-12-30'
  return Temporal.PlainDate.from(first).add({ days }).toString()
}

function timeText(ms: number): string {
  const part = (unit: number, modulus: number) => String(Math.floor(ms / unit) % modulus).padStart(2, '0')
  const whole = `${part(3_600_000, Number.MAX_SAFE_INTEGER)}:${part(60_000, 60)}:${part(1000, 60)}`
  return ms % 1000 === 0 ? whole : `${whole}.${String(ms % 1000).padStart(3, '0')}`
}
