import { z } from 'zod'
import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import {
  type AskedMetric,
  DIMENSIONS,
  type FilterDimension,
  type Filters,
  GRANULARITIES,
  type Group,
  type Period,
  RANGES,
  type Range,
} from '../../analytics/questions/index.ts'
import { InputError } from '../../errors.ts'
import { clientId, day } from '../http/address.ts'
import { HttpError } from '../http/problem.ts'

/** Parts that the questions about metrics share. */

/** A parameter that may be named more than once, or hold several words between commas where words have none. */
export function words(split: RegExp | null) {
  const apart = (text: string) => (split === null ? [text] : text.split(split).filter((word) => word !== ''))
  const text = z.string().max(2000)
  return z
    .union([text, z.array(text).max(100)])
    .transform((value) => (typeof value === 'string' ? apart(value) : value.flatMap(apart)))
}

const METRICS_MAX = 50

export const metricNames = words(/,/)
  .refine((names) => names.length > 0 && names.length <= METRICS_MAX, 'must name 1 to 50 metrics')
  .describe('Names of the catalogue, between commas.')

export const clientParameter = clientId.optional().describe('Only those who act for all clients need to say which.')

/** A named range, or days of one's own. */
export const rangeParameters = {
  range: z
    .enum(RANGES)
    .optional()
    .describe('today, the last 24 whole hours, or whole days before today; with from and to it is left out.'),
  from: day.optional().describe('The first local day of the client.'),
  to: day.optional().describe('The day after the last.'),
}

/** Either `range`, or `from` and `to`; names what is wrong. */
export function checkRange(
  { range, from, to }: { range?: unknown; from?: string | undefined; to?: string | undefined },
  context: z.RefinementCtx,
): void {
  const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message })
  if (range === undefined && from === undefined && to === undefined) refuse('range', 'is needed, or from and to are')
  else if (range !== undefined && (from ?? to) !== undefined) refuse('range', 'cannot stand beside from and to')
  else if ((from === undefined) !== (to === undefined)) refuse(from === undefined ? 'from' : 'to', 'is needed too')
  else if (from !== undefined && to !== undefined && to <= from) refuse('to', `must be after from, which is ${from}`)
}

/**
 * The answer to a question. A range too long is 400 here, as all that a question asks in vain; in a draft that is to be
 * kept it is 422.
 */
export async function answerTo<Answer>(question: Promise<Answer>): Promise<Answer> {
  try {
    return await question
  } catch (error) {
    if (!(error instanceof InputError && error.code === 'range')) throw error
    throw new HttpError('range', error.message, { status: 400, cause: error })
  }
}

type RangeInput = { range?: (typeof RANGES)[number] | undefined; from?: string | undefined; to?: string | undefined }

export function rangeOf({ range, from, to }: RangeInput): Range {
  if (range !== undefined) return range
  if (from === undefined || to === undefined) throw new TypeError('a range without a name has two ends')
  return { from, to }
}

const members = words(null).optional()
/** Only these members of a dimension. */
export const filterParameters = Object.fromEntries(
  DIMENSIONS.filter((name) => name !== 'client').map((name) => [
    name,
    members.describe(`Only this ${name}; more than one by naming it again, none by leaving it empty.`),
  ]),
) as Record<FilterDimension, typeof members>

export function filtersOf(input: Partial<Record<FilterDimension, string[] | undefined>>): Filters {
  const given = DIMENSIONS.filter((name) => name !== 'client').flatMap((name) => {
    const chosen = input[name]
    return chosen === undefined ? [] : [[name, chosen] as const]
  })
  return Object.fromEntries(given)
}

export const granularity = z.enum(GRANULARITIES)
export const dimension = z.enum(DIMENSIONS).describe('client: not broken down.')

const limit = z.number().nullable()
export const thresholds = z
  .strictObject({ target: limit, warning: limit, critical: limit })
  .meta({ id: 'Thresholds' })
  .describe('At the target is met; beyond warning and critical on the bad side it is one. null: none.')

export const metricHead = z
  .strictObject({
    name: z.string(),
    label: z.string(),
    type: z
      .enum(['integer', 'decimal', 'percent', 'money', 'duration'])
      .describe('percent: a share, 0.5 is 50 %; money: minor units of the client’s currency; duration: seconds.'),
    direction: z.enum(['up', 'down']).nullable().describe('Which way is better; null: neither.'),
    thresholds,
  })
  .meta({ id: 'MetricHead' })

export function headOf({ name, label, type, direction, thresholds: limits }: AskedMetric): z.input<typeof metricHead> {
  return { name, label, type, direction, thresholds: limits }
}

export const measured = z
  .strictObject({
    value: z.number().nullable().describe('null: a ratio over nothing.'),
    n: z
      .number()
      .nullable()
      .describe('Observations behind it; null: it is no share, mean or percentile of counted things.'),
    interval: z.strictObject({ low: z.number(), high: z.number() }).nullable().describe('At 95 %.'),
    level: z.enum(['met', 'warning', 'critical']).nullable(),
  })
  .meta({ id: 'Measured' })

const sums = z.record(z.string(), z.int()).describe('The summed components.')
const values = z.record(z.string(), measured).describe('By the name of the metric.')

export const group = z
  .strictObject({
    member: z.string().describe('Empty: the client as a whole, or what has no agent, sector and so on.'),
    bucket: z.string().nullable().describe('The first local day of the bucket, or the instant its hour begins.'),
    sums,
    values,
  })
  .meta({ id: 'MetricGroup' })

export function groupReply({ member, bucket, sums: added, values: of }: Group): z.input<typeof group> {
  return { member, bucket, sums: { ...added }, values: { ...of } }
}

const days = z.array(z.iso.date())
const instant = z.iso.datetime()
export const period = z
  .strictObject({
    from: z.iso.date(),
    to: z.iso.date().describe('The local day after the last.'),
    hours: z.strictObject({ from: instant, to: instant }).nullable().describe('Only these hours of the days.'),
    dataAsOf: instant.nullable().describe('When the oldest roll-up of it was made; null: nothing of it is known.'),
    missingDays: days.describe(
      'Over, and never rolled up; for levels, which stand on every day before, earlier ones too.',
    ),
    dirtyDays: days.describe('Rolled up before the last of their facts came in, or before they were over.'),
    provisional: z.boolean().describe('The numbers may still change.'),
    provisionalMetrics: z.array(z.string()).describe('What the days after it still change.'),
    quarantined: z.int().describe('Facts of the client that contradict themselves and are in no sum.'),
    total: z.strictObject({ sums, values }).nullable().describe('null: nothing is known.'),
  })
  .meta({ id: 'MetricPeriod' })

export function periodReply({ from, to, hours, standing, total }: Period): z.input<typeof period> {
  const added = total === null ? null : { sums: { ...total.sums }, values: { ...total.values } }
  return { from, to, hours, ...standing, total: added }
}

export const change = z
  .strictObject({
    absolute: z.number().nullable(),
    relative: z.number().nullable().describe('As a share of the size of the earlier value.'),
    verdict: z.enum(['better', 'worse', 'same']).nullable().describe('By the direction of the metric.'),
  })
  .meta({ id: 'MetricChange' })

/** The names of metrics by their keys. */
export function namesOf(keys: readonly MetricKey[]): string[] {
  return keys.map((key) => METRICS[key].name)
}
