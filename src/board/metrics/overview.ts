import { z } from 'zod'
import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import { type FilterDimension, isKeptBy, type MetricsAnswer, RANGES } from '../../analytics/questions/index.ts'
import { addDays } from '../../time.ts'
import { actingClient } from '../http/acting-client.ts'
import { clientId, day, nothing } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import {
  answerTo,
  change,
  filtersOf,
  headOf,
  measured,
  metricHead,
  namesOf,
  period,
  periodReply,
} from './metric-parts.ts'

/** What the overview shows under each heading. */
const SECTIONS = {
  calls: [
    ...(['offered', 'answered', 'abandonment', 'serviceLevel', 'speedOfAnswer', 'handleTime'] as const),
    ...(['firstContactResolution', 'csat', 'nps'] as const),
  ],
  leads: ['leads', 'dealsOpened', 'dealsWon', 'winRate', 'averageDeal', 'pipelineValue'],
  revenue: ['gross', 'refunds', 'net', 'orders', 'averageOrder', 'costs', 'grossProfit', 'margin', 'mrr'],
  campaigns: ['spend', 'responseRate', 'costPerLead', 'costPerAcquisition', 'campaignRoi'],
} as const satisfies Record<string, readonly MetricKey[]>
type SectionName = keyof typeof SECTIONS
const SECTION_NAMES = Object.keys(SECTIONS) as [SectionName, ...SectionName[]]

const member = z.array(z.string().max(200)).max(100).optional()
const rangeName = z.enum(RANGES).exclude(['24h'])
const body = z.strictObject({
  client: clientId.optional().describe('Only those who act for all clients need to say which.'),
  range: z
    .union([rangeName, z.strictObject({ from: day, to: day }).refine(({ from, to }) => from < to, 'must hold a day')], {
      error: `must be one of ${rangeName.options.join(', ')}, or {"from": "2026-03-01", "to": "2026-03-08"}`,
    })
    .describe('A range that has a name, or local days from the first to the one after the last.'),
  metrics: z
    .array(z.enum(SECTION_NAMES))
    .min(1)
    .default([...SECTION_NAMES])
    .describe('Which headings.'),
  filters: z
    .strictObject({ agent: member, sector: member, channel: member, campaign: member, location: member })
    .default({})
    .describe('Only these members, of one dimension at a time. What is not kept by it is left out.'),
})

const comparison = z.strictObject({ value: z.number().nullable(), ...change.shape })
const section = z.strictObject({
  name: z.enum(SECTION_NAMES),
  metrics: z.array(
    z.strictObject({
      ...metricHead.shape,
      ...measured.shape,
      previous: comparison.describe('As long, just before.'),
      lastYear: comparison.describe('The same dates.'),
      slope: z.number().nullable().describe('From bucket to bucket: Theil and Sen’s.'),
      trend: z
        .array(z.strictObject({ bucket: z.string(), value: z.number().nullable() }))
        .describe('By bucket; null: nothing is known, or a ratio over nothing.'),
    }),
  ),
})

export const overview = defineEndpoint({
  method: 'post',
  question: true,
  path: '/api/analytics/overview',
  group: 'Analytics',
  summary: 'Calls, leads, revenue and campaigns of a range: values, trends, and what they were before.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: nothing,
  body,
  statuses: [200],
  reply: z.strictObject({
    clientId: z.string(),
    timeZone: z.string(),
    currency: z.string(),
    granularity: z.enum(['day', 'week', 'month']).describe('How long a bucket of the trends is.'),
    period,
    sections: z.array(section),
  }),
  async handle({ body: asked }, context) {
    const answer = await answerOf(context, asked)
    const { clientId: client, timeZone, currency, granularity } = answer
    if (granularity === 'none' || granularity === 'hour') throw new TypeError('an overview has days, weeks or months')
    const sections = asked.metrics.map((name) => sectionOf(name, answer))
    const reply = { clientId: client, timeZone, currency, granularity, period: periodReply(answer.period), sections }
    return json(reply)
  },
})

async function answerOf(context: Context, { client, range, metrics, filters }: z.output<typeof body>) {
  const { clientId: id } = await actingClient(context, client)
  const only = filtersOf(filters)
  const narrowed = Object.keys(only) as FilterDimension[]
  const shown = metrics
    .flatMap((name): MetricKey[] => [...SECTIONS[name]])
    .filter((key) => narrowed.every((dimension) => isKeptBy(METRICS[key], dimension)))
  const asked = context.board.questions.ask({
    ...{ clientId: id, range, metrics: namesOf(shown) },
    ...{ granularity: granularityOf(range), dimension: 'client', filters: only },
    ...{ compare: ['previous', 'last-year'], at: context.board.clock() },
  })
  return answerTo(asked)
}

/** As many buckets as a small chart can show. */
function granularityOf(range: z.output<typeof body>['range']): 'day' | 'week' | 'month' {
  if (range === '1y') return 'month'
  if (typeof range === 'string') return range === '90d' ? 'week' : 'day'
  if (range.to <= addDays(range.from, 62)) return 'day'
  return range.to <= addDays(range.from, 200) ? 'week' : 'month'
}

function sectionOf(name: SectionName, answer: MetricsAnswer): z.input<typeof section> {
  const names = new Set(namesOf(SECTIONS[name]))
  const shown = answer.metrics.filter((metric) => names.has(metric.name))
  return { name, metrics: shown.map((metric) => ({ ...headOf(metric), ...figuresOf(metric.name, answer) })) }
}

function figuresOf(name: string, { period: main, comparisons, slopes, buckets, groups }: MetricsAnswer) {
  const nothing = { value: null, n: null, interval: null, level: null }
  const ofBucket = new Map(groups.map((group) => [group.bucket, group.values[name]?.value ?? null]))
  const comparedTo = (to: 'previous' | 'last-year') => {
    const compared = comparisons.find((each) => each.to === to)
    const changed = compared?.changes[name] ?? { absolute: null, relative: null, verdict: null }
    return { value: compared?.period.total?.values[name]?.value ?? null, ...changed }
  }
  return {
    ...(main.total?.values[name] ?? nothing),
    previous: comparedTo('previous'),
    lastYear: comparedTo('last-year'),
    slope: slopes[name] ?? null,
    trend: buckets.map(({ key }) => ({ bucket: key, value: ofBucket.get(key) ?? null })),
  }
}
