import { z } from 'zod'
import {
  HORIZON_MONTHS_MAX,
  type ObservedLtv,
  observeLtv,
  type ProjectedLtv,
  projectLtv,
} from '../../analytics/journeys/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { checkWindow, journeyAddress, minor, trust, trustReply, wholeNumber } from './journey-parts.ts'

const TOP_MAX = 200

const ltvQuery = z
  .strictObject({
    ...journeyAddress,
    horizonMonths: wholeNumber(1, HORIZON_MONTHS_MAX, 36).describe('Months from the first contact that are projected.'),
    top: wholeNumber(0, TOP_MAX, 10).describe('How many of the most valuable customers are named.'),
  })
  .superRefine(checkWindow)

const observed = z.strictObject({
  customers: z.int().describe('Who dealt with the business in the window.'),
  payingCustomers: z.int(),
  netMinor: minor,
  perCustomerMinor: minor.nullable(),
  unknownMinor: minor.describe('Net revenue of unknown customers, which is in none of the other figures.'),
  quantiles: z.array(z.strictObject({ share: z.number(), netMinor: minor })),
  top: z.array(
    z.strictObject({
      customerId: z.string(),
      name: z.string().nullable(),
      orders: z.int(),
      refunds: z.int(),
      netMinor: minor,
    }),
  ),
  ...trust,
})

const projected = z
  .strictObject({
    perCustomerMinor: minor,
    lowMinor: minor.describe('Ends of the interval at 95 %, by bootstrap.'),
    highMinor: minor,
    horizonMonths: z.int(),
    observedMonths: z.int().describe('Ages that are observed; later ones are projected.'),
    customers: z.int(),
    monthlyRetention: z.number(),
    valuePerActiveMinor: minor,
    months: z.array(
      z.strictObject({ age: z.int(), retention: z.number(), cumulativeMinor: minor, isProjected: z.boolean() }),
    ),
    ...trust,
  })
  .nullable()

export const clientLtv = defineEndpoint({
  method: 'get',
  path: '/api/admin/analytics/client-ltv',
  group: 'Analytics',
  summary:
    'Lifetime value of customers: what those of the window brought in, and what is projected for those who came in it, from their retention.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: ltvQuery,
  statuses: [200],
  reply: z.strictObject({
    currency: z.string(),
    observed,
    projected: projected.describe('null: see refused.'),
    refused: z.string().nullable().describe('Why nothing is projected.'),
  }),
  async handle({ query }, context) {
    const { client, from, to, horizonMonths, top } = query
    const { db, clientId, timeZone, currency, today } = await actingClient(context, client)
    const window = { from, to }
    const past = await observeLtv(db, { clientId, window, today, top }, context.board.questions.rows)
    const future = await projectLtv(
      db,
      { clientId, timeZone, window, today, horizonMonths },
      context.board.questions.rows,
    )
    return json({ currency, observed: observedReply(past), ...projectedReply(future) })
  },
})

function observedReply({ top, trust: known, ...figures }: ObservedLtv): z.input<typeof observed> {
  const customers = top.map(({ customerId, name, orders, refunds, gross_minor, refunded_minor }) => ({
    customerId,
    name,
    orders,
    refunds,
    netMinor: gross_minor + refunded_minor,
  }))
  return { ...figures, top: customers, ...trustReply(known) }
}

function projectedReply(future: ProjectedLtv): { projected: z.input<typeof projected>; refused: string | null } {
  if ('refused' in future) return { projected: null, refused: future.refused }
  const { trust: known, ...figures } = future
  return { projected: { ...figures, ...trustReply(known) }, refused: null }
}
