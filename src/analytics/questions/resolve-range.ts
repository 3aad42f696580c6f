import { addDays, type DayWindow, dayOf, previousWindow, startOfDay, windowLastYear } from '../../time.ts'

/**
 * Ranges that have a name. All but `today` and `24h` are made of whole days before today, so that nothing of them is
 * still to come.
 */
export const RANGES = ['today', '24h', '7d', '30d', '90d', '1y'] as const
/** A named range, or local days of one's own. */
export type Range = (typeof RANGES)[number] | DayWindow

/**
 * What a question is about: half-open local days. `hours` narrows them to the half-open instants of whole local hours;
 * null: the days are whole.
 */
export type Span = DayWindow & { hours: { from: string; to: string } | null }

const DAYS: Record<'7d' | '30d' | '90d', number> = { '7d': 7, '30d': 30, '90d': 90 }

/** The span of a range as seen at an instant in the client's zone. */
export function resolveRange(range: Range, at: Temporal.Instant, timeZone: string): Span {
  if (typeof range !== 'string') return { ...range, hours: null }
  const today = dayOf(at, timeZone)
  switch (range) {
    case 'today':
      return { from: today, to: addDays(today, 1), hours: null }
    case '24h':
      return hoursUpTo(at.toZonedDateTimeISO(timeZone).round({ smallestUnit: 'hour', roundingMode: 'floor' }))
    case '1y':
      return { from: windowLastYear({ from: today, to: today }).from, to: today, hours: null }
    default:
      return { from: addDays(today, -DAYS[range]), to: today, hours: null }
  }
}

/** The 24 hours before an instant at which a local hour begins. */
function hoursUpTo(end: Temporal.ZonedDateTime): Span {
  return spanOfHours(end.subtract({ hours: 24 }), end)
}

function spanOfHours(from: Temporal.ZonedDateTime, to: Temporal.ZonedDateTime): Span {
  const lastDay = dayOf(to.toInstant().subtract({ nanoseconds: 1 }), to.timeZoneId)
  return {
    from: from.toPlainDate().toString(),
    to: addDays(lastDay, 1),
    hours: { from: from.toInstant().toString(), to: to.toInstant().toString() },
  }
}

/** Which earlier spans an answer is compared with: as long and just before, or the same dates a year before. */
export const COMPARISONS = ['previous', 'last-year'] as const
export type Comparison = (typeof COMPARISONS)[number]

/** The span that another one is compared with. */
export function comparedSpan(span: Span, comparison: Comparison, timeZone: string): Span {
  if (span.hours === null) {
    const window = comparison === 'previous' ? previousWindow(span) : windowLastYear(span)
    return { ...window, hours: null }
  }
  const [from, to] = [span.hours.from, span.hours.to].map((at) =>
    Temporal.Instant.from(at).toZonedDateTimeISO(timeZone),
  )
  if (from === undefined || to === undefined) throw new TypeError('a span of hours has two ends')
  if (comparison === 'previous') return spanOfHours(from.subtract(to.since(from, { largestUnit: 'hours' })), from)
  // The end by its length: the same clock time of the day a year before may not exist, or exist twice.
  const start = from.subtract({ years: 1 })
  return spanOfHours(start, start.add(to.since(from, { largestUnit: 'hours' })))
}

/** The instants of a span, half-open. */
export function instantsOfSpan({ from, to, hours }: Span, timeZone: string): { from: string; to: string } {
  return hours ?? { from: startOfDay(from, timeZone).toString(), to: startOfDay(to, timeZone).toString() }
}
