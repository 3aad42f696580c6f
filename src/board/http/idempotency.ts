import { createHash } from 'node:crypto'
import type { SystemDatabase } from '../../db/database.ts'
import { HOUR_MS, MINUTE_MS } from '../../time.ts'
import { HttpError } from './problem.ts'

const KEPT_MS = 24 * HOUR_MS
/** A first request that has not answered by now has died with its process; the next one takes its place. */
const GIVEN_UP_MS = 2 * MINUTE_MS
/** Old keys that one new key sweeps away. */
const SWEEP = 100

export type KeyedRequest = { actor: string; key: string; request: string; now: Temporal.Instant }
export type KeyedReply = { status: number; reply: string }
/**
 * `isKept` false: the key is forgotten, and the same request is done again; for replies that are large and work that
 * may be repeated.
 */
export type NewReply = KeyedReply & { isKept: boolean }

/**
 * Does `work` once per actor and key: a second request with the same key gets the first one's reply. A failure is not
 * kept, so that the same key may be tried again. Throws HttpError `idempotency-key-reused`, `idempotency-key-busy`.
 */
export async function once(
  db: SystemDatabase,
  keyed: KeyedRequest,
  work: () => Promise<NewReply>,
): Promise<KeyedReply & { replayed: boolean }> {
  const requestHash = createHash('sha256').update(keyed.request).digest()
  if (!(await claim(db, keyed, requestHash))) return { ...(await replyOf(db, keyed, requestHash)), replayed: true }
  const { isKept, ...reply } = await work().catch(async (error: unknown) => {
    await forget(db, keyed)
    throw error
  })
  // It is done: where that cannot be written down, the key stays taken, or the same request would do it again.
  await (isKept ? keep(db, keyed, reply) : forget(db, keyed))
  return { ...reply, replayed: false }
}

async function keep(db: SystemDatabase, { actor, key, now }: KeyedRequest, reply: KeyedReply): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set(reply)
    .where('actor', '=', actor)
    .where('key', '=', key)
    .where('created_at', '=', now.toString())
    .execute()
}

/** Only what is claimed by this request: another may have taken it over. */
async function forget(db: SystemDatabase, { actor, key, now }: KeyedRequest): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('actor', '=', actor)
    .where('key', '=', key)
    .where('created_at', '=', now.toString())
    .where('status', 'is', null)
    .execute()
}

async function claim(db: SystemDatabase, { actor, key, now }: KeyedRequest, requestHash: Buffer): Promise<boolean> {
  await sweep(db, now)
  const givenUp = now.subtract({ milliseconds: GIVEN_UP_MS }).toString()
  const claimed = await db
    .insertInto('idempotency_keys')
    .values({ actor, key, request_hash: requestHash, created_at: now.toString() })
    .onConflict((conflict) =>
      conflict
        .columns(['actor', 'key'])
        .doUpdateSet({ created_at: now.toString() })
        .where('idempotency_keys.status', 'is', null)
        .where('idempotency_keys.request_hash', '=', requestHash)
        .where('idempotency_keys.created_at', '<', givenUp),
    )
    .returning('key')
    .executeTakeFirst()
  return claimed !== undefined
}

async function replyOf(db: SystemDatabase, { actor, key }: KeyedRequest, requestHash: Buffer): Promise<KeyedReply> {
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'status', 'reply'])
    .where('actor', '=', actor)
    .where('key', '=', key)
    .executeTakeFirst()
  if (row && !row.request_hash.equals(requestHash)) {
    throw new HttpError('idempotency-key-reused', 'This Idempotency-Key was used for another request.')
  }
  if (row?.status == null || row.reply === null) {
    throw new HttpError('idempotency-key-busy', 'The first request with this Idempotency-Key is still at work.', {
      headers: { 'Retry-After': '1' },
    })
  }
  return { status: row.status, reply: row.reply }
}

async function sweep(db: SystemDatabase, now: Temporal.Instant): Promise<void> {
  const old = db
    .selectFrom('idempotency_keys')
    .select(['actor', 'key'])
    .where('created_at', '<', now.subtract({ milliseconds: KEPT_MS }).toString())
    .limit(SWEEP)
  await db
    .deleteFrom('idempotency_keys')
    .using(old.as('old'))
    .whereRef('idempotency_keys.actor', '=', 'old.actor')
    .whereRef('idempotency_keys.key', '=', 'old.key')
    .execute()
}
