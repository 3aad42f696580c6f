import { type Selectable, sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import type { DB } from '../../db/schema.ts'
import { instantCursor, pageOf, rowsToRead } from '../../page.ts'
import { REPORT_FORMATS, type ReportFormat } from '../../reports/document.ts'
import type { StoredFile } from '../http/send-file.ts'

export type ExecutionFile = {
  format: ReportFormat
  fileName: string
  mediaType: string
  sizeBytes: number
  sha256: string
}
export type DeliveryView = {
  address: string
  formats: string[]
  state: Selectable<DB['deliveries']>['state']
  tries: number
  sentAt: string | null
  reply: string | null
  /** An earlier mail of it that the server took after all, though another had been asked for. */
  lateMessageId: string | null
  lateSentAt: string | null
}
export type ExecutionView = {
  id: string
  clientId: string
  clientName: string
  report: string
  from: string
  to: string
  timeZone: string
  currency: string
  locale: string
  state: 'pending' | 'running' | 'completed' | 'failed'
  provisional: boolean
  dataAsOf: string | null
  errorMessage: string | null
  createdAt: string
  finishedAt: string | null
  figures: unknown
  files: ExecutionFile[]
  /** How many copies are in each state. */
  deliveries: Record<string, number>
}

export type ExecutionFilter = {
  client?: string | undefined
  report?: string | undefined
  state?: ExecutionView['state'] | undefined
  cursor?: string | undefined
  limit: number
}

const FILES = sql<ExecutionFile[]>`(
  select coalesce(jsonb_agg(jsonb_build_object('format', f.format, 'fileName', f.file_name, 'mediaType', f.media_type,
    'sizeBytes', f.size_bytes, 'sha256', f.sha256) order by array_position(${[...REPORT_FORMATS]}::text[], f.format)), '[]')
  from execution_files f where f.client_id = e.client_id and f.execution_id = e.id)`

const DELIVERIES = sql<Record<string, number>>`(
  select coalesce(jsonb_object_agg(d.state, d.n), '{}') from (
    select state, count(*)::int as n from deliveries where client_id = e.client_id and execution_id = e.id group by state) d)`

function executionViews(db: AnyDatabase) {
  return db
    .selectFrom('executions as e')
    .innerJoin('clients as c', 'c.id', 'e.client_id')
    .select([
      'e.id',
      'e.client_id as clientId',
      'c.name as clientName',
      'c.locale',
      'e.report',
      'e.window_from as from',
      'e.window_to as to',
      'e.time_zone as timeZone',
      'e.currency',
      'e.provisional',
      'e.data_as_of as dataAsOf',
      'e.error_message as errorMessage',
      'e.created_at as createdAt',
      'e.finished_at as finishedAt',
      'e.figures',
      'e.state',
    ])
    .select([FILES.as('files'), DELIVERIES.as('deliveries')])
}

/** Newest first, in pages. Throws InputError `invalid-cursor`. */
export async function listExecutions(
  db: AnyDatabase,
  filter: ExecutionFilter,
): Promise<{ executions: ExecutionView[]; nextCursor: string | null }> {
  let query = executionViews(db).orderBy('e.created_at', 'desc').orderBy('e.id', 'desc').limit(rowsToRead(filter.limit))
  if (filter.client !== undefined) query = query.where('e.client_id', '=', filter.client)
  if (filter.report !== undefined) query = query.where('e.report', '=', filter.report)
  if (filter.state !== undefined) query = query.where('e.state', '=', filter.state)
  const after = instantCursor.read(filter.cursor)
  if (after !== null) {
    const [createdAt, id] = after
    query = query.where(sql<boolean>`(e.created_at, e.id) < (${createdAt}::timestamptz, ${id}::uuid)`)
  }
  const rows: ExecutionView[] = await query.execute()
  const page = pageOf(rows, filter.limit, ({ createdAt, id }) => instantCursor.write([createdAt, id]))
  return { executions: page.rows, nextCursor: page.nextCursor }
}

export async function findExecution(db: AnyDatabase, id: string): Promise<ExecutionView | null> {
  const row: ExecutionView | undefined = await executionViews(db).where('e.id', '=', id).executeTakeFirst()
  return row ?? null
}

/** Recipients shown of one execution. */
export const DELIVERIES_MAX = 500

export async function deliveriesOf(db: AnyDatabase, { clientId, id }: ExecutionView): Promise<DeliveryView[]> {
  return db
    .selectFrom('deliveries')
    .select(['address', 'formats', 'state', 'tries', 'sent_at as sentAt', 'reply'])
    .select(['late_message_id as lateMessageId', 'late_sent_at as lateSentAt'])
    .where('client_id', '=', clientId)
    .where('execution_id', '=', id)
    .orderBy(sql`state = 'failed'`, 'desc')
    .orderBy('address')
    .limit(DELIVERIES_MAX)
    .execute()
}

export async function findFile(
  db: AnyDatabase,
  executionId: string,
  format: ReportFormat,
): Promise<(StoredFile & { clientId: string }) | null> {
  const row = await db
    .selectFrom('execution_files as f')
    .innerJoin('executions as e', (join) =>
      join.onRef('e.client_id', '=', 'f.client_id').onRef('e.id', '=', 'f.execution_id'),
    )
    .select([
      'f.client_id as clientId',
      'f.object_key as objectKey',
      'f.file_name as fileName',
      'f.media_type as mediaType',
      'f.size_bytes as sizeBytes',
    ])
    .where('e.id', '=', executionId)
    .where('f.format', '=', format)
    .executeTakeFirst()
  return row ?? null
}
