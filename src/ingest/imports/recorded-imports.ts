import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { AnyDatabase, ClientTransaction } from '../../db/database.ts'
import type { Day } from '../../time.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { Format } from '../sources/format.ts'
import type { ImportResult } from './import-file.ts'

/** What of an object store an import needs. */
export type FileStore = {
  get(key: string): Promise<{ body: Readable }>
  put(key: string, body: Readable, options: { mediaType: string; signal?: AbortSignal }): Promise<unknown>
  delete(key: string): Promise<void>
  list(prefix: string): AsyncIterable<string>
}

/** An import to be made of an uploaded file. */
export type NewImport = {
  clientId: string
  kind: string
  fileName: string
  format: Format | null
  sheet: string | null
  headerRow: number | null
  mapping: Mapping | null
  /** Of a mapping that ships. */
  mappingName: string | null
  dryRun: boolean
  strict: boolean
  objectKey: string
  sizeBytes: number
  sha256: string
  requestedBy: string
}

/** What became of an uploaded file, or of its rows until it was stopped; kept as JSON. */
export type StoredResult = Omit<ImportResult, 'rejectsPath' | 'stoppedAtLine'> & {
  /** In earnest, and nothing of it was kept for the rows it has. */
  isRefused: boolean
}

/**
 * Puts an import on record, in the transaction that plans its run. The same file in earnest once more is the import
 * that is there already.
 */
export async function recordImport(tx: ClientTransaction, made: NewImport): Promise<{ id: string; isNew: boolean }> {
  return tx
    .insertInto('imports')
    .values({
      client_id: made.clientId,
      kind: made.kind,
      file_name: made.fileName,
      format: made.format,
      sheet: made.sheet,
      header_row: made.headerRow,
      mapping: made.mapping === null ? null : JSON.stringify(made.mapping),
      mapping_name: made.mappingName,
      dry_run: made.dryRun,
      strict: made.strict,
      object_key: made.objectKey,
      size_bytes: made.sizeBytes,
      sha256: made.sha256,
      requested_by: made.requestedBy,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['client_id', 'object_key'])
        .where('dry_run', '=', false)
        .doUpdateSet({ object_key: made.objectKey }),
    )
    .returning(['id', sql<boolean>`xmax = 0`.as('isNew')])
    .executeTakeFirstOrThrow()
}

/** Says which run does an import. */
export async function noteRun(tx: ClientTransaction, clientId: string, id: string, runId: string): Promise<void> {
  await tx
    .updateTable('imports')
    .set({ run_id: runId })
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .execute()
}

/** Reads back how an import was asked for; null when there is none that `db` may see. */
export async function findRecordedImport(db: AnyDatabase, id: string): Promise<NewImport | null> {
  const row = await db.selectFrom('imports').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) return null
  return {
    clientId: row.client_id,
    kind: row.kind,
    fileName: row.file_name,
    format: row.format,
    sheet: row.sheet,
    headerRow: row.header_row,
    mapping: row.mapping as Mapping | null,
    mappingName: row.mapping_name,
    dryRun: row.dry_run,
    strict: row.strict,
    objectKey: row.object_key,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    requestedBy: row.requested_by,
  }
}

/** Where an upload of a day lies: by day, so that one that no import knows can be told by its age. */
export function uploadKey(day: Day): string {
  return `uploads/${day}/${randomUUID()}`
}
