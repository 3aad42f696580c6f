import { addDays, type Day, startOfDay } from '../../time.ts'

/** Values as the board shows them: English, the client's own zone. */
const LOCALE = 'en-GB'

/** `roll-up-day` as people read it. */
export function titleOf(name: string): string {
  const words = name.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** 850 ms, 4.2 s, 1 min 12 s, 2 h 5 min. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return [`${Math.floor(whole / 60)} min`, ...rest(whole % 60, 's')].join(' ')
  return [`${Math.floor(whole / 3600)} h`, ...rest(Math.floor((whole % 3600) / 60), 'min')].join(' ')
}

function rest(count: number, unit: string): string[] {
  return count === 0 ? [] : [`${count} ${unit}`]
}

/** 512 B, 1.5 kB, 12 MB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit > 0 && value < 10 ? 1 : 0
  return `${value.toFixed(digits)} ${units[unit]}`
}

// Making a format takes a hundred times as long as using it, and a page of nights shows a thousand times.
const IN_UTC = { timeZone: 'UTC', day: 'numeric' } as const
const LONG_DAY = new Intl.DateTimeFormat(LOCALE, { ...IN_UTC, weekday: 'long', month: 'long', year: 'numeric' })
const SHORT_DAY = new Intl.DateTimeFormat(LOCALE, { ...IN_UTC, weekday: 'short', month: 'short' })

/** Friday 20 November 2026. */
export function formatDay(day: Day): string {
  return LONG_DAY.format(startOfDay(day, 'UTC').epochMilliseconds)
}

/** Fri 20 Nov. */
export function formatDayShort(day: Day): string {
  return SHORT_DAY.format(startOfDay(day, 'UTC').epochMilliseconds)
}

/** 00:10:04, with the day in front when it is another than `day`. */
export function formatTime(instant: string, timeZone: string, day: Day | null = null): string {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone)
  const time = local.toPlainTime().toString({ smallestUnit: 'second' })
  const date = local.toPlainDate().toString()
  return date === day ? time : `${formatDayShort(date)} ${time}`
}

/** 20 Nov 2026, 00:10 CET. */
export function formatInstant(instant: string, timeZone: string): string {
  return instantFormat(timeZone).format(Temporal.Instant.from(instant).epochMilliseconds)
}

const instantFormats = new Map<string, Intl.DateTimeFormat>()

function instantFormat(timeZone: string): Intl.DateTimeFormat {
  const known = instantFormats.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat(LOCALE, {
    timeZone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  })
  instantFormats.set(timeZone, made)
  return made
}

/** A half-open window as people say it: "November 2011", "20 November 2026", "16 to 22 November 2026". */
export function formatWindow(from: Day, to: Day): string {
  const first = Temporal.PlainDate.from(from)
  const last = Temporal.PlainDate.from(addDays(to, -1))
  const month = { month: 'long', year: 'numeric' } as const
  if (first.equals(last)) return first.toLocaleString(LOCALE, { day: 'numeric', ...month })
  const wholeMonth =
    first.day === 1 && last.day === last.daysInMonth && first.toPlainYearMonth().equals(last.toPlainYearMonth())
  if (wholeMonth) return first.toLocaleString(LOCALE, month)
  const sameMonth = first.toPlainYearMonth().equals(last.toPlainYearMonth())
  const start = sameMonth ? String(first.day) : first.toLocaleString(LOCALE, { day: 'numeric', ...month })
  return `${start} to ${last.toLocaleString(LOCALE, { day: 'numeric', ...month })}`
}

/** in 5 min, 3 h ago. */
export function formatDistance(instant: string, now: Temporal.Instant): string {
  const seconds = Temporal.Instant.from(instant).since(now).total('seconds')
  const [size, unit] = STEPS.find(([step]) => Math.abs(seconds) >= step) ?? [1, 'second']
  return DISTANCE.format(Math.round(seconds / size), unit)
}

const DISTANCE = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto', style: 'short' })

const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
]

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
