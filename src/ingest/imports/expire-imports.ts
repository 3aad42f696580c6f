import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import type { Day } from '../../time.ts'
import type { FileStore } from './recorded-imports.ts'
import { rejectsKey } from './rejects-key.ts'

const EXPIRED_AT_ONCE = 200
const BATCHES_MAX = 1000

/**
 * Deletes what was uploaded more than so many days ago: the rejects, the file unless another import needs it, and the
 * import itself. Twice is the same as once, also when it broke off in between. Files that no import knows, of uploads
 * that broke off, go too. Returns how many imports went.
 */
export async function expireImports(
  db: SystemDatabase,
  storage: FileStore,
  { days, signal }: { days: number; signal: AbortSignal },
): Promise<number> {
  const isOld = sql<boolean>`created_at < now() - make_interval(days => ${days})`
  let total = 0
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    signal.throwIfAborted()
    const expired = await db
      .selectFrom('imports')
      .select(['client_id', 'id', 'object_key'])
      .where(isOld)
      .orderBy('created_at')
      .limit(EXPIRED_AT_ONCE)
      .execute()
    for (const each of expired) await expireImport(db, storage, each)
    total += expired.length
    if (expired.length < EXPIRED_AT_ONCE) break
  }
  await sweepUploads(db, storage, days)
  return total
}

async function sweepUploads(db: SystemDatabase, storage: FileStore, days: number): Promise<void> {
  const { rows } = await sql<{
    first: Day
  }>`select (now() - make_interval(days => ${days + 1}))::date::text as first`.execute(db)
  const first = `uploads/${rows[0]?.first}`
  for await (const key of storage.list('uploads/')) {
    // In the order of their days: what follows is younger.
    if (key >= first) return
    const known = await db.selectFrom('imports').select('id').where('object_key', '=', key).executeTakeFirst()
    if (known === undefined) await storage.delete(key)
  }
}

async function expireImport(
  db: SystemDatabase,
  storage: FileStore,
  expired: { client_id: string; id: string; object_key: string },
): Promise<void> {
  const other = await db
    .selectFrom('imports')
    .select('id')
    .where('object_key', '=', expired.object_key)
    .where('id', '<>', expired.id)
    .executeTakeFirst()
  if (other === undefined) await storage.delete(expired.object_key)
  await storage.delete(rejectsKey(expired.client_id, expired.id))
  await db.deleteFrom('imports').where('client_id', '=', expired.client_id).where('id', '=', expired.id).execute()
}
