import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import { PermanentError } from '../../errors.ts'
import type { SendRecord } from '../../mail/send-once.ts'
import type { Figure, ReportFormat } from '../document.ts'

/** One recipient's copy of an execution, with everything the mail needs. */
export type Copy = {
  id: string
  clientId: string
  clientName: string
  locale: string
  timeZone: string
  currency: string
  executionId: string
  report: string
  window: { from: string; to: string }
  provisional: boolean
  dataAsOf: string | null
  figures: Figure[]
  address: string
  state: SendRecord['state']
  /** What the server said to the last try. */
  reply: string | null
  messageId: string | null
  messageDate: string | null
  /** Only the formats this recipient gets. */
  files: CopyFile[]
}

export type CopyFile = {
  format: ReportFormat
  objectKey: string
  fileName: string
  mediaType: string
  sizeBytes: number
  sha256: string
}

export async function readCopy(db: ClientDatabase, deliveryId: string): Promise<Copy> {
  const row = await db
    .selectFrom('deliveries as d')
    .innerJoin('executions as e', (join) =>
      join.onRef('e.client_id', '=', 'd.client_id').onRef('e.id', '=', 'd.execution_id'),
    )
    .innerJoin('clients as c', 'c.id', 'd.client_id')
    .select([
      'd.id',
      'd.client_id as clientId',
      'd.address',
      'd.state',
      'd.reply',
      'd.formats',
      'd.message_id as messageId',
      'd.message_date as messageDate',
    ])
    .select([
      'e.id as executionId',
      'e.report',
      'e.window_from',
      'e.window_to',
      'e.provisional',
      'e.data_as_of as dataAsOf',
      'e.figures',
    ])
    .select(['e.time_zone as timeZone', 'e.currency', 'c.name as clientName', 'c.locale'])
    .where('d.id', '=', deliveryId)
    .executeTakeFirst()
  if (!row)
    throw new PermanentError('unknown-delivery', `there is no delivery ${deliveryId}; its report may have been deleted`)
  const { formats, window_from, window_to, figures, ...rest } = row
  const files = await filesOf(db, row.executionId, formats)
  return { ...rest, window: { from: window_from, to: window_to }, figures: (figures ?? []) as Figure[], files }
}

async function filesOf(db: ClientDatabase, executionId: string, formats: string[]): Promise<CopyFile[]> {
  const files = await db
    .selectFrom('execution_files')
    .select([
      'format',
      'object_key as objectKey',
      'file_name as fileName',
      'media_type as mediaType',
      'size_bytes as sizeBytes',
      'sha256',
    ])
    .where('execution_id', '=', executionId)
    .where(sql<boolean>`format = any(${formats})`)
    .orderBy('format')
    .execute()
  const missing = formats.filter((format) => !files.some((file) => file.format === format))
  if (missing.length > 0) {
    throw new PermanentError(
      'missing-file',
      `execution ${executionId} has no ${missing.join(', ')}; render the report again`,
    )
  }
  return files
}
