/**
 * What a report is asked for, parsed: the same value for a run and its key, an execution, a schedule, the command line
 * and the API.
 */
import { z } from 'zod'
import {
  COMPARISONS,
  type Comparison,
  DIMENSIONS,
  type FilterDimension,
  type Filters,
} from '../analytics/questions/index.ts'
import { factDay } from '../fact-day.ts'
import { addDays, type Day } from '../time.ts'
import { reportNamed, reportNames } from './catalogue/index.ts'
import { REPORT_FORMATS } from './document.ts'
import { PERIODS, windowOf } from './period.ts'

const DAYS_MAX = 400
const MEMBERS_MAX = 50
const FILTERS = DIMENSIONS.filter((name) => name !== 'client')

const what = { report: z.enum(reportNames), formats: z.array(z.enum(REPORT_FORMATS)).min(1) }

/** Of half-open local days. */
export const askedFields = {
  ...what,
  from: factDay,
  to: factDay,
  /** Only these members of a dimension, '' for those of none; nothing: the client as a whole. */
  filters: z.partialRecord(z.enum(FILTERS), z.array(z.string().max(200)).min(1).max(MEMBERS_MAX)).nullish(),
  /** Nothing: what the report says; an empty list: no comparison. */
  compare: z.array(z.enum(COMPARISONS)).max(COMPARISONS.length).nullish(),
}

/** What a schedule asks for: the last whole period before the day it is due. */
export const repeatedFields = {
  ...what,
  period: z.enum(PERIODS),
  filters: askedFields.filters,
  compare: askedFields.compare,
}

export type AskedReport = z.output<z.ZodObject<typeof askedFields>>
export type RepeatedReport = z.output<z.ZodObject<typeof repeatedFields>>

/** Says what the fields of a report contradict in each other, or in what the report can do. */
export function checkAsked({ value, issues }: z.core.ParsePayload<AskedReport>): void {
  const refuse = (path: string, message: string) => issues.push({ code: 'custom', input: value, path: [path], message })
  const { report, from, to, filters } = value
  if (from >= to || to > addDays(from, DAYS_MAX))
    refuse('to', `must lie after "from" (the window is half-open), by at most ${DAYS_MAX} days`)
  const kept = reportNamed(report).filters
  const others = Object.keys(filters ?? {}).filter((name) => !kept.includes(name as FilterDimension))
  if (others.length === 0) return
  const words = kept.length === 0 ? 'nothing' : kept.join(', ')
  refuse('filters', `${report} can be narrowed down by ${words}, and not by ${others.join(', ')}`)
}

/** What is asked for when it falls due on a local day. */
export function askedOn({ period, ...rest }: RepeatedReport, today: Day): AskedReport {
  return { ...rest, ...windowOf(period, today) }
}

/** In one order, in whatever they were asked for. */
export function filtersOf({ filters }: Pick<AskedReport, 'filters'>): Filters {
  const given = FILTERS.flatMap((name) => (filters?.[name] === undefined ? [] : [[name, filters[name]]]))
  return Object.fromEntries(given)
}

/** null: what the report says. */
export function compareOf({ compare }: Pick<AskedReport, 'compare'>): Comparison[] | null {
  return compare ? COMPARISONS.filter((comparison) => compare.includes(comparison)) : null
}

/** What tells a report apart that is narrowed down or compared otherwise, for a key; nothing for one that is not. */
export function narrowingOf({ filters, compare }: AskedReport): string[] {
  const only = Object.entries(filtersOf({ filters })).map(
    ([name, members]) => `${name}=${[...new Set(members)].sort().map(encodeURIComponent).join('+')}`,
  )
  const against = compareOf({ compare })
  return [...only, ...(against === null ? [] : [`compare=${against.join('+')}`])]
}
