/**
 * Time, once: the clock, and the arithmetic of local days. A day is a local day of a client: 23, 24 or 25 hours long.
 */

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS

export type Clock = () => Temporal.Instant

/** The only place that asks the machine what time it is. */
export const systemClock: Clock = () => Temporal.Now.instant()

/** A name of the IANA database, such as Europe/London; offsets and abbreviations such as EST are none. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return name.includes('/') || name === 'UTC'
  } catch {
    // Intl says no by throwing.
    return false
  }
}

/** A local day as ISO 8601 text, such as 2026-03-29. */
export type Day = string

/** Half-open `[from, to)` in local days. */
export type DayWindow = { from: Day; to: Day }

/** The local day of an instant in a zone. */
export function dayOf(instant: Temporal.Instant, timeZone: string): Day {
  return instant.toZonedDateTimeISO(timeZone).toPlainDate().toString()
}

/** `day` moved by a number of days (negative: back). */
export function addDays(day: Day, days: number): Day {
  return Temporal.PlainDate.from(day).add({ days }).toString()
}

/** The last whole local day before an instant: what a nightly job is about. */
export function dayBefore(instant: Temporal.Instant, timeZone: string): Day {
  return addDays(dayOf(instant, timeZone), -1)
}

/** The instant a local day begins. In zones whose clocks jump at midnight that is 01:00. */
export function startOfDay(day: Day, timeZone: string): Temporal.Instant {
  return Temporal.PlainDate.from(day).toZonedDateTime(timeZone).toInstant()
}

/** The instants `[from, to)` of a window of local days. */
export function instantsOf(window: DayWindow, timeZone: string): { from: Temporal.Instant; to: Temporal.Instant } {
  return { from: startOfDay(window.from, timeZone), to: startOfDay(window.to, timeZone) }
}

/** How many days lie between two: those of the half-open window from one to the other. */
export function daysBetween(from: Day, to: Day): number {
  return Temporal.PlainDate.from(from).until(to, { largestUnit: 'days' }).days
}

/** The days of a half-open window, oldest first. */
export function daysOf(window: DayWindow): Day[] {
  const days: Day[] = []
  for (let day = window.from; day < window.to; day = addDays(day, 1)) days.push(day)
  return days
}

/** How many calendar months a window covers exactly; null when it does not begin and end with a month. */
export function wholeMonths({ from, to }: DayWindow): number | null {
  const [first, end] = [Temporal.PlainDate.from(from), Temporal.PlainDate.from(to)]
  if (first.day !== 1 || end.day !== 1) return null
  return first.until(end, { largestUnit: 'months' }).months
}

/** The window of the same length before: as many months when it is made of whole months, else as many days. */
export function previousWindow(window: DayWindow): DayWindow {
  const [first, end] = [Temporal.PlainDate.from(window.from), Temporal.PlainDate.from(window.to)]
  const months = wholeMonths(window)
  const length = months === null ? { days: first.until(end, { largestUnit: 'days' }).days } : { months }
  return { from: first.subtract(length).toString(), to: window.from }
}

/**
 * The same dates a year before. A window that begins on 29 February began on the 28th; one that ended before it ended
 * with the 28th.
 */
export function windowLastYear({ from, to }: DayWindow): DayWindow {
  const aYearBefore = (day: Day) => Temporal.PlainDate.from(day).subtract({ years: 1 }).toString()
  return { from: aYearBefore(from), to: to.endsWith('-02-29') ? addDays(aYearBefore(to), 1) : aYearBefore(to) }
}
