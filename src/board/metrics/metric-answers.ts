import { z } from 'zod'
import { METRICS } from '../../analytics/metrics/index.ts'
import { COMPARISONS, comparePeriods, type MetricsAnswer } from '../../analytics/questions/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { day, nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import {
  answerTo,
  change,
  checkRange,
  clientParameter,
  dimension,
  filterParameters,
  filtersOf,
  granularity,
  group,
  groupReply,
  headOf,
  metricHead,
  metricNames,
  period,
  periodReply,
  rangeOf,
  rangeParameters,
  words,
} from './metric-parts.ts'

const comparisons = words(/,/)
  .pipe(z.array(z.enum(COMPARISONS)))
  .default([])
  .describe('previous: as long, just before; last-year: the same dates. Both between a comma.')

const metricsQuery = z
  .strictObject({
    client: clientParameter,
    metrics: metricNames,
    ...rangeParameters,
    granularity: granularity.default('none'),
    dimension: dimension.default('client'),
    compare: comparisons,
    ...filterParameters,
  })
  .superRefine(checkRange)

const changes = z.record(z.string(), change).describe('By the name of the metric.')

const metricsReply = z.strictObject({
  clientId: z.string(),
  timeZone: z.string(),
  currency: z.string(),
  granularity,
  dimension,
  filters: z.record(z.string(), z.array(z.string())),
  metrics: z.array(metricHead),
  period,
  buckets: z.array(
    z.strictObject({
      key: z.string().describe('Its first local day, or the instant its hour begins.'),
      known: z.boolean().describe('Some of it was rolled up; without a group, nothing happened in it.'),
      whole: z.boolean().describe('All of it lies in the range, is over and is known.'),
    }),
  ),
  groups: z
    .array(group)
    .describe('In the order of members and buckets; those in which nothing happened may be missing.'),
  comparisons: z.array(z.strictObject({ to: z.enum(COMPARISONS), period, groups: z.array(group), changes })),
  slopes: z
    .record(z.string(), z.number().nullable())
    .describe('How much a metric changes from bucket to bucket: Theil and Sen’s slope over 3 to 100 whole ones.'),
})

export const askMetricsEndpoint = defineEndpoint({
  method: 'get',
  path: '/api/analytics/metrics',
  group: 'Analytics',
  summary: 'Any metrics of the catalogue for any range, by time and by one dimension, with what they are compared to.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: metricsQuery,
  statuses: [200],
  reply: metricsReply,
  async handle({ query }, context) {
    const { client, metrics, compare, ...rest } = query
    const { clientId } = await actingClient(context, client)
    const asked = context.board.questions.ask({
      ...{ clientId, metrics, compare, granularity: rest.granularity, dimension: rest.dimension },
      ...{ range: rangeOf(rest), filters: filtersOf(rest), at: context.board.clock() },
    })
    return json(replyOf(await answerTo(asked)))
  },
})

function replyOf({ metrics, period: main, groups, ...answer }: MetricsAnswer): z.input<typeof metricsReply> {
  const { clientId, timeZone, currency, granularity: bucketed, dimension: by, filters, buckets, slopes } = answer
  return {
    ...{ clientId, timeZone, currency, granularity: bucketed, dimension: by, buckets, slopes: { ...slopes } },
    filters: Object.fromEntries(Object.entries(filters).map(([name, members]) => [name, [...members]])),
    metrics: metrics.map(headOf),
    period: periodReply(main),
    groups: groups.map(groupReply),
    comparisons: answer.comparisons.map((compared) => ({
      to: compared.to,
      period: periodReply(compared.period),
      groups: compared.groups.map(groupReply),
      changes: { ...compared.changes },
    })),
  }
}

const periodsQuery = z
  .strictObject({
    client: clientParameter,
    metrics: metricNames.optional().describe('Names of the catalogue, between commas; every one when left out.'),
    from: day.describe('The first local day of the client.'),
    to: day.describe('The day after the last.'),
    otherFrom: day.describe('The first day of the range to compare with.'),
    otherTo: day.describe('The day after its last.'),
    ...filterParameters,
  })
  .superRefine(({ from, to, otherFrom, otherTo }, context) => {
    const refuse = (path: string, start: string) =>
      context.addIssue({ code: 'custom', path: [path], message: `must be after ${start}` })
    if (to <= from) refuse('to', from)
    if (otherTo <= otherFrom) refuse('otherTo', otherFrom)
  })

export const comparePeriodsEndpoint = defineEndpoint({
  method: 'get',
  path: '/api/analytics/periods',
  group: 'Analytics',
  summary: 'Any two ranges of days side by side, in every metric or in some.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: periodsQuery,
  statuses: [200],
  reply: z.strictObject({ metrics: z.array(metricHead), period, other: period, changes }),
  async handle({ query }, context) {
    const { client, metrics, from, to, otherFrom, otherTo, ...rest } = query
    const { clientId } = await actingClient(context, client)
    const asked = comparePeriods(context.board.questions.ask, {
      ...{ clientId, metrics: metrics ?? Object.values(METRICS).map(({ name }) => name) },
      ...{ range: { from, to }, other: { from: otherFrom, to: otherTo } },
      ...{ filters: filtersOf(rest), at: context.board.clock() },
    })
    const compared = await answerTo(asked)
    const [main, other] = [periodReply(compared.period), periodReply(compared.other)]
    return json({ metrics: compared.metrics.map(headOf), period: main, other, changes: { ...compared.changes } })
  },
})
