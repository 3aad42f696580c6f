import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import type { Format, StoredResult } from '../../ingest/index.ts'
import { instantCursor, pageOf, rowsToRead } from '../../page.ts'

/** refused: it came to its end, and nothing was kept for the rows it has. */
export const IMPORT_STATES = ['waiting', 'running', 'done', 'refused', 'failed', 'cancelled'] as const

export type ImportView = {
  id: string
  clientId: string
  kind: string
  fileName: string
  format: Format | null
  sheet: string | null
  headerRow: number | null
  /** The name of one that ships; `own`: one was sent; null: none. */
  mapping: string | null
  dryRun: boolean
  strict: boolean
  sizeBytes: number
  sha256: string
  requestedBy: string
  createdAt: string
  finishedAt: string | null
  state: (typeof IMPORT_STATES)[number]
  /** 0 to 1 while it runs. */
  progress: number | null
  errorMessage: string | null
  /** What its file or mapping says where something else was expected. */
  found: string | null
  /** null until it is done, or was broken off with what had become of its rows on record. */
  result: StoredResult | null
  /** What whoever imports the file should know. */
  notes: readonly string[]
  hasRejects: boolean
  /** null: its run is older than runs are kept. */
  runId: string | null
}

const STATE = sql<ImportView['state']>`case
  when (i.result->>'isRefused')::boolean then 'refused'
  when i.finished_at is not null then 'done'
  when r.state in ('failed', 'cancelled', 'running') then r.state
  else 'waiting' end`

function importViews(db: AnyDatabase) {
  return db
    .selectFrom('imports as i')
    .leftJoin('runs as r', 'r.id', 'i.run_id')
    .select([
      'i.id',
      'i.client_id as clientId',
      'i.kind',
      'i.file_name as fileName',
      'i.format',
      'i.sheet',
      'i.header_row as headerRow',
      'i.dry_run as dryRun',
      'i.strict',
      'i.size_bytes as sizeBytes',
      'i.sha256',
      'i.requested_by as requestedBy',
      'i.created_at as createdAt',
      'i.finished_at as finishedAt',
      'i.found',
      'r.id as runId',
    ])
    .select([
      sql<string | null>`case when i.mapping is not null then 'own' else i.mapping_name end`.as('mapping'),
      STATE.as('state'),
      sql<number | null>`case when r.state = 'running' then r.progress end`.as('progress'),
      sql<string | null>`case when i.finished_at is null then r.error_message end`.as('errorMessage'),
      // What a try before kept is no news while another goes on.
      sql<StoredResult | null>`case when i.finished_at is not null or r.state in ('failed', 'cancelled') then i.result end`.as(
        'result',
      ),
      sql<boolean>`coalesce(r.attempt > 0, false)`.as('hasBegun'),
      sql<boolean>`i.rejects_key is not null`.as('hasRejects'),
    ])
}

export type ImportFilter = { client?: string | undefined; cursor?: string | undefined; limit: number }

/** Newest first, in pages. Throws InputError `invalid-cursor`. */
export async function listImports(
  db: AnyDatabase,
  { client, cursor, limit }: ImportFilter,
): Promise<{ imports: ImportView[]; nextCursor: string | null }> {
  let query = importViews(db).orderBy('i.created_at', 'desc').orderBy('i.id', 'desc').limit(rowsToRead(limit))
  if (client !== undefined) query = query.where('i.client_id', '=', client)
  const after = instantCursor.read(cursor)
  if (after !== null) {
    const [at, id] = after
    query = query.where(sql<boolean>`(i.created_at, i.id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  const rows = await query.execute()
  const page = pageOf(rows, limit, ({ createdAt, id }) => instantCursor.write([createdAt, id]))
  return { imports: page.rows.map(viewOf), nextCursor: page.nextCursor }
}

export async function findImport(db: AnyDatabase, id: string): Promise<ImportView | null> {
  const row = await importViews(db).where('i.id', '=', id).executeTakeFirst()
  return row === undefined ? null : viewOf(row)
}

function viewOf({ hasBegun, ...row }: Omit<ImportView, 'notes'> & { hasBegun: boolean }): ImportView {
  if (row.result !== null || row.state !== 'cancelled' || row.dryRun) return { ...row, notes: row.result?.notes ?? [] }
  const notes = [hasBegun ? KEPT_UNCOUNTED : 'It was cancelled before it had begun: nothing was kept.']
  return { ...row, notes }
}

/** Its process ended before it could say, or it waited for another try. */
const KEPT_UNCOUNTED =
  'It was cancelled, and its tries had no chance to count: rows that they had stored are kept. Trying again is harmless, and counts them as unchanged.'

/** Where the rejects of an import lie; null when there are none. */
export async function findRejects(
  db: AnyDatabase,
  id: string,
): Promise<{ objectKey: string; fileName: string } | null> {
  const row = await db
    .selectFrom('imports')
    .select(['rejects_key', 'file_name'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row || row.rejects_key === null) return null
  return { objectKey: row.rejects_key, fileName: `${row.file_name}.rejects.csv` }
}
