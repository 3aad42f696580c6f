import { z } from 'zod'
import { FUNNEL_SPLITS, type Funnel, type FunnelStage, measureFunnel } from '../../analytics/journeys/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { nothing } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { funnelSteps } from './funnel-step.ts'
import { checkWindow, journeyAddress, share, trust, trustReply, wholeNumber } from './journey-parts.ts'

const CONVERSION_DAYS_MAX = 365

const asked = {
  ...journeyAddress,
  step: funnelSteps,
  withinDays: wholeNumber(1, CONVERSION_DAYS_MAX, 7).describe(
    'A customer has so many times 24 hours for all steps after the first.',
  ),
}

const funnelQuery = z
  .strictObject({
    ...asked,
    by: z.enum(FUNNEL_SPLITS).default('none').describe('What to split it by: role is the customer’s.'),
  })
  .superRefine(checkWindow)
const ratesQuery = z
  .strictObject({ ...asked, by: z.enum(FUNNEL_SPLITS).exclude(['none']).default('role') })
  .superRefine(checkWindow)

type Asked = z.output<typeof funnelQuery>

async function funnelOf(context: Context, query: Asked): Promise<Funnel> {
  const { db, clientId, timeZone, keptFrom } = await actingClient(context, query.client)
  const { from, to, step: steps, withinDays: conversionDays, by: split } = query
  return measureFunnel(
    db,
    { clientId, timeZone, window: { from, to }, steps, conversionDays, split, keptFrom },
    context.board.questions.rows,
  )
}

const stage = z.strictObject({
  customers: z.int(),
  ofFirst: share,
  ofPrevious: share,
  medianToNextS: z.number().nullable().describe('Seconds until the next step, the middle of those who took it.'),
})

export const funnel = defineEndpoint({
  method: 'get',
  path: '/api/admin/analytics/funnel',
  group: 'Analytics',
  summary: 'How many customers take each step of a funnel in order, each counted once, and how long they take.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: funnelQuery,
  statuses: [200],
  reply: z.strictObject({
    stages: z.array(stage),
    groups: z.array(z.strictObject({ key: z.string().describe('"" stands for none.'), stages: z.array(stage) })),
    ...trust,
  }),
  async handle({ query }, context) {
    const { stages, groups, trust: known } = await funnelOf(context, query)
    return json({ stages, groups, ...trustReply(known) })
  },
})

const rate = z.strictObject({
  group: z.string().nullable().describe('null: everybody; "": those of no role, channel or campaign.'),
  step: z.int().describe('From 1.'),
  customers: z.int(),
  ofFirst: share,
  ofPrevious: share,
})

export const conversionRates = defineEndpoint({
  method: 'get',
  path: '/api/admin/analytics/conversion-rates',
  group: 'Analytics',
  summary: 'Conversion by step and customer role, channel or campaign.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: ratesQuery,
  statuses: [200],
  reply: z.strictObject({ rates: z.array(rate), ...trust }),
  async handle({ query }, context) {
    const { stages, groups, trust: known } = await funnelOf(context, query)
    const rates = [...ratesOf(null, stages), ...groups.flatMap((group) => ratesOf(group.key, group.stages))]
    return json({ rates, ...trustReply(known) })
  },
})

function ratesOf(group: string | null, stages: FunnelStage[]): z.input<typeof rate>[] {
  return stages.map(({ customers, ofFirst, ofPrevious }, index) => ({
    group,
    step: index + 1,
    customers,
    ofFirst,
    ofPrevious,
  }))
}
