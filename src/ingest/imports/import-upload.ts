import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sql } from 'kysely'
import type { ClientDatabase, ClientTransaction, Database } from '../../db/database.ts'
import { InputError, PermanentError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Clock } from '../../time.ts'
import { openPartials } from '../../whole-file.ts'
import { FileFault } from '../sources/file-fault.ts'
import { ImportFailure } from './import-failure.ts'
import { type ImportProgress, type ImportResult, importFile } from './import-file.ts'
import { type FileStore, findRecordedImport, type NewImport, type StoredResult } from './recorded-imports.ts'
import { rejectsKey } from './rejects-key.ts'

export type UploadTools = {
  database: Database
  /** Sees the client's rows only. */
  db: ClientDatabase
  storage: FileStore
  /** Where the file lies while it is read; what dead programs left there is removed after a day. */
  folder: string
  /** Which try this is, counted from 1. */
  attempt: number
  clock: Clock
  signal: AbortSignal
  progress(share: number): void
  commit(write: (tx: ClientTransaction) => Promise<void>): Promise<void>
  /** Writes while the import is still ours, also when it is told to stop. */
  checkpoint(write: (tx: ClientTransaction) => Promise<void>): Promise<void>
  log: Log
}

/**
 * Imports an uploaded file and puts on record what became of it. Twice is the same as once: what an earlier try has
 * stored is there with the same content, and counts as unchanged.
 */
export async function importUpload(id: string, tools: UploadTools): Promise<void> {
  const upload = await findRecordedImport(tools.db, id)
  if (upload === null) throw new PermanentError('no-such-import', `There is no import ${id} any more.`)
  openPartials(tools.folder)
  const path = join(tools.folder, randomUUID())
  const rejects = `${path}.rejects`
  try {
    const body = await openUpload(id, upload, tools)
    await pipeline(body, createWriteStream(path, { mode: FILE_MODE }), { signal: tools.signal })
    const {
      rejectsPath,
      stoppedAtLine: _,
      ...counts
    } = await importLocal({ id, path, rejectsPath: rejects }, upload, tools)
    if (tools.signal.aborted) await keepStopped(id, upload, counts, tools)
    const refusal = refusalOf(counts, upload)
    const result = { ...counts, isRefused: refusal !== null }
    if (refusal !== null) result.notes.push(refusal)
    if (tools.attempt > 1 && !upload.dryRun) result.notes.push(triedBefore(tools.attempt))
    tools.signal.throwIfAborted()
    const key = rejectsKey(upload.clientId, id)
    const areKept = rejectsPath !== null && (await keepRejects(tools, key, { path: rejects, upload }))
    if (rejectsPath !== null && !areKept) result.notes.push(REJECTS_GONE)
    const kept = { clientId: upload.clientId, id, result, rejectsKey: areKept ? key : null }
    await tools.commit((tx) => keepResult(tx, kept, tools.clock()))
  } finally {
    for (const each of [path, rejects]) await rm(each, { force: true })
  }
}

/**
 * Throws a PermanentError for a file that an erasure has deleted: files that are deleted for their age go with their
 * imports.
 */
async function openUpload(
  id: string,
  { objectKey, dryRun }: NewImport,
  { storage, attempt }: UploadTools,
): Promise<Readable> {
  const body = await findUpload(storage, objectKey)
  if (body !== null) return body
  const before =
    attempt > 1 && !dryRun ? 'What an earlier try had stored is kept, the rest is missing' : 'Nothing was stored'
  throw new PermanentError(
    'upload-deleted',
    `The file of import ${id} was deleted before the import had ended, as happens when a customer it names is erased. ${before}. Send the file again, without that customer.`,
  )
}

/** Nobody's business but the program's own user's. */
const FILE_MODE = 0o600

/** Why nothing was kept of a file that was read to its end; null: something was, or nothing was to be. */
function refusalOf({ read, rejected }: { read: number; rejected: number }, upload: NewImport): string | null {
  if (upload.dryRun || rejected === 0) return null
  if (upload.strict) return 'Nothing was kept: the import is strict, and not every row is good.'
  return rejected === read ? 'Nothing was kept: no row is good.' : null
}

function triedBefore(attempt: number): string {
  return `This was try ${attempt}: what an earlier one had stored counts as unchanged.`
}

/**
 * Puts on record what had become of the rows when the import was stopped, for who cancelled it. Of several tries the
 * one that came farthest says most: each begins at the first row, and finds what one before has stored.
 */
