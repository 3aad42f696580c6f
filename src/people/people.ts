import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { type Actor, writeAudit } from './audit.ts'
import { hashPassword } from './passwords.ts'
import type { Role } from './roles.ts'
import { newSecret, secretHash } from './secrets.ts'
import { forgetFailures } from './sign-in.ts'

export type UserRole = Exclude<Role, 'ingest'>
export type KeyRole = 'admin' | 'operator' | 'viewer' | 'ingest'

const PASSWORD_LENGTH_MIN = 12
const PASSWORD_LENGTH_MAX = 200
/** Enough of a key to tell it from others in a list. */
const KEY_PREFIX_LENGTH = 12

/** Adds a person. Throws InputError: `weak-password`, `invalid-email`, `email-taken`, `no-such-client`. */
export async function createUser(
  db: SystemDatabase,
  user: { email: string; name: string; role: UserRole; clientId: string | null; password: string },
  actor: Actor,
): Promise<{ id: string }> {
  const email = emailOf(user.email)
  checkPassword(user.password)
  await checkClient(db, user.clientId)
  const passwordHash = await hashPassword(user.password)
  const after = { name: user.name, role: user.role, clientId: user.clientId }
  return db.transaction().execute(async (transaction) => {
    const created = await transaction
      .insertInto('users')
      .values({ email, name: user.name, role: user.role, client_id: user.clientId, password_hash: passwordHash })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!created) throw new InputError('email-taken', 'Somebody with this e-mail address exists already.')
    const entry = { action: 'create-user', target: `user:${created.id}`, clientId: user.clientId, before: null, after }
    await writeAudit(transaction, actor, entry)
    return created
  })
}

/** Sets a person's password and signs them out everywhere. Throws InputError: `weak-password`, `no-such-user`. */
export async function setPassword(
  db: SystemDatabase,
  { email, password }: { email: string; password: string },
  actor: Actor,
): Promise<void> {
  checkPassword(password)
  const passwordHash = await hashPassword(password)
  await db.transaction().execute(async (tx) => {
    const user = await tx
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('email', '=', emailOf(email))
      .returning(['id', 'client_id'])
      .executeTakeFirst()
    if (!user) throw noSuchUser()
    await tx.deleteFrom('sessions').where('user_id', '=', user.id).execute()
    await writeAudit(tx, actor, { ...aboutUser(user), action: 'set-password' })
  })
}

/** Shuts a person out and ends their sessions, or lets them sign in again. Throws InputError: `no-such-user`. */
export async function setDisabled(
  db: SystemDatabase,
  { email, isDisabled }: { email: string; isDisabled: boolean },
  actor: Actor,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const user = await tx
      .updateTable('users')
      .set({ disabled_at: isDisabled ? sql`coalesce(disabled_at, now())` : null })
      .where('email', '=', emailOf(email))
      .returning(['id', 'client_id'])
      .executeTakeFirst()
    if (!user) throw noSuchUser()
    // Not only hidden while they are shut out: they would live again afterwards.
    if (isDisabled) await tx.deleteFrom('sessions').where('user_id', '=', user.id).execute()
    const action = isDisabled ? 'disable-user' : 'enable-user'
    await writeAudit(tx, actor, { ...aboutUser(user), action })
  })
}

/** Forgets the failed sign-ins of a person. Throws InputError: `no-such-user`. */
export async function unlockUser(db: SystemDatabase, email: string, actor: Actor): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const user = await tx
      .selectFrom('users')
      .select(['id', 'client_id'])
      .where('email', '=', emailOf(email))
      .executeTakeFirst()
    if (!user) throw noSuchUser()
    await forgetFailures(tx, email)
    await writeAudit(tx, actor, { ...aboutUser(user), action: 'unlock-user' })
  })
}

function aboutUser(user: { id: string; client_id: string | null }) {
  return { target: `user:${user.id}`, clientId: user.client_id, before: null, after: null }
}

function noSuchUser(): InputError {
  return new InputError('no-such-user', 'Nobody has this e-mail address.')
}

/** Everybody who may sign in or might once, by their e-mail address. */
export function listUsers(db: SystemDatabase) {
  return db
    .selectFrom('users')
    .select(['email', 'name', 'role', 'client_id as clientId', 'disabled_at as disabledAt'])
    .orderBy('email')
    .execute()
}

/** Every key that was ever made, the newest last; nothing that could be used. */
export function listKeys(db: SystemDatabase) {
  return db
    .selectFrom('api_keys')
    .select(['key_prefix as prefix', 'name', 'role', 'client_id as clientId', 'expires_at as expiresAt'])
    .select(['last_used_at as lastUsedAt', 'revoked_at as revokedAt'])
    .orderBy('created_at')
    .execute()
}

/** Makes an API key. `key` is shown once and kept nowhere. Throws InputError: `no-such-client`. */
export async function createKey(
  db: SystemDatabase,
  options: { name: string; role: KeyRole; clientId: string | null; expiresAt: Temporal.Instant | null },
  actor: Actor,
): Promise<{ id: string; key: string }> {
  await checkClient(db, options.clientId)
  const key = `dbk_${newSecret()}`
  const { name, role, clientId, expiresAt } = options
  return db.transaction().execute(async (transaction) => {
    const { id } = await transaction
      .insertInto('api_keys')
      .values({
        ...{ name, role, client_id: clientId, expires_at: expiresAt?.toString() ?? null },
        key_hash: secretHash(key),
        key_prefix: key.slice(0, KEY_PREFIX_LENGTH),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const entry = { action: 'create-key', target: `key:${id}`, clientId, before: null, after: { name, role, clientId } }
    await writeAudit(transaction, actor, entry)
    return { id, key }
  })
}

/**
 * Ends an API key at once; `name` is its id, its prefix or its name. Throws InputError: `no-such-key`, `ambiguous-key`.
 */
export async function revokeKey(db: SystemDatabase, name: string, actor: Actor): Promise<{ id: string }> {
  const keys = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'client_id'])
    .where('revoked_at', 'is', null)
    .where((row) =>
      row.or([row(sql<string>`id::text`, '=', name), row('key_prefix', '=', name), row('name', '=', name)]),
    )
    .limit(2)
    .execute()
  const [key, another] = keys
  if (!key) throw new InputError('no-such-key', `There is no key "${name}" that is not revoked already.`)
  if (another) throw new InputError('ambiguous-key', `Several keys are named "${name}". Give the id or the prefix.`)
  const entry = {
    action: 'revoke-key',
    target: `key:${key.id}`,
    clientId: key.client_id,
    before: { name: key.name },
    after: null,
  }
  await db.transaction().execute(async (transaction) => {
    await transaction.updateTable('api_keys').set({ revoked_at: sql`now()` }).where('id', '=', key.id).execute()
    await writeAudit(transaction, actor, entry)
  })
  return { id: key.id }
}

function emailOf(text: string): string {
  const email = text.trim().toLowerCase()
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new InputError('invalid-email', `"${text}" is not an e-mail address.`)
  return email
}

function checkPassword(password: string): void {
  if (password.length >= PASSWORD_LENGTH_MIN && password.length <= PASSWORD_LENGTH_MAX) return
  throw new InputError('weak-password', `A password has ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters.`)
}

async function checkClient(db: SystemDatabase, clientId: string | null): Promise<void> {
  if (clientId === null) return
  const client = await db.selectFrom('clients').select('id').where('id', '=', clientId).executeTakeFirst()
  if (!client) throw new InputError('no-such-client', `There is no client "${clientId}".`)
}
