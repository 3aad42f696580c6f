import type { Schedules } from '../../db/schema.ts'
import { MINUTE_MS, SECOND_MS } from '../../time.ts'
import { firePage, lastFire, nextFires } from './cron.ts'

/**
 * A fire counts as missed when it is older than this at the time of planning: one tick may fail, the next makes up for
 * it.
 */
const MISSED_AFTER_MS = 2 * MINUTE_MS

/** What decides which fire times of a schedule are planned. */
export type Timing = {
  cron: string
  timeZone: string
  catchUp: Schedules['catch_up']
  /** Missed fires older than this are left out; null: however old. */
  catchUpWithinS: number | null
  /** What falls due before it is left out. */
  pausedUntil: Temporal.Instant | null
  /** Every fire time up to and including this one is dealt with. */
  plannedUntil: Temporal.Instant
}

export type DueFires = {
  /** To be planned, oldest first. */
  fires: Temporal.Instant[]
  plannedUntil: Temporal.Instant
  /** The one that follows; not after now when there are more than one pass takes. */
  next: Temporal.Instant | null
  /** The first of those left out because nobody planned them in time; null: none. */
  leftOut: Temporal.Instant | null
}

const isBefore = (a: Temporal.Instant, b: Temporal.Instant) => Temporal.Instant.compare(a, b) < 0
const justBefore = (instant: Temporal.Instant) => instant.subtract({ milliseconds: 1 })

export function laterOf(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return isBefore(a, b) ? b : a
}

/** The instant after which a schedule's fire times count: what falls due before the end of a pause is left out. */
export function afterPause(pausedUntil: Temporal.Instant | null, after: Temporal.Instant): Temporal.Instant {
  return pausedUntil === null ? after : laterOf(after, justBefore(pausedUntil))
}

/** The next times of a schedule that people are shown. Throws InputError `invalid-cron`, `invalid-zone`. */
export function comingFires(
  { cron, timeZone, pausedUntil }: Pick<Timing, 'cron' | 'timeZone' | 'pausedUntil'>,
  now: Temporal.Instant,
  count: number,
): Temporal.Instant[] {
  return nextFires(cron, timeZone, afterPause(pausedUntil, now), count)
}

/**
 * What of a schedule is to be planned now, by its catch-up policy. Throws InputError `invalid-cron`, `invalid-zone`.
 */
export function dueFires(schedule: Timing, now: Temporal.Instant): DueFires {
  const { cron, timeZone, catchUp } = schedule
  const start = afterPause(schedule.pausedUntil, schedule.plannedUntil)
  const [first] = nextFires(cron, timeZone, start, 1)
  if (first === undefined || isBefore(now, first)) {
    return { fires: [], plannedUntil: start, next: first ?? null, leftOut: null }
  }
  const floor = catchUpFloor(schedule, now)
  const isLate = isBefore(first, now.subtract({ milliseconds: MISSED_AFTER_MS }))
  if (isLate && catchUp === 'latest') return latestFire(schedule, { first, floor, now })
  const after = floor === null ? start : laterOf(start, justBefore(floor))
  const { fires, next } = firePage(cron, timeZone, after, now)
  return { fires, next, plannedUntil: fires.at(-1) ?? after, leftOut: isBefore(after, first) ? null : first }
}

/** Missed fires before it are left out; null: none is. */
function catchUpFloor({ catchUp, catchUpWithinS }: Timing, now: Temporal.Instant): Temporal.Instant | null {
  if (catchUp === 'none') return now.subtract({ milliseconds: MISSED_AFTER_MS })
  if (catchUpWithinS === null) return null
  return now.subtract({ milliseconds: Math.max(MISSED_AFTER_MS, catchUpWithinS * SECOND_MS) })
}

/** Of all that were missed, the last one, unless that is too old too. */
function latestFire(
  { cron, timeZone }: Timing,
  { first, floor, now }: { first: Temporal.Instant; floor: Temporal.Instant | null; now: Temporal.Instant },
): DueFires {
  const last = lastFire(cron, timeZone, now) ?? first
  const [next = null] = nextFires(cron, timeZone, last, 1)
  const isTooOld = floor !== null && isBefore(last, floor)
  const leftOut = isTooOld || isBefore(first, last) ? first : null
  return { fires: isTooOld ? [] : [last], plannedUntil: last, next, leftOut }
}