async function keepStopped(
  id: string,
  upload: NewImport,
  counts: Omit<StoredResult, 'isRefused'>,
  { checkpoint, log }: UploadTools,
): Promise<void> {
  const notes = [...counts.notes, stoppedNote(counts, upload)]
  const result: StoredResult = { ...counts, notes, isRefused: false }
  await checkpoint(async (tx) => {
    await tx
      .updateTable('imports')
      .set({ result: JSON.stringify(result) })
      .where('client_id', '=', upload.clientId)
      .where('id', '=', id)
      .where('finished_at', 'is', null)
      .where(sql<boolean>`coalesce((result->>'read')::bigint <= ${counts.read}, true)`)
      .execute()
  })
  log.info(stoppedNote(counts, upload))
}

function stoppedNote(
  { read, rejected, tallies }: Pick<StoredResult, 'read' | 'rejected' | 'tallies'>,
  { dryRun, strict }: NewImport,
): string {
  const stopped = `It was stopped after ${read} rows, ${rejected} of them rejected`
  if (dryRun) return `${stopped}; nothing was to be kept.`
  if (strict) return `${stopped}. Nothing was kept: the import is strict.`
  const facts = tallies.reduce((sum, { inserted, updated, unchanged }) => sum + inserted + updated + unchanged, 0)
  const fresh = tallies.reduce((sum, { inserted, updated }) => sum + inserted + updated, 0)
  return `${stopped}. What they say is kept: ${facts} facts, ${fresh} of them new or changed. Trying again is harmless.`
}

async function importLocal(
  { id, path, rejectsPath }: { id: string; path: string; rejectsPath: string },
  upload: NewImport,
  { database, db, clock, signal, progress }: UploadTools,
): Promise<ImportResult> {
  try {
    return await importFile({
      ...upload,
      database,
      path,
      name: upload.fileName,
      importId: id,
      mapping: upload.mapping ?? upload.mappingName,
      rejectsPath,
      clock,
      signal,
      onProgress: (made) => progress(shareOf(made, upload)),
    })
  } catch (error) {
    // The file is not at fault: whoever runs this decides whether to try again, by what happened.
    if (error instanceof InputError && error.code === 'import-broken-off') throw error.cause
    const { fault, found } = forRun(id, error)
    if (fault instanceof InputError) await keepFound(db, id, found)
    throw fault
  }
}

/**
 * What a run may say of what went wrong, and what only those may see who may see the import: a mapping is theirs, too.
 */
function forRun(id: string, error: unknown): { fault: unknown; found: string | null } {
  const cause = error instanceof ImportFailure ? error.cause : error
  if (cause instanceof FileFault) return { fault: cause, found: cause.found }
  if (!(cause instanceof InputError) || !OF_MAPPINGS.includes(cause.code)) return { fault: error, found: null }
  const message = `The mapping of import ${id} is wrong, or does not fit its file; the page of the import says where.`
  return { fault: new InputError(cause.code, message), found: cause.message }
}

const OF_MAPPINGS = ['mapping', 'unknown-kind']

async function keepFound(db: ClientDatabase, id: string, found: string | null): Promise<void> {
  await db
    .updateTable('imports')
    .set({ found: found?.slice(0, FOUND_CHARS_MAX) ?? null })
    .where('id', '=', id)
    .execute()
}

const FOUND_CHARS_MAX = 10_000

/** A strict import reads the file whole before it stores any of it. */
function shareOf({ phase, bytesRead, bytesTotal }: ImportProgress, { strict, dryRun }: NewImport): number {
  const share = bytesTotal === 0 ? 0 : bytesRead / bytesTotal
  if (!strict || dryRun) return share
  return phase === 'checking' ? share / 2 : 0.5 + share / 2
}

const REJECTS_GONE = 'The file was deleted while it was imported, and its rejects with it.'

/**
 * Stores the rejects, unless the file they are rows of has been deleted meanwhile, because it names a customer who is
 * erased. Looks for it afterwards: whoever deletes the file deletes the rejects after it.
 */
async function keepRejects(
  { storage, signal }: UploadTools,
  key: string,
  { path, upload }: { path: string; upload: NewImport },
): Promise<boolean> {
  await storage.put(key, createReadStream(path), { mediaType: 'text/csv; charset=utf-8', signal })
  const body = await findUpload(storage, upload.objectKey)
  body?.destroy()
  if (body !== null) return true
  await storage.delete(key)
  return false
}

/** null: it is not there any more. */
async function findUpload(storage: FileStore, key: string): Promise<Readable | null> {
  try {
    const { body } = await storage.get(key)
    return body
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'object-missing') return null
    throw error
  }
}

async function keepResult(
  tx: ClientTransaction,
  {
    clientId,
    id,
    result,
    rejectsKey,
  }: { clientId: string; id: string; result: StoredResult; rejectsKey: string | null },
  now: Temporal.Instant,
): Promise<void> {
  await tx
    .updateTable('imports')
    .set({ result: JSON.stringify(result), found: null, rejects_key: rejectsKey, finished_at: now.toString() })
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .execute()
}
