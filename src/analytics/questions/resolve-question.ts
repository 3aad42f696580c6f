import { InputError } from '../../errors.ts'
import { type Day, type DayWindow, dayOf, daysBetween } from '../../time.ts'
import type { Metric } from '../metrics/index.ts'
import { chooseSource, type Source } from './choose-source.ts'
import { type Ingredients, ingredientsOf, metricNamed } from './metrics-asked.ts'
import type { FilterDimension, Filters, MetricQuestion } from './question.ts'
import { groupsMaxOf, refuseTooMany } from './read-sums.ts'
import { comparedSpan, resolveRange, type Span } from './resolve-range.ts'

/** The longest range that can be asked for: ten years. */
export const RANGE_DAYS_MAX = 3660
/** Days the database and the calendar agree on. */
const FIRST_DAY = '1900-01-01'

/** A question with everything settled that it leaves to the client's zone and to the moment. */
export type ResolvedQuestion = Omit<MetricQuestion, 'metrics' | 'range' | 'at' | 'valuesMax'> & {
  timeZone: string
  today: Day
  metrics: Metric[]
  ingredients: Ingredients
  source: Source
  groupsMax: number
  span: Span
  /** The spans it is compared with, in the order of `compare`. */
  comparedSpans: Span[]
}

/** Throws InputError: `unknown-metric`, `range`, `no-such-rollup`, `too-many-groups`. */
export function resolveQuestion(question: MetricQuestion, timeZone: string): ResolvedQuestion {
  const metrics = [...new Set(question.metrics)].map(metricNamed)
  if (metrics.length === 0) throw new InputError('unknown-metric', 'A question names at least one metric.')
  const filters = sortedFilters(question.filters)
  const span = resolveRange(question.range, question.at, timeZone)
  refuseRange(span)
  const { clientId, granularity, dimension, compare } = question
  const groupsMax = groupsMaxOf({ metrics: metrics.length, periods: 1 + compare.length, valuesMax: question.valuesMax })
  // Before they are counted out one by one.
  if (granularity === 'hour') refuseTooMany(daysBetween(span.from, span.to) * 24, groupsMax)
  return {
    ...{ clientId, timeZone, granularity, dimension, filters, span, compare, metrics, groupsMax },
    source: chooseSource({ granularity, dimension, ofHours: span.hours !== null, filters, metrics }),
    today: dayOf(question.at, timeZone),
    ingredients: ingredientsOf(metrics),
    comparedSpans: compare.map((comparison) => comparedSpan(span, comparison, timeZone)),
  }
}

/** In one order, so that equal questions are the same question. */
function sortedFilters(filters: Filters): Filters {
  const entries = Object.entries(filters) as [FilterDimension, readonly string[] | undefined][]
  const given = entries.flatMap(([name, members]) => (members === undefined ? [] : [[name, members] as const]))
  given.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(given.map(([name, members]) => [name, [...new Set(members)].sort()]))
}

function refuseRange({ from, to }: DayWindow): void {
  if (from >= to) throw new InputError('range', `The range from ${from} to ${to} (not included) holds no day.`)
  if (from < FIRST_DAY) throw new InputError('range', `The range begins before ${FIRST_DAY}.`)
  if (daysBetween(from, to) <= RANGE_DAYS_MAX) return
  throw new InputError('range', `The range from ${from} to ${to} is longer than ${RANGE_DAYS_MAX} days.`)
}
