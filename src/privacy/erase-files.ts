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

/** Anything shorter stands in half the files there are. */
const NAME_LENGTH_MIN = 4
const ID_LENGTH_MIN = 2
const BUNDLES_MAX = 100_000

/**
 * Finds the stored files that name a customer, by id or name, and deletes them. An id that is like other words (see isTelling) is not looked
 * for. Ask before the customer is renamed: the name and the days are read here. Twice is the same as once.
 */
export async function eraseFiles(
  { db, storage, signal }: { db: ClientDatabase; storage: ObjectStore; signal: AbortSignal },
  customer: CustomerOf,
): Promise<ErasedFiles> {
  const wanted = await wantedWords(db, customer)
  const erase = async (bundles: Bundle[], forget: (id: string) => Promise<unknown>) => {
    const result: { deleted: string[]; unread: string[] } = { deleted: [], unread: [] }
    for (const bundle of bundles) {
      signal.throwIfAborted()
      const found = await searchBundle(storage, bundle.keys, wanted)
      if (found === 'named') {
        for (const key of bundle.keys) await storage.delete(key)
        await forget(bundle.id)
        result.deleted.push(bundle.id)
      } else if (found === 'unread' && bundle.isConcerned) result.unread.push(bundle.id)
    }
    return result
  }
  return {
    reports: await erase(await reportBundles(db, customer), (id) => forgetReport(db, customer.clientId, id)),
    imports: await erase(await importBundles(db, customer), (id) => forgetImport(db, customer.clientId, id)),
  }
}

async function wantedWords(db: ClientDatabase, { clientId, customerId }: CustomerOf): Promise<string[]> {
  const row = await db
    .selectFrom('customers')
    .select('name')
    .where('client_id', '=', clientId)
    .where('id', '=', customerId)
    .executeTakeFirst()
  const name = row?.name?.trim() ?? ''
  return [
    ...(isTelling(customerId, ID_LENGTH_MIN) ? [customerId] : []),
    ...(name.length < NAME_LENGTH_MIN ? [] : [name]),
  ]
}

/** A bundle is named when one of its files is, and not named when one that says all was read. */
async function searchBundle(storage: ObjectStore, keys: string[], wanted: string[]): Promise<FileSearch> {
  if (wanted.length === 0) return 'unread'
  const found = new Set<FileSearch>()
  for (const key of keys) found.add(await searchFile(storage, key, wanted))
  return (['named', 'not-named', 'unread'] as const).find((each) => found.has(each)) ?? 'gone'
}

/** The reports of a client that have files; concerned are those whose days overlap the days the customer dealt with the business. */
async function reportBundles(db: ClientDatabase, { clientId, customerId }: CustomerOf): Promise<Bundle[]> {
  const { rows } = await sql<{ id: string; keys: string[]; concerned: boolean }>`
    select e.id, array_agg(f.object_key order by f.format) as keys, exists (
      select from customer_metrics m
      where m.client_id = ${clientId} and m.customer_id = ${customerId} and m.day >= e.window_from and m.day < e.window_to
    ) as concerned
    from executions e join execution_files f on f.client_id = e.client_id and f.execution_id = e.id
    where e.client_id = ${clientId}
    group by e.id, e.window_from, e.window_to order by e.id limit ${BUNDLES_MAX}`.execute(db)
  return rows.map(({ id, keys, concerned }) => ({ id, keys, isConcerned: concerned }))
}

/** Each upload and its rejects by themselves: the one may say what the other does not. */
async function importBundles(db: ClientDatabase, { clientId }: CustomerOf): Promise<Bundle[]> {
  const { rows } = await sql<{ id: string; key: string }>`
    select i.id, k.key from imports i cross join lateral (values (i.object_key), (i.rejects_key)) as k (key)
    where i.client_id = ${clientId} and k.key is not null
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
