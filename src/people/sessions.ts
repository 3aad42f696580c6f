import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'
import { HOUR_MS } from '../time.ts'
import type { Identity } from './roles.ts'
import { newSecret, secretHash } from './secrets.ts'

/** Sessions that one sign-in sweeps away after they have expired. */
const SWEEP = 100

/** Begins a session; `token` goes into the cookie and is kept nowhere. */
export async function beginSession(
  db: SystemDatabase,
  userId: string,
  { now, ttlHours }: { now: Temporal.Instant; ttlHours: number },
): Promise<{ token: string; expiresAt: Temporal.Instant }> {
  await sweep(db, now)
  const token = newSecret()
  const expiresAt = now.add({ milliseconds: ttlHours * HOUR_MS })
  await db
    .insertInto('sessions')
    .values({
      token_hash: secretHash(token),
      user_id: userId,
      csrf_token: newSecret(),
      created_at: now.toString(),
      expires_at: expiresAt.toString(),
    })
    .execute()
  return { token, expiresAt }
}

/** Whose session it is; null when it has expired, was ended, or its person may no longer sign in. */
export async function findSession(db: SystemDatabase, token: string, now: Temporal.Instant): Promise<Identity | null> {
  const row = await db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select(['users.id', 'users.name', 'users.role', 'users.client_id', 'sessions.csrf_token'])
    .where('sessions.token_hash', '=', secretHash(token))
    .where('sessions.expires_at', '>', now.toString())
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst()
  if (!row) return null
  const { id, name, role, client_id: clientId, csrf_token: csrfToken } = row
  return { kind: 'user', id, name, role, clientId, csrfToken }
}

export async function endSession(db: SystemDatabase, token: string): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', secretHash(token)).execute()
}

async function sweep(db: SystemDatabase, now: Temporal.Instant): Promise<void> {
  const expired = db.selectFrom('sessions').select('token_hash').where('expires_at', '<=', now.toString()).limit(SWEEP)
  await db.deleteFrom('sessions').where('token_hash', 'in', expired).execute()
}

/** The holder of an API key; null when the key is unknown, expired or revoked. */
export async function findKey(db: SystemDatabase, key: string, now: Temporal.Instant): Promise<Identity | null> {
  const row = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'role', 'client_id', 'last_used_at'])
    .where('key_hash', '=', secretHash(key))
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now.toString())]))
    .executeTakeFirst()
  if (!row) return null
  await noteUse(db, row, now)
  return { kind: 'key', id: row.id, name: row.name, role: row.role, clientId: row.client_id, csrfToken: null }
}

/** To the minute: a busy key does not write a row per request. */
async function noteUse(
  db: SystemDatabase,
  { id, last_used_at: lastUsedAt }: { id: string; last_used_at: string | null },
  now: Temporal.Instant,
): Promise<void> {
  if (lastUsedAt !== null && now.since(lastUsedAt).total('minutes') < 1) return
  await db.updateTable('api_keys').set({ last_used_at: sql`now()` }).where('id', '=', id).execute()
}
