import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import type { ObjectStore } from '../../storage/object-store.ts'

const BATCH = 200
const BATCHES_MAX = 1000

/**
 * Deletes executions older than `days` days with their files, the files first: what is left by a crash in between is
 * deleted next time.
 */
export async function expireReports(
  db: SystemDatabase,
  storage: ObjectStore,
  days: number,
  signal: AbortSignal,
): Promise<number> {
  let total = 0
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    signal.throwIfAborted()
    const expired = await db
      .selectFrom('executions')
      .select(['client_id', 'id'])
      .where('created_at', '<', sql<string>`now() - make_interval(days => ${days})`)
      .orderBy('created_at')
      .limit(BATCH)
      .execute()
    for (const execution of expired) await expireReport(db, storage, execution)
    total += expired.length
    if (expired.length < BATCH) break
  }
  return total
}

async function expireReport(
  db: SystemDatabase,
  storage: ObjectStore,
  execution: { client_id: string; id: string },
): Promise<void> {
  for await (const key of storage.list(`${execution.client_id}/${execution.id}/`)) await storage.delete(key)
  await db
    .deleteFrom('executions')
    .where('client_id', '=', execution.client_id)
    .where('id', '=', execution.id)
    .execute()
}
