import { z } from 'zod'
import { type ReportScheduleChange, scheduleReport, unscheduleReport } from '../../jobs/schedule-report.ts'
import { repeatedFields } from '../../reports/asked-report.ts'
import { REPORT_FORMATS } from '../../reports/document.ts'
import {
  auditedSchedule,
  listReportSchedules,
  type ReportScheduleView,
  SCHEDULE_NAME,
} from '../../reports/schedules/report-schedules.ts'
import { actingClient } from '../http/acting-client.ts'
import { clientOfAll as client, nothing } from '../http/address.ts'
import { defineEndpoint, json, type Written } from '../http/endpoint.ts'
import { cronText, zoneName } from '../schedules/index.ts'

const RECIPIENTS_MAX = 200

const name = z
  .string()
  .regex(SCHEDULE_NAME, 'must be of lower-case letters, digits and hyphens')
  .describe('What it is called; one of each name.')
const recipient = { address: z.email().max(320), formats: z.array(z.enum(REPORT_FORMATS)).min(1) }

const draft = z.strictObject({
  ...repeatedFields,
  cron: cronText,
  zone: zoneName.default('client'),
  recipients: z.array(z.strictObject(recipient)).max(RECIPIENTS_MAX).describe('These and nobody else.'),
  ownerAddress: z.email().max(320).nullable().default(null).describe('Who hears when it fails.'),
})

const reply = z
  .strictObject({
    name,
    clientId: z.string(),
    scheduleId: z.string().describe('Its schedule, to change its times or to pause it.'),
    cron: z.string(),
    zone: z.string(),
    ownerAddress: z.string().nullable(),
    asked: z.record(z.string(), z.unknown()).describe('The report, the period, the formats and what narrows it down.'),
    recipients: z.array(z.strictObject({ ...recipient, unsubscribedAt: z.string().nullable() })),
  })
  .meta({ id: 'ReportSchedule' })

const place = { group: 'Reports', role: 'operator', scope: 'client' } as const

export const listReportSchedulesEndpoint = defineEndpoint({
  ...place,
  method: 'get',
  path: '/api/report-schedules',
  summary: 'The reports of a client that are sent by themselves, and who gets them.',
  params: nothing,
  query: z.strictObject({ client }),
  statuses: [200],
  reply: z.strictObject({ reportSchedules: z.array(reply) }),
  async handle({ query }, context) {
    const { clientId, db } = await actingClient(context, query.client)
    return json({ reportSchedules: await listReportSchedules(db, { clientId }) })
  },
})

export const scheduleReportEndpoint = defineEndpoint({
  ...place,
  method: 'post',
  path: '/api/report-schedules',
  summary: 'Have a report rendered and mailed again and again. The same name again changes it.',
  params: nothing,
  query: z.strictObject({ client }),
  body: draft.extend({ name }),
  statuses: [200],
  reply,
  async handle({ query, body }, context) {
    const { clientId } = await actingClient(context, query.client)
    const { name, cron, zone, recipients, ownerAddress, ...asked } = body
    const wanted = { clientId, name, asked, cron, zone, recipients, ownerAddress }
    const change = await scheduleReport(context.board.database.system, wanted)
    return written('schedule-report', clientId, change, change.after)
  },
})

export const unscheduleReportEndpoint = defineEndpoint({
  ...place,
  method: 'delete',
  path: '/api/report-schedules/:name',
  summary: 'Take a scheduled report away, with its recipients. What it has sent stays.',
  params: z.strictObject({ name }),
  query: z.strictObject({ client }),
  body: nothing,
  statuses: [200],
  reply,
  async handle({ params, query }, context) {
    const { clientId } = await actingClient(context, query.client)
    const change = await unscheduleReport(context.board.database.system, { clientId, name: params.name })
    return written('unschedule-report', clientId, change, change.before)
  },
})

function written(
  action: string,
  clientId: string,
  { before, after }: ReportScheduleChange,
  shown: ReportScheduleView,
): Written<z.input<typeof reply>> {
  const target = `report-schedule:${shown.name}`
  const audit = { action, target, clientId, before: auditedSchedule(before), after: auditedSchedule(after) }
  return { answer: json(shown), audit }
}
