import { z } from 'zod'
import {
  ATTRIBUTION_KEYS,
  ATTRIBUTION_MODELS,
  attributeConversions,
  CONVERSIONS,
} from '../../analytics/journeys/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { checkWindow, journeyAddress, minor, trust, trustReply, wholeNumber } from './journey-parts.ts'

const LOOKBACK_DAYS_MAX = 365

const attributionQuery = z
  .strictObject({
    ...journeyAddress,
    conversion: z.enum(CONVERSIONS).default('payment'),
    model: z
      .enum(ATTRIBUTION_MODELS)
      .default('last')
      .describe('time-decay: 2 ^ (-age / half-life); position-based: 40 % first, 40 % last, 20 % between.'),
    by: z.enum(ATTRIBUTION_KEYS).default('campaign'),
    lookbackDays: wholeNumber(1, LOOKBACK_DAYS_MAX, 30).describe(
      'Touchpoints so many times 24 hours before a conversion.',
    ),
    halfLifeDays: wholeNumber(1, LOOKBACK_DAYS_MAX, 7).describe('Of time-decay.'),
  })
  .superRefine(checkWindow)

export const attribution = defineEndpoint({
  method: 'get',
  path: '/api/admin/analytics/attribution',
  group: 'Analytics',
  summary:
    'The money of conversions shared out over the touchpoints before them; the credits add up to the minor unit.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: attributionQuery,
  statuses: [200],
  reply: z.strictObject({
    currency: z.string(),
    conversions: z.int(),
    totalMinor: minor,
    credits: z.array(
      z.strictObject({
        key: z.string().describe('A campaign or channel; "" for touchpoints that name none, and for direct.'),
        source: z.enum(['touchpoint', 'direct']).describe('direct: conversions without a touchpoint.'),
        creditedMinor: minor,
        creditedConversions: z.number(),
        touchedConversions: z.int().describe('Conversions it had a touchpoint before, credited or not.'),
      }),
    ),
    ...trust,
  }),
  async handle({ query }, context) {
    const { client, from, to, ...rest } = query
    const { db, clientId, timeZone, currency, keptFrom } = await actingClient(context, client)
    const window = { from, to }
    const result = await attributeConversions(
      db,
      { clientId, timeZone, currency, window, keptFrom, ...rest },
      context.board.questions.rows,
    )
    const { conversions, totalMinor, credits } = result
    return json({ currency, conversions, totalMinor, credits, ...trustReply(result.trust) })
  },
})
