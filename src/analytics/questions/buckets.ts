import { type Day, dayOf, daysOf } from '../../time.ts'
import { nextStart, startOf } from './cover-window.ts'
import type { Bucket, Granularity } from './question.ts'
import { instantsOfSpan, type Span } from './resolve-range.ts'

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
  const end = Temporal.Instant.from(to)
  const buckets: Bucket[] = []
  let hour = Temporal.Instant.from(from)
  while (Temporal.Instant.compare(hour, end) < 0) {
    buckets.push(bucketOf(hour.toString(), [dayOf(hour, timeZone)], unknown))
    hour = nextHour(hour, timeZone)
  }
  return buckets
}

/** The instant the next local hour begins, by the clock on the wall: where clocks jump by half an hour that is no hour later. */
function nextHour(hour: Temporal.Instant, timeZone: string): Temporal.Instant {
  const later = hour.add({ hours: 1 })
  const { minute } = later.toZonedDateTimeISO(timeZone)
  return later.subtract({ minutes: minute })
}

function bucketOf(key: string, days: readonly Day[], { unrolled, unsettled }: Unknown): Bucket {
  return {
    key,
    known: days.some((day) => !unrolled.has(day)),
    whole: days.every((day) => !unrolled.has(day) && !unsettled.has(day)),
  }
}
