import { z } from 'zod'
import { ACTIVITIES, COHORT_GRAINS, measureCohorts } from '../../analytics/journeys/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { checkWindow, interval, journeyAddress, minor, trust, trustReply, wholeNumber } from './journey-parts.ts'

const PERIODS_MAX = 60

const cohortQuery = z
  .strictObject({
    ...journeyAddress,
    grain: z.enum(COHORT_GRAINS).default('month').describe('ISO weeks or months of the first contact.'),
    activity: z.enum(ACTIVITIES).default('order').describe('What makes a customer active in a period.'),
    periods: wholeNumber(0, PERIODS_MAX, 12).describe('Weeks or months after the first.'),
  })
  .superRefine(checkWindow)

const cell = z.strictObject({
  period: z.int().describe('0 is that of the first contact.'),
  customers: z.int().describe('Active ones.'),
  retention: z.number().describe('Active of all in the cohort.'),
  interval: interval.nullable(),
  netMinor: minor,
  provisional: z.boolean().describe('Not over, or a day of it is not rolled up or not since its last fact.'),
})

export const cohorts = defineEndpoint({
  method: 'get',
  path: '/api/admin/analytics/cohorts',
  group: 'Analytics',
  summary:
    'Customers by the week or month of their first contact: how many are active in each one since, and what they bring in.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: cohortQuery,
  statuses: [200],
  reply: z.strictObject({
    cohorts: z.array(
      z.strictObject({
        from: z.iso.date().describe('The first day of the week or month.'),
        customers: z.int(),
        isPartial: z.boolean().describe('from and to leave some of its days out.'),
        netMinor: minor,
        cells: z.array(cell),
      }),
    ),
    ...trust,
  }),
  async handle({ query }, context) {
    const { client, from, to, ...rest } = query
    const { db, clientId, timeZone, today } = await actingClient(context, client)
    const result = await measureCohorts(
      db,
      { clientId, timeZone, today, window: { from, to }, ...rest },
      context.board.questions.rows,
    )
    return json({ cohorts: result.cohorts, ...trustReply(result.trust) })
  },
})
