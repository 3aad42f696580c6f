import { addDays, type Day, type DayWindow } from '../../time.ts'
import type { Granularity } from './question.ts'

/** Days whose sums are read at one grain; at `week` and `month` they begin and end with one. */
export type Part = DayWindow & { grain: 'day' | 'week' | 'month' }

/**
 * The fewest rows that add up to a window: months where whole ones lie in it, weeks in what is left, days at the edges. Never coarser
 * than what is asked for, and no part reaches over the end of an asked-for week or month. `waiting`: days whose week and month are not
 * added up yet.
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

/** Months that end so near the end of a window are taken week by week: nights still change their days. */
const RECENT_DAYS = 31

/** Parts of a window to be read one by one and kept, at none, week or month: each month and week by itself, the last ones by week. */
export function partsToKeep(window: DayWindow, granularity: Granularity): Part[] {
  const recent = addDays(window.to, -RECENT_DAYS)
  return apart(coverWindow(window, granularity)).flatMap((part) =>
    part.grain === 'month' && part.to > recent
      ? apart(around({ grain: 'week', waiting: [], cover: days }, part))
      : [part],
  )
}

function apart(parts: readonly Part[]): Part[] {
  return parts.flatMap((part) => {
    const { grain } = part
    if (grain === 'day') return [part]
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
