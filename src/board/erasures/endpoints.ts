import { z } from 'zod'
import { requestErasure } from '../../jobs/request-erasure.ts'
import { countCustomerRows, readErasure } from '../../privacy/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { clientOfAll as client, nothing, uuid } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineEndpoint, json, type Written } from '../http/endpoint.ts'
import { notFound } from '../http/problem.ts'
import { originOf } from '../runs/index.ts'

const CUSTOMER_ID_MAX = 500
const rows = z.record(z.string(), z.int()).describe('By table.')

const startedReply = z.strictObject({
  erasureId: z.guid().nullable().describe('null: a dry run.'),
  runId: z.guid().nullable().describe('The run that does it.'),
  rows: rows.describe('Rows that name the customer, by table.'),
})

export const eraseCustomerEndpoint = defineEndpoint({
  method: 'delete',
  path: '/api/admin/customers/:customerId',
  group: 'Customers',
  summary:
    'Erase a customer everywhere: a random pseudonym takes the place of the id, names and free text go, roll-ups stay. Cannot be taken back.',
  role: 'admin',
  scope: 'client',
  cost: 'dear',
  params: z.strictObject({ customerId: z.string().min(1).max(CUSTOMER_ID_MAX).describe('The id of a customer.') }),
  query: z.strictObject({ client, dryRun: z.enum(['true', 'false']).default('false').describe('true: only count.') }),
  body: nothing,
  statuses: [202, 200],
  reply: startedReply,
  async handle({ params, query }, context) {
    const { clientId } = await actingClient(context, query.client)
    const customer = { clientId, customerId: params.customerId }
    if (query.dryRun === 'false') return startErasure(context, customer)
    const counts = await countCustomerRows(context.board.database, customer)
    return { answer: json({ erasureId: null, runId: null, rows: counts }), audit: null }
  },
})

async function startErasure(
  { board, identity }: Context,
  customer: { clientId: string; customerId: string },
): Promise<Written<z.input<typeof startedReply>>> {
  const { clientId } = customer
  const asked = { origin: originOf(identity), requestedBy: identity.name }
  const { erasureId, runId, rows: counts } = await requestErasure(board, customer, asked)
  return {
    answer: json({ erasureId, runId, rows: counts }, 202),
    audit: {
      action: 'erase-customer',
      target: `erasure:${erasureId}`,
      clientId,
      before: null,
      after: { rows: counts },
    },
  }
}

const ids = z.strictObject({ deleted: z.array(z.guid()), unread: z.array(z.guid()) })

export const findErasure = defineEndpoint({
  method: 'get',
  path: '/api/admin/erasures/:id',
  group: 'Customers',
  summary: 'One erasure and the proof of it. Nothing in it tells who the customer was.',
  role: 'admin',
  scope: 'client',
  params: z.strictObject({ id: uuid.describe('The id of an erasure.') }),
  query: z.strictObject({ client }),
  statuses: [200],
  reply: z.strictObject({
    id: z.guid(),
    customerHash: z.string().describe('SHA-256 of the client’s salt, ":" and the customer’s id, in hexadecimal.'),
    requestedBy: z.string(),
    requestedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable().describe('null: in progress.'),
    verificationCount: z.int().nullable().describe('How often the id was found in the end: 0.'),
    rowCounts: rows,
    files: z
      .strictObject({ reports: ids.describe('By their executions.'), imports: ids })
      .nullable()
      .describe('deleted named the customer; unread may, and it cannot be told. null: not looked at yet.'),
  }),
  async handle({ params, query }, context) {
    const { clientId, db } = await actingClient(context, query.client)
    const erasure = await readErasure(db, clientId, params.id)
    if (erasure === null) throw notFound(`There is no erasure ${params.id}.`)
    return json(erasure)
  },
})
