/** Time, once: the clock, and the arithmetic of local days. A day is a local day of a client: 23, 24 or 25 hours long. */

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

/** The days of a half-open window, oldest first. */
export function daysOf(window: DayWindow): Day[] {
  const days: Day[] = []
  for (let day = window.from; day < window.to; day = addDays(day, 1)) days.push(day)
  return days
}
