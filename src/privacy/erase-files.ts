import { sql } from 'kysely'
import type { ClientDatabase } from '../db/database.ts'
import { rejectsKey } from '../ingest/index.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { CustomerOf } from './mentions.ts'
import { type FileSearch, searchFile } from './search-file.ts'
import { isTelling } from './spelling.ts'

/**
 * What became of the files of a client. deleted: they named the customer and are gone. unread: they may name the
 * customer (uploads, and reports whose days overlap the customer's), and it cannot be told: PDFs without another format
 * beside them, files too large, damaged or no text, and all of them where the id is like other words; somebody should
 * look.
 */
export type ErasedFiles = {
  /** Reports, by the ids of their executions; rendered again, they hold the pseudonym. */
  reports: { deleted: string[]; unread: string[] }
  /** Uploaded files and their rejects, by the ids of the imports. */
  imports: { deleted: string[]; unread: string[] }
}

/** Files that are one thing, and are deleted together. */
type Bundle = { id: string; keys: string[]; isConcerned: boolean }

/** What a bundle is when none of its files is named: the first of these that one of them is. */
type Order = readonly FileSearch[]

/** The formats of a report say the same: one that was read speaks for all. */
const OF_REPORTS: Order = ['not-named', 'unread', 'gone']
/** The rejects say only what could not be taken of an upload. */
const OF_IMPORTS: Order = ['unread', 'not-named', 'gone']

/** A customer of a client, by id and name. */
type Named = CustomerOf & { name: string | null }

/** What is looked for. hasId: the id is among the words; a file without any of them then names the customer nowhere. */
type Wanted = { words: string[]; hasId: boolean }

/** One word shorter than this is the name of many; two words are a name of somebody. */
const NAME_LENGTH_MIN = 8
/** Anything shorter stands in half the files there are. */
const ID_LENGTH_MIN = 2
const BUNDLES_MAX = 100_000

/**
 * Finds the stored files that name a customer, by id or name, and deletes them. An id that is like other words (see
 * isTelling) is not looked for: any file may hold it then. Ask before the customer is renamed: the days are read here.
 * Twice is the same as once. `since`: only files made after that instant, or still being made; null: all.
 */
export async function eraseFiles(
  { db, storage, signal }: { db: ClientDatabase; storage: ObjectStore; signal: AbortSignal },
  customer: Named,
  since: string | null,
): Promise<ErasedFiles> {
  const { clientId } = customer
  const wanted = wantedWords(customer)
  const drop = async (keys: string[]) => {
    for (const key of keys) await storage.delete(key)
  }
  const erase = async (bundles: Bundle[], order: Order, forget: (id: string) => Promise<unknown>) => {
    const result: { deleted: string[]; unread: string[] } = { deleted: [], unread: [] }
    for (const bundle of bundles) {
      signal.throwIfAborted()
      const { found, key } = await searchBundle(storage, bundle.keys, { wanted, order })
      if (found === 'unread' && bundle.isConcerned) result.unread.push(bundle.id)
      if (found !== 'named') continue
      const others = bundle.keys.filter((each) => each !== key)
      // What gives the others away goes last: broken off here, they are found again.
      await drop(others)
      await forget(bundle.id)
      // An import that is in progress may put its rejects there until it sees that its file is gone.
      await drop([key, ...others])
      result.deleted.push(bundle.id)
    }
    return result
  }
  return {
    reports: await erase(await reportBundles(db, customer, since), OF_REPORTS, (id) => forgetReport(db, clientId, id)),
    imports: await erase(await importBundles(db, customer, since), OF_IMPORTS, (id) => forgetImport(db, clientId, id)),
  }
}

function wantedWords({ customerId, name: fullName }: Named): Wanted {
  const name = fullName?.trim() ?? ''
  const hasId = isTelling(customerId, ID_LENGTH_MIN)
  const hasName = name.length >= NAME_LENGTH_MIN || name.includes(' ')
  return { words: [...(hasId ? [customerId] : []), ...(hasName ? [name] : [])], hasId }
}

/** A bundle is named when one of its files is (`key`). */
async function searchBundle(
  storage: ObjectStore,
  keys: string[],
  { wanted: { words, hasId }, order }: { wanted: Wanted; order: Order },
): Promise<{ found: FileSearch; key: string }> {
  const seen = new Set<FileSearch>()
  for (const key of keys) {
    const found = await searchFile(storage, key, words)
    if (found === 'named') return { found, key }
    seen.add(found === 'not-named' && !hasId ? 'unread' : found)
  }
  return { found: order.find((each) => seen.has(each)) ?? 'gone', key: '' }
}

/**
 * The reports of a client that have files; concerned are those whose days overlap the days the customer dealt with the
 * business.
 */
async function reportBundles(
  db: ClientDatabase,
  { clientId, customerId }: CustomerOf,
  since: string | null,
): Promise<Bundle[]> {
  const { rows } = await sql<{ id: string; keys: string[]; concerned: boolean }>`
    select e.id, array_agg(f.object_key order by f.format) as keys, exists (
      select from customer_metrics m
      where m.client_id = ${clientId} and m.customer_id = ${customerId} and m.day >= e.window_from and m.day < e.window_to
    ) as concerned
    from executions e join execution_files f on f.client_id = e.client_id and f.execution_id = e.id
    where e.client_id = ${clientId} and coalesce(e.finished_at >= ${since}::timestamptz, true)
    group by e.id, e.window_from, e.window_to order by e.id limit ${BUNDLES_MAX}`.execute(db)
  // A file made while the customer was being renamed may hold the old days as well as the new ones.
  return rows.map(({ id, keys, concerned }) => ({ id, keys, isConcerned: concerned || since !== null }))
}

/** Uploads with their rejects, which are written when an import is nearly done, whenever its file was sent. */
async function importBundles(db: ClientDatabase, { clientId }: CustomerOf, since: string | null): Promise<Bundle[]> {
  const { rows } = await sql<{ id: string; object_key: string }>`
    select id, object_key from imports
    where client_id = ${clientId} and coalesce(finished_at >= ${since}::timestamptz, true)
    order by id limit ${BUNDLES_MAX}`.execute(db)
  return rows.map(({ id, object_key }) => ({ id, keys: [object_key, rejectsKey(clientId, id)], isConcerned: true }))
}

/** The execution stays, without files and figures: the record that a report was made and sent is nobody's. */
async function forgetReport(db: ClientDatabase, clientId: string, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('execution_files').where('client_id', '=', clientId).where('execution_id', '=', id).execute()
    await tx
      .updateTable('executions')
      .set({ figures: null })
      .where('client_id', '=', clientId)
      .where('id', '=', id)
      .execute()
  })
}

async function forgetImport(db: ClientDatabase, clientId: string, id: string): Promise<void> {
  await db
    .updateTable('imports')
    .set({ rejects_key: null, found: null })
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .execute()
}
