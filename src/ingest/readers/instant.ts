import { type Clock, HOUR_MS, MINUTE_MS, SECOND_MS, startOfDay } from '../../time.ts'
import { type Cell, type CellReader, fault } from './cell.ts'
import { timePattern, type WallClock } from './time-pattern.ts'

/** What an instant may be. `aheadFault` says what is wrong with one that lies too far ahead, or null. */
export type InstantBounds = { earliestMs: number; aheadFault(ms: number): Cell }

/** Times before this one are mistakes of the year. */
const EARLIEST = Temporal.Instant.from('1970-01-01T00:00:00Z')
/** Facts do not lie ahead of now, save by what clocks differ. */
const CLOCKS_DIFFER_MS = 5 * MINUTE_MS
/** What is planned lies in the next twenty years; a later year is a mistake. */
const PLANNED_MAX_MS = 7305 * 24 * HOUR_MS

/** Local hours remembered; about two years. */
const HOURS_MAX = 20_000

export function instantBounds(clock: Clock, mayBeAhead: boolean): InstantBounds {
  const aheadMaxMs = mayBeAhead ? PLANNED_MAX_MS : CLOCKS_DIFFER_MS
  const tooFar = fault(mayBeAhead ? 'lies more than twenty years ahead' : 'lies more than 5 minutes ahead of now')
  let latestMs = 0
  return {
    earliestMs: EARLIEST.epochMilliseconds,
    aheadFault(ms) {
      if (ms <= latestMs) return null
      // Asked again only for times that lie past what was allowed a while ago.
      latestMs = clock().epochMilliseconds + aheadMaxMs
      return ms <= latestMs ? null : tooFar
    },
  }
}

/**
 * A time. One that says its offset from UTC is taken at its word; any other is wall-clock time of the zone, where a
 * time that the zone leaves out (clocks go forward) is refused, and one that it has twice (clocks go back) is taken as
 * the earlier. A date alone is the instant its day begins. `orIso`: what is not of the form may be ISO 8601.
 */
export function timeReader(format: string, timeZone: string, bounds: InstantBounds, orIso = false): CellReader {
  const parse = timePattern(format)
  const parseIso = orIso ? timePattern('iso') : () => null
  const localHours = new Map<number, Hour>()
  const utcHours = new Map<number, Hour>()
  return (text) => {
    const clock = parse(text) ?? parseIso(text)
    if (clock === null) return fault(notOfForm(format))
    if (clock.hour > 23 || clock.minute > 59 || clock.second > 59) return fault('is no time of day')
    const hour = clock.zone === null ? hourOf(localHours, clock, timeZone) : hourOf(utcHours, clock, 'UTC')
    if (hour.kind === 'none') return fault('is no date of the calendar')
    if (hour.kind === 'change') return atChange(clock, timeZone, bounds)
    const ms = hour.startMs + withinHourMs(clock) - (clock.zone === null ? 0 : offsetMs(clock.zone))
    return bounded(ms, bounds) ?? `${hour.text}${sinceHour(clock)}${clock.zone ?? hour.offset}`
  }
}

function withinHourMs({ minute, second, millisecond }: WallClock): number {
  return minute * MINUTE_MS + second * SECOND_MS + millisecond
}

/** Of `Z`, `+02:00` or `-0330`. */
function offsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const ms = Number(zone.slice(1, 3)) * HOUR_MS + Number(zone.slice(-2)) * MINUTE_MS
  return zone.startsWith('-') ? -ms : ms
}

/** Seconds or milliseconds since 1970. */
export function epochReader(unitMs: number, bounds: InstantBounds): CellReader {
  return (text) => {
    if (!/^\d{1,13}$/.test(text)) return fault('is not a count since 1970')
    const ms = Number(text) * unitMs
    if (ms > Number.MAX_SAFE_INTEGER) return fault('is too far ahead')
    return bounded(ms, bounds) ?? Temporal.Instant.fromEpochMilliseconds(ms).toString()
  }
}

