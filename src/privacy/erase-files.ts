import { sql } from 'kysely'
import type { ClientDatabase } from '../db/database.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { CustomerOf } from './mentions.ts'
import { type FileSearch, searchFile } from './search-file.ts'
import { isTelling } from './spelling.ts'

/**
 * What became of the files of a client. deleted: they named the customer and are gone. unread: they may name the customer (their days
 * overlap the customer's) and cannot be searched: PDFs without another format beside them, and files too large; somebody should look.
 */
export type ErasedFiles = {
  /** Reports, by the ids of their executions; rendered again, they hold the pseudonym. */
  reports: { deleted: string[]; unread: string[] }
  /** Uploaded files and their rejects, by the ids of the imports. */
  imports: { deleted: string[]; unread: string[] }
}

/** Files that are one thing: the formats of a report say the same. */
type Bundle = { id: string; keys: string[]; isConcerned: boolean }

/** A customer of a client, by id and name. */
type Named = CustomerOf & { name: string | null }

/** One word shorter than this is the name of many; two words are a name of somebody. */
const NAME_LENGTH_MIN = 8
/** Anything shorter stands in half the files there are. */
const ID_LENGTH_MIN = 2
const BUNDLES_MAX = 100_000

/**
 * Finds the stored files that name a customer, by id or name, and deletes them. An id that is like other words (see isTelling) is not looked
 * for. Ask before the customer is renamed: the days are read here. Twice is the same as once. `since`: only files made after that instant;
 * null: all.
 */
export async function eraseFiles(
  { db, storage, signal }: { db: ClientDatabase; storage: ObjectStore; signal: AbortSignal },
  customer: Named,
  since: string | null,
): Promise<ErasedFiles> {
  const wanted = wantedWords(customer)
  const erase = async (bundles: Bundle[], forget: (id: string) => Promise<unknown>) => {
    const result: { deleted: string[]; unread: string[] } = { deleted: [], unread: [] }
    for (const bundle of bundles) {
      signal.throwIfAborted()
      const { found, key } = await searchBundle(storage, bundle.keys, wanted)
      if (found === 'unread' && bundle.isConcerned) result.unread.push(bundle.id)
      if (found !== 'named') continue
      // What gives the others away goes last: broken off here, they are found again.
      for (const other of bundle.keys.filter((each) => each !== key)) await storage.delete(other)
      await forget(bundle.id)
      await storage.delete(key)
      result.deleted.push(bundle.id)
    }
    return result
  }
  return {
    reports: await erase(await reportBundles(db, customer, since), (id) => forgetReport(db, customer.clientId, id)),
    imports: await erase(await importBundles(db, customer, since), (id) => forgetImport(db, customer.clientId, id)),
  }
}

function wantedWords({ customerId, name: fullName }: Named): string[] {
  const name = fullName?.trim() ?? ''
  return [
    ...(isTelling(customerId, ID_LENGTH_MIN) ? [customerId] : []),
    ...(name.length >= NAME_LENGTH_MIN || name.includes(' ') ? [name] : []),
  ]
}

/** A bundle is named when one of its files is (`key`), and not named when one that says all was read. */
async function searchBundle(
  storage: ObjectStore,
  keys: string[],
  wanted: string[],
): Promise<{ found: FileSearch; key: string }> {
  if (wanted.length === 0) return { found: 'unread', key: '' }
  const seen = new Set<FileSearch>()
  for (const key of keys) {
    const found = await searchFile(storage, key, wanted)
    if (found === 'named') return { found, key }
    seen.add(found)
  }
  return { found: (['not-named', 'unread'] as const).find((each) => seen.has(each)) ?? 'gone', key: '' }
}

/** The reports of a client that have files; concerned are those whose days overlap the days the customer dealt with the business. */
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

/** Each upload and its rejects by themselves: the one may say what the other does not. */
async function importBundles(db: ClientDatabase, { clientId }: CustomerOf, since: string | null): Promise<Bundle[]> {
  const { rows } = await sql<{ id: string; key: string }>`
    select i.id, k.key from imports i cross join lateral (values (i.object_key), (i.rejects_key)) as k (key)
    where i.client_id = ${clientId} and k.key is not null and coalesce(i.created_at >= ${since}::timestamptz, true)
    order by i.id limit ${BUNDLES_MAX}`.execute(db)
  return rows.map(({ id, key }) => ({ id, keys: [key], isConcerned: true }))
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
    .set({ rejects_key: null })
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .execute()
}
