import { addDays, type Day, type DayWindow, wholeMonths } from '../time.ts'

/** Windows that a schedule can name: the last whole one before the day it is due. */
export const PERIODS = ['yesterday', 'last-week', 'last-month'] as const
export type Period = (typeof PERIODS)[number]

/** The window of a period as seen on a local day. Weeks begin on Monday (ISO 8601). */
export function windowOf(period: Period, today: Day): DayWindow {
  const date = Temporal.PlainDate.from(today)
  switch (period) {
    case 'yesterday':
      return { from: addDays(today, -1), to: today }
    case 'last-week': {
      const monday = date.subtract({ days: date.dayOfWeek - 1 })
      return { from: monday.subtract({ days: 7 }).toString(), to: monday.toString() }
    }
    case 'last-month': {
      const first = date.with({ day: 1 })
      return { from: first.subtract({ months: 1 }).toString(), to: first.toString() }
    }
  }
}

/** A window in words, in a locale: "November 2011", "2011", "20 November 2026", "14 – 20 November 2026". */
export function windowLabel(window: DayWindow, locale: string): string {
  const last = addDays(window.to, -1)
  const months = wholeMonths(window)
  const isYear = months === 12 && window.from.endsWith('-01-01')
  if (isYear) return formatted(window.from, locale, { year: 'numeric' })
  if (months === 1) return formatted(window.from, locale, { year: 'numeric', month: 'long' })
  if (last === window.from) return formatted(window.from, locale, { dateStyle: 'long' })
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' })
  return format.formatRange(utcMs(window.from), utcMs(last))
}

/** One day as it stands in a short label: "1 Nov". */
export function shortDay(day: Day, locale: string): string {
  return formatted(day, locale, { day: 'numeric', month: 'short' })
}

function formatted(day: Day, locale: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(utcMs(day))
}

function utcMs(day: Day): number {
  return Temporal.PlainDate.from(day).toZonedDateTime('UTC').epochMilliseconds
}
