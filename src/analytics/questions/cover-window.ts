import { addDays, type Day, type DayWindow, daysOf } from '../../time.ts'
import type { Granularity } from './question.ts'

/** Days whose sums are read at one grain; at `week` and `month` they begin and end with one. */
export type Part = DayWindow & { grain: 'day' | 'week' | 'month' }

/**
 * The fewest rows that add up to a window: months where whole ones lie in it, weeks in what is left, days at the edges.
 * Never coarser than what is asked for, and no part reaches over the end of an asked-for week or month. `waiting`: days
 * whose week and month are not added up yet.
 */
export function coverWindow(window: DayWindow, granularity: Granularity, waiting: readonly Day[] = []): Part[] {
  const byWeek = (edge: DayWindow) => around({ grain: 'week', waiting, cover: days }, edge)
  switch (granularity) {
    case 'hour':
    case 'day':
      return days(window)
    case 'week':
      return byWeek(window)
    case 'month':
    case 'none':
      return around({ grain: 'month', waiting, cover: byWeek }, window)
  }
}

function days({ from, to }: DayWindow): Part[] {
  return partOf('day', from, to)
}

/** How a window is covered: by whole weeks or months, and by `cover` at its edges and where a week or month waits. */
type Covering = { grain: 'week' | 'month'; waiting: readonly Day[]; cover: (edge: DayWindow) => Part[] }

function around({ grain, waiting, cover }: Covering, window: DayWindow): Part[] {
  const first = firstWhole(grain, window.from)
  const end = startOf(grain, window.to)
  // Within one week or month; over the end of one, the parts end there too.
  if (first > end) return cover(window)
  const parts = [...cover({ from: window.from, to: first })]
  let from = first
  const starts = new Set(waiting.map((day) => startOf(grain, day)))
  for (const start of [...starts].filter((day) => day >= first && day < end).sort()) {
    parts.push(...partOf(grain, from, start), ...cover({ from: start, to: nextStart(grain, start) }))
    from = nextStart(grain, start)
  }
  return [...parts, ...partOf(grain, from, end), ...cover({ from: end, to: window.to })]
}

function partOf(grain: Part['grain'], from: Day, to: Day): Part[] {
  return from < to ? [{ grain, from, to }] : []
}

function firstWhole(grain: 'week' | 'month', day: Day): Day {
  const start = startOf(grain, day)
  return start === day ? day : nextStart(grain, start)
}

/** Days, weeks and months that are added up, one by one, and the days of which no such is there. */
export type Cover = { periods: Part[]; others: Day[] }

/**
 * The same cover where not every period is added up: a month that is not is covered by its weeks, a week by its days.
 */
export function coverByPeriods(
  window: DayWindow,
  granularity: Granularity,
  isAddedUp: (grain: Part['grain'], from: Day) => boolean,
): Cover {
  const cover: Cover = { periods: [], others: [] }
  const add = (part: Part): void => {
    if (isAddedUp(part.grain, part.from)) cover.periods.push(part)
    else if (part.grain === 'day') cover.others.push(part.from)
    else apart(part.grain === 'month' ? byWeek(part) : days(part)).forEach(add)
  }
  apart(coverWindow(window, granularity)).forEach(add)
  return cover
}

function byWeek(window: DayWindow): Part[] {
  return around({ grain: 'week', waiting: [], cover: days }, window)
}

function apart(parts: readonly Part[]): Part[] {
  return parts.flatMap((part) => {
    const { grain } = part
    if (grain === 'day') return daysOf(part).map((day) => ({ grain, from: day, to: addDays(day, 1) }))
    const single: Part[] = []
    for (let from = part.from; from < part.to; from = nextStart(grain, from))
      single.push({ grain, from, to: nextStart(grain, from) })
    return single
  })
}

/** The first day of the ISO week or the month of a day. */
export function startOf(grain: 'week' | 'month', day: Day): Day {
  const date = Temporal.PlainDate.from(day)
  return (grain === 'month' ? date.with({ day: 1 }) : date.subtract({ days: date.dayOfWeek - 1 })).toString()
}

/** The first day of the week or month after the one that begins on `start`. */
export function nextStart(grain: 'week' | 'month', start: Day): Day {
  return Temporal.PlainDate.from(start)
    .add(grain === 'month' ? { months: 1 } : { weeks: 1 })
    .toString()
}

/** The first day of the bucket that a day lies in; null when there are no buckets of days. */
export function bucketStart(granularity: Granularity, day: Day): Day | null {
  switch (granularity) {
    case 'none':
    case 'hour':
      return null
    case 'day':
      return day
    case 'week':
    case 'month':
      return startOf(granularity, day)
  }
}
