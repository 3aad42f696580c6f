import { addDays, type Day } from '../src/time.ts'

/** Says which day of a year a holiday falls on; null in a year it is not known for. */
export type Holiday = { name: string; day(year: number): Day | null }

/** The same date every year; `monthDay` as 12-25. */
export function fixed(name: string, monthDay: string): Holiday {
  return { name, day: (year) => `${year}-${monthDay}` }
}

/** Such as the fourth Thursday of November; -1 is the last. Weekdays count from Monday, 1, to Sunday, 7. */
export function nth(name: string, rank: number, weekday: number, month: number): Holiday {
  return { name, day: (year) => nthWeekday(year, month, weekday, rank) }
}

/** So many days after Easter Sunday. */
export function easterPlus(name: string, days: number): Holiday {
  return { name, day: (year) => addDays(easterSunday(year), days) }
}

/** By a calendar nobody computes in ten lines: one month-day a year, from `firstYear` on. */
export function listed(name: string, firstYear: number, monthDays: readonly string[]): Holiday {
  return {
    name,
    day: (year) => {
      const monthDay = monthDays[year - firstYear]
      return monthDay === undefined ? null : `${year}-${monthDay}`
    },
  }
}

/** The day of the `rank`-th such weekday of a month; -1 is the last. */
export function nthWeekday(year: number, month: number, weekday: number, rank: number): Day {
  const first = Temporal.PlainDate.from({ year, month, day: 1 })
  const offset = (weekday - first.dayOfWeek + 7) % 7
  const inMonth = Math.floor((first.daysInMonth - 1 - offset) / 7) + 1
  const weeks = rank < 0 ? inMonth + rank : rank - 1
  return first.add({ days: offset + 7 * weeks }).toString()
}

/** Meeus, Jones and Butcher's rule for the Gregorian calendar. */
export function easterSunday(year: number): Day {
  const golden = year % 19
  const century = Math.floor(year / 100)
  const inCentury = year % 100
  const moonShift = Math.floor((8 * century + 13) / 25)
  const epact = (19 * golden + century - Math.floor(century / 4) - moonShift + 15) % 30
  const weekdayShift = (32 + 2 * (century % 4) + 2 * Math.floor(inCentury / 4) - epact - (inCentury % 4)) % 7
  const late = Math.floor((golden + 11 * epact + 22 * weekdayShift) / 451)
  const count = epact + weekdayShift - 7 * late + 114
  return Temporal.PlainDate.from({ year, month: Math.floor(count / 31), day: (count % 31) + 1 }).toString()
}