function notOfForm(format: string): string {
  return format === 'iso' ? 'is not a time such as 2026-03-29T14:05:00' : `is not of the form ${format}`
}

function bounded(ms: number, { earliestMs, aheadFault }: InstantBounds): Cell {
  return ms < earliestMs ? fault('is before 1970: is the year right?') : aheadFault(ms)
}

/** A day of the calendar, such as 2026-03-29. */
export function dateReader(text: string): Cell {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return fault('is not a date such as 2026-03-29')
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  if (plainDateTime({ year, month, day, hour: 0 }) === null) return fault('is no date of the calendar')
  return year >= 1970 && year < 2100 ? text : fault('is not between 1970 and 2099: is the year right?')
}

/**
 * One local hour of a zone. Asking the zone costs microseconds and a file holds a million times, so that it is asked
 * once an hour; an hour in which the offset changes is asked time by time.
 */
type Hour =
  | { kind: 'plain'; startMs: number /** 2026-03-29T14 */; text: string; offset: string }
  | { kind: 'change' }
  | { kind: 'none' }

function hourOf(known: Map<number, Hour>, { year, month, day, hour }: WallClock, timeZone: string): Hour {
  // A day of the month that is none would share its key with another hour.
  if (month > 12 || day > 31) return { kind: 'none' }
  const key = ((year * 13 + month) * 32 + day) * 24 + hour
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= HOURS_MAX) known.clear()
  const made = makeHour({ year, month, day, hour }, timeZone)
  known.set(key, made)
  return made
}

function makeHour(fields: { year: number; month: number; day: number; hour: number }, timeZone: string): Hour {
  const start = plainDateTime(fields)
  if (start === null) return { kind: 'none' }
  const first = bothWays(start, timeZone)
  const last = bothWays(start.with({ minute: 59, second: 59, millisecond: 999 }), timeZone)
  const { offset } = first.earlier
  if ([first.later.offset, last.earlier.offset, last.later.offset].some((other) => other !== offset)) {
    return { kind: 'change' }
  }
  return { kind: 'plain', startMs: first.earlier.epochMilliseconds, text: start.toString().slice(0, 13), offset }
}

function plainDateTime(fields: {
  year: number
  month: number
  day: number
  hour: number
}): Temporal.PlainDateTime | null {
  try {
    return Temporal.PlainDateTime.from(fields, { overflow: 'reject' })
  } catch {
    return null
  }
}

function bothWays(time: Temporal.PlainDateTime, timeZone: string) {
  return {
    earlier: time.toZonedDateTime(timeZone, { disambiguation: 'earlier' }),
    later: time.toZonedDateTime(timeZone, { disambiguation: 'later' }),
  }
}

function atChange(clock: WallClock, timeZone: string, bounds: InstantBounds): Cell {
  const time = Temporal.PlainDateTime.from(clock)
  const { earlier, later } = bothWays(time, timeZone)
  if (clock.dateOnly) {
    const start = startOfDay(time.toPlainDate().toString(), timeZone)
    return bounded(start.epochMilliseconds, bounds) ?? start.toString()
  }
  if (!earlier.toPlainDateTime().equals(time)) {
    const before = earlier.toPlainTime().toString({ smallestUnit: 'minute' })
    const after = later.toPlainTime().toString({ smallestUnit: 'minute' })
    return fault(
      `does not exist in ${timeZone}: clocks went forward there, past it (${before} or ${after} may be meant)`,
    )
  }
  return bounded(earlier.epochMilliseconds, bounds) ?? earlier.toInstant().toString()
}

/** `:05:09`, `:05:09.120` */
function sinceHour({ minute, second, millisecond }: WallClock): string {
  const whole = `:${pad(minute)}:${pad(second)}`
  return millisecond === 0 ? whole : `${whole}.${String(millisecond).padStart(3, '0')}`
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
