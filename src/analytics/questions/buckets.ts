import { type Day, daysOf, HOUR_MS, SECOND_MS, startOfDay } from '../../time.ts'
import { nextStart, startOf } from './cover-window.ts'
import type { Bucket, Granularity } from './question.ts'
import { instantsOfSpan, type Span } from './resolve-range.ts'
import { writeHour } from './write-hour.ts'

/** Days about which nothing, or not all, is known. */
type Unknown = { unrolled: ReadonlySet<Day>; unsettled: ReadonlySet<Day> }

/** The buckets that a span touches, in order; none at granularity none. */
export function bucketsOf(span: Span, granularity: Granularity, timeZone: string, unknown: Unknown): Bucket[] {
  switch (granularity) {
    case 'none':
      return []
    case 'hour':
      return hoursOf(span, timeZone, unknown)
    case 'day':
      return daysOf(span).map((day) => bucketOf(day, [day], unknown))
    case 'week':
    case 'month':
      return weeksOrMonthsOf(span, granularity, unknown)
  }
}

function weeksOrMonthsOf(span: Span, grain: 'week' | 'month', unknown: Unknown): Bucket[] {
  const buckets: Bucket[] = []
  for (let start = startOf(grain, span.from); start < span.to; start = nextStart(grain, start)) {
    const end = nextStart(grain, start)
    const [from, to] = [start < span.from ? span.from : start, end > span.to ? span.to : end]
    const bucket = bucketOf(start, daysOf({ from, to }), unknown)
    buckets.push({ ...bucket, whole: bucket.whole && from === start && to === end })
  }
  return buckets
}

function hoursOf(span: Span, timeZone: string, unknown: Unknown): Bucket[] {
  const { from, to } = instantsOfSpan(span, timeZone)
  const [first, end] = [from, to].map((at) => Temporal.Instant.from(at).epochMilliseconds) as [number, number]
  const days = daysOf(span)
  // Where each day begins, and where the last one ends.
  const begins = [...days, span.to].map((day) => startOfDay(day, timeZone))
  return days.flatMap((day, index) => {
    const [begin, next] = begins.slice(index, index + 2) as [Temporal.Instant, Temporal.Instant]
    const { known, whole } = bucketOf(day, [day], unknown)
    return hoursBetween(begin, next, timeZone)
      .filter((hour) => hour >= first && hour < end)
      .map((hour) => ({ key: writeHour(hour / SECOND_MS), known, whole }))
  })
}

/** The instants, in milliseconds, at which the hours of one local day begin. */
function hoursBetween(from: Temporal.Instant, to: Temporal.Instant, timeZone: string): number[] {
  const lengthMs = to.epochMilliseconds - from.epochMilliseconds
  // The clocks of one zone jump by half an hour: there an hour by the clock on the wall is not one by the watch.
  if (lengthMs % HOUR_MS !== 0) return hoursByTheWall(from, to, timeZone)
  return Array.from({ length: lengthMs / HOUR_MS }, (_, hour) => from.epochMilliseconds + hour * HOUR_MS)
}

function hoursByTheWall(from: Temporal.Instant, to: Temporal.Instant, timeZone: string): number[] {
  const hours: number[] = []
  for (let hour = from; Temporal.Instant.compare(hour, to) < 0; ) {
    hours.push(hour.epochMilliseconds)
    const later = hour.add({ hours: 1 })
    hour = later.subtract({ minutes: later.toZonedDateTimeISO(timeZone).minute })
  }
  return hours
}

function bucketOf(key: string, days: readonly Day[], { unrolled, unsettled }: Unknown): Bucket {
  return {
    key,
    known: days.some((day) => !unrolled.has(day)),
    whole: days.every((day) => !unrolled.has(day) && !unsettled.has(day)),
  }
}
