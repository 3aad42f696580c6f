import { sql } from 'kysely'
import type { AnyDatabase, ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { RetryLaterError } from '../../errors.ts'
import { type Day, MINUTE_MS } from '../../time.ts'

/** Erasures come in groups. */
const ERASED_RETRY_MS = MINUTE_MS

export type PreparedRows = { question: string; stamp: string; rows: readonly unknown[] }

/** What the night has prepared for a question; null: nothing. Reads prepared_journeys by its key. */
export async function findPrepared(
  db: ClientDatabase,
  clientId: string,
  question: string,
): Promise<(Omit<PreparedRows, 'question'> & { preparedAt: string }) | null> {
  const row = await db
    .selectFrom('prepared_journeys')
    .select(['stamp', 'rows', 'prepared_at'])
    .where('client_id', '=', clientId)
    .where('question', '=', question)
    .executeTakeFirst()
  return row === undefined
    ? null
    : { stamp: row.stamp, rows: row.rows as readonly unknown[], preparedAt: row.prepared_at }
}

/** Says the same for as long as no erasure of the client was asked for or finished. */
export async function erasureState(db: AnyDatabase, clientId: string): Promise<string> {
  const { rows } = await sql<{ state: string }>`
    select concat_ws('.', count(*), count(finished_at)) as state from erasures where client_id = ${clientId}`.execute(
    db,
  )
  return rows[0]?.state ?? ''
}

/**
 * Puts what was prepared in the place of all that was before. `erasures`: the state before any of it was read. Throws
 * when a customer was erased since, who may be named in it. Nothing is stored over a later night, whose answers are
 * those that pages ask for.
 */
export async function storePrepared(
  tx: ClientTransaction,
  { clientId, day }: { clientId: string; day: Day },
  { prepared, preparedAt, erasures }: { prepared: readonly PreparedRows[]; preparedAt: string; erasures: string },
): Promise<void> {
  // An erasure takes the same lock, and drops what is stored here.
  await sql`select pg_advisory_xact_lock(hashtextextended('prepared-journeys:' || ${clientId}::text, 0))`.execute(tx)
  if ((await erasureState(tx, clientId)) !== erasures)
    throw new RetryLaterError(
      ERASED_RETRY_MS,
      `a customer of ${clientId} was erased while its journeys were prepared: they are prepared again`,
    )
  const later = tx
    .selectFrom('prepared_journeys')
    .select('day')
    .where('client_id', '=', clientId)
    .where('day', '>', day)
  if ((await later.limit(1).executeTakeFirst()) !== undefined) return
  await tx.deleteFrom('prepared_journeys').where('client_id', '=', clientId).execute()
  for (const { question, stamp, rows } of prepared) {
    const row = { client_id: clientId, question, stamp, day, rows: JSON.stringify(rows), prepared_at: preparedAt }
    await tx.insertInto('prepared_journeys').values(row).execute()
  }
}
