import { z } from 'zod'
import { REPORT_FORMATS } from '../../reports/document.ts'
import { clientId, nextCursor, nothing, page, uuid } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { notFound } from '../http/problem.ts'
import { recordFile } from '../http/record-write.ts'
import { sendFile } from '../http/send-file.ts'
import { type ExecutionView, findExecution, findFile, listExecutions } from './read-executions.ts'

export const executionState = z.enum(['pending', 'running', 'completed', 'failed'])
const instant = z.iso.datetime()
const format = z.enum(REPORT_FORMATS)

const file = z
  .strictObject({
    format,
    fileName: z.string(),
    mediaType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string(),
    href: z.string().describe('Where to download it.'),
  })
  .meta({ id: 'ReportFile' })

const executionReply = z
  .strictObject({
    id: z.guid().describe('Also the id of the run that renders it.'),
    clientId: z.string(),
    clientName: z.string(),
    report: z.string(),
    from: z.iso.date().describe('First local day of the window.'),
    to: z.iso.date().describe('The local day after the last.'),
    timeZone: z.string(),
    currency: z.string(),
    state: executionState,
    provisional: z.boolean().describe('Some day of the window was not rolled up, or not since its last fact.'),
    dataAsOf: instant.nullable(),
    errorMessage: z.string().nullable(),
    createdAt: instant,
    finishedAt: instant.nullable(),
    figures: z.unknown().describe('The headline figures as every format shows them.'),
    files: z.array(file),
    deliveries: z.record(z.string(), z.int()).describe('How many copies are in each state.'),
  })
  .meta({ id: 'Execution' })

export const executionFilter = z.strictObject({
  client: clientId.optional(),
  report: z.string().max(100).optional(),
  state: executionState.optional(),
  ...page,
})

export const listReportExecutions = defineEndpoint({
  method: 'get',
  path: '/api/reports/executions',
  group: 'Reports',
  summary: 'Reports that were rendered or are about to be, newest first.',
  role: 'reports',
  scope: 'client',
  params: nothing,
  query: executionFilter,
  statuses: [200],
  reply: z.strictObject({ executions: z.array(executionReply), nextCursor }),
  async handle({ query }, { db }) {
    const { executions, nextCursor: next } = await listExecutions(db, query)
    return json({ executions: executions.map(executionBody), nextCursor: next })
  },
})

export const findReportExecution = defineEndpoint({
  method: 'get',
  path: '/api/reports/executions/:id',
  group: 'Reports',
  summary: 'One rendered report with its files.',
  role: 'reports',
  scope: 'client',
  params: z.strictObject({ id: uuid }),
  query: nothing,
  statuses: [200],
  reply: executionReply,
  async handle({ params }, { db }) {
    const execution = await findExecution(db, params.id)
    if (!execution) throw notFound(`There is no report ${params.id}.`)
    return json(executionBody(execution))
  },
})

function executionBody({ locale: _locale, ...execution }: ExecutionView): z.input<typeof executionReply> {
  const files = execution.files.map((each) => ({
    ...each,
    format: format.parse(each.format),
    href: `/files/${execution.id}/${each.format}`,
  }))
  return { ...execution, files }
}

const MEDIA_TYPES = [
  'application/pdf',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'text/csv',
  'text/html',
  'application/json',
]

export const downloadFile = defineEndpoint({
  method: 'get',
  path: '/files/:executionId/:format',
  group: 'Reports',
  summary: 'One file of a report, as a download or to be opened in the browser; may redirect to the store.',
  role: 'reports',
  scope: 'client',
  params: z.strictObject({ executionId: uuid, format }),
  query: z.strictObject({ show: z.enum(['download', 'inline']).default('download') }),
  statuses: [200, 302],
  reply: { mediaTypes: MEDIA_TYPES },
  async handle({ params, query }, context) {
    const { board, db } = context
    const found = await findFile(db, params.executionId, params.format)
    if (!found) throw notFound(`Report ${params.executionId} has no ${params.format} file.`)
    const target = `report:${params.executionId}.${params.format}`
    await recordFile(context, { action: 'download-report', target, clientId: found.clientId })
    return sendFile(board.storage, found, query.show)
  },
})
