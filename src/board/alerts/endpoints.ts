import { z } from 'zod'
import { type AlertView, alertKinds, listAlerts, NOTICE_STATES, runOf } from '../../alerts/index.ts'
import { clientId, nextCursor, nothing, page } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { refuseOtherClient } from '../http/own-client.ts'

export const alertFilter = z.strictObject({
  state: z.enum(['open', 'all']).default('all').describe('open: only those whose cause is still there.'),
  client: clientId.optional(),
  ...page,
})

const instant = z.iso.datetime()
const noticeReply = z
  .strictObject({
    channel: z.enum(['mail', 'webhook']),
    address: z.string().nullable().describe('null for whoever may only look.'),
    state: z
      .enum(NOTICE_STATES)
      .describe('unknown: nobody knows whether the mail arrived; it is not sent again by itself.'),
    tries: z.int(),
    sentAt: instant.nullable(),
    reply: z.string().nullable(),
  })
  .meta({ id: 'AlertNotice' })

const alertReply = z
  .strictObject({
    id: z.guid(),
    kind: z
      .union([z.enum(alertKinds.map(({ name }) => name)), z.string()])
      .describe('One of these; where several versions work at once, one that only another knows.'),
    clientId: z.string().nullable(),
    subject: z
      .strictObject({ kind: z.string(), id: z.string() })
      .describe('What it is about, such as a run or a queue.'),
    runId: z.guid().nullable().describe('The run that it is about; null: it is about something else.'),
    title: z.string(),
    message: z.string(),
    advice: z.string(),
    raisedAt: instant,
    resolvedAt: instant.nullable().describe('When its cause was gone; null: it is open.'),
    notices: z.array(noticeReply).describe('How it went with each receiver; none: it is on the board only.'),
  })
  .meta({ id: 'Alert' })

export const listAlertsEndpoint = defineEndpoint({
  method: 'get',
  path: '/api/admin/alerts',
  group: 'Alerts',
  summary:
    'What people were told of: final failures, late windows, stuck runs, queues that do not keep up. Open ones first.',
  role: 'viewer',
  scope: 'client',
  params: nothing,
  query: alertFilter,
  statuses: [200],
  reply: z.strictObject({ alerts: z.array(alertReply), nextCursor }),
  handle: async ({ query }, context) => json(await alertsInSight(context, query)),
})

/** The alerts of a filter that the visitor may see; who was told only for those who may do something about it. */
export async function alertsInSight(context: Context, { state, client, ...rest }: z.output<typeof alertFilter>) {
  refuseOtherClient(context, client)
  const { role } = context.identity
  const { alerts, nextCursor: next } = await listAlerts(context.db, { open: state === 'open', client, ...rest })
  const mayRead = role === 'admin' || role === 'operator'
  const seen = mayRead ? alerts : alerts.map(withoutAddresses)
  return { alerts: seen.map((alert) => ({ ...alert, runId: runOf(alert) })), nextCursor: next }
}

function withoutAddresses(alert: AlertView) {
  return { ...alert, notices: alert.notices.map((notice) => ({ ...notice, address: null })) }
}
