import { type Kysely, sql } from 'kysely'
import type { DB } from '../../db/schema.ts'
import type { StoredResult } from '../../ingest/uploaded-imports.ts'
import { readCursor, writeCursor } from '../../queues/cursor.ts'

/** refused: it came to its end, and nothing was kept for the rows it has. */
export const IMPORT_STATES = ['waiting', 'running', 'done', 'refused', 'failed', 'cancelled'] as const

export type ImportView = {
  id: string
  clientId: string
  kind: string
  fileName: string
  format: string | null
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
  /** null until it is done. */
  result: StoredResult | null
  hasRejects: boolean
  /** null: not planned yet. */
  runId: string | null
}

const STATE = sql<ImportView['state']>`case
  when (i.result->>'isRefused')::boolean then 'refused'
  when i.finished_at is not null then 'done'
  when r.state in ('failed', 'cancelled', 'running') then r.state
  else 'waiting' end`

function importViews(db: Kysely<DB>) {
  return db
    .selectFrom('imports as i')
    .leftJoin('runs as r', (join) =>
      join.on('r.job', '=', 'import-file').on('r.key', '=', sql<string>`i.client_id || '.' || i.id`),
    )
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
      'r.id as runId',
    ])
    .select([
      sql<string | null>`case when i.mapping is not null then 'own' else i.mapping_name end`.as('mapping'),
      STATE.as('state'),
      sql<number | null>`case when r.state = 'running' then r.progress end`.as('progress'),
      sql<string | null>`case when i.finished_at is null then r.error_message end`.as('errorMessage'),
      sql<StoredResult | null>`i.result`.as('result'),
      sql<boolean>`i.rejects_key is not null`.as('hasRejects'),
    ])
}

export type ImportFilter = { client?: string | undefined; cursor?: string | undefined; limit: number }

/** Newest first, in pages. Throws InputError `invalid-cursor`. */
export async function listImports(
  db: Kysely<DB>,
  { client, cursor, limit }: ImportFilter,
): Promise<{ imports: ImportView[]; nextCursor: string | null }> {
  let query = importViews(db)
    .orderBy('i.created_at', 'desc')
    .orderBy('i.id', 'desc')
    .limit(limit + 1)
  if (client !== undefined) query = query.where('i.client_id', '=', client)
  if (cursor !== undefined) {
    const [at, id] = readCursor(cursor)
    query = query.where(sql<boolean>`(i.created_at, i.id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  const rows: ImportView[] = await query.execute()
  const imports = rows.slice(0, limit)
  const last = imports.at(-1)
  return { imports, nextCursor: rows.length > limit && last ? writeCursor(last.createdAt, last.id) : null }
}

export async function findImport(db: Kysely<DB>, id: string): Promise<ImportView | null> {
  const row: ImportView | undefined = await importViews(db).where('i.id', '=', id).executeTakeFirst()
  return row ?? null
}

/** Where the rejects of an import lie; null when there are none. */
export async function findRejects(db: Kysely<DB>, id: string): Promise<{ objectKey: string; fileName: string } | null> {
  const row = await db
    .selectFrom('imports')
    .select(['rejects_key', 'file_name'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row || row.rejects_key === null) return null
  return { objectKey: row.rejects_key, fileName: `${row.file_name}.rejects.csv` }
}
