import { z } from 'zod'
import { BULK_ACTIONS } from '../../queues/index.ts'
import { nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { changeRuns } from './change-runs.ts'
import { filterInSight, runFilterFields } from './run-filter.ts'
import { runState } from './run-reply.ts'

const body = z
  .strictObject({
    action: z
      .enum(BULK_ACTIONS)
      .describe(
        'retry: plan again what failed, or what was cancelled when `state` says so. discard: cancel what is open and set aside what failed; its attempts are kept.',
      ),
    filter: z.strictObject(runFilterFields).describe('As for the list of runs; without members it is everything.'),
    dryRun: z.boolean().default(false).describe('Only count.'),
    count: z.int().min(0).optional().describe('How many may change at most: the count a dry run gave.'),
  })
  .refine(({ dryRun, count }) => dryRun || count !== undefined, {
    path: ['count'],
    message: 'Say how many runs may change: ask with dryRun first.',
  })

export const bulkRuns = defineEndpoint({
  method: 'post',
  path: '/api/runs/bulk',
  group: 'Runs',
  summary:
    'Retry or discard everything that matches, after a count. Refused with 409 when more match than were counted.',
  role: 'operator',
  scope: 'client',
  cost: 'dear',
  params: nothing,
  query: nothing,
  body,
  statuses: [200],
  reply: z
    .strictObject({
      matching: z.int().describe('Runs the action takes.'),
      byState: z.partialRecord(runState, z.int()).describe('The same by the state they were in.'),
      changed: z.int().nullable().describe('Runs that changed, with those they stand on; null: it was a dry run.'),
    })
    .meta({ id: 'BulkChange' }),
  async handle({ body: { action, filter: given, dryRun, count = 0 } }, context) {
    const { board, identity } = context
    const filter = filterInSight(context, given)
    if (dryRun) {
      const { total, byState } = await board.ledger.countAll(action, filter)
      return { answer: json({ matching: total, byState, changed: null }), audit: null }
    }
    const { matching, changed, audit } = await changeRuns(board.ledger, identity.name, { action, filter, count })
    return { answer: json({ matching: matching.total, byState: matching.byState, changed }), audit }
  },
})
