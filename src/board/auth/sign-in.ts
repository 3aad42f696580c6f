import { CompiledQuery } from 'kysely'
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Database, SystemDatabase } from '../../db/database.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.ts'
import { HttpError } from '../problem.ts'
import { NOBODYS_HASH, verifyPassword } from './passwords.ts'
import { secondsUntilNext } from './rate-limits.ts'
import { secretHash } from './secrets.ts'

/** Failures allowed in a window, for one account from one address, for one account at all, and for one address at all. */
const LIMITS = {
  pair: { failures: 5, windowMs: 15 * MINUTE_MS },
  // Wider, so that a stranger cannot lock somebody out by guessing wrong on purpose.
  account: { failures: 30, windowMs: HOUR_MS },
  address: { failures: 60, windowMs: HOUR_MS },
}

export type SignIn = (attempt: { email: string; password: string; ip: string }) => Promise<{ userId: string } | null>

/**
 * Checks an e-mail address and a password. null means wrong, and takes as long for a person who does not exist. Failures are
 * counted in the database, for every board of this system; a try is counted before it is checked, so that a hundred at once are
 * a hundred. Throws HttpError `too-many-sign-ins`.
 */
export function createSignIn(database: Database): SignIn {
  const limiters = Object.entries(LIMITS).map(([name, limit]) => limiterFor(database, name, limit))
  return async ({ email, password, ip }) => {
    const account = email.trim().toLowerCase()
    const keys = [`${account} ${ip}`, account, ip].map((key) => secretHash(key).toString('base64url'))
    for (const [index, limiter] of limiters.entries()) await countTry(limiter, keys[index] ?? '')
    const userId = await checkPassword(database.system, account, password)
    if (userId === null) return null
    await limiters[0]?.delete(keys[0] ?? '')
    for (const index of [1, 2]) await limiters[index]?.reward(keys[index] ?? '', 1)
    return { userId }
  }
}

function limiterFor(
  database: Database,
  name: string,
  { failures, windowMs }: (typeof LIMITS)['pair'],
): RateLimiterPostgres {
  return new RateLimiterPostgres({
    storeClient: { query: (statement: Statement) => run(database.system, statement) },
    storeType: 'client',
    tableName: 'sign_in_failures',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: name,
    points: failures,
    duration: windowMs / SECOND_MS,
  })
}

type Statement = { text: string; values: unknown[] }

async function run(db: SystemDatabase, { text, values }: Statement): Promise<{ rows: unknown[] }> {
  return db.executeQuery(CompiledQuery.raw(text, values))
}

async function countTry(limiter: RateLimiterPostgres, key: string): Promise<void> {
  await limiter.consume(key).catch((refused: unknown) => {
    if (!(refused instanceof RateLimiterRes)) throw refused
    const seconds = secondsUntilNext(refused)
    const minutes = Math.ceil(seconds / 60)
    throw new HttpError(429, 'too-many-sign-ins', `Too many failed sign-ins. Try again in ${minutes} min.`, {
      headers: { 'Retry-After': String(seconds) },
    })
  })
}

async function checkPassword(db: SystemDatabase, email: string, password: string): Promise<string | null> {
  const user = await db
    .selectFrom('users')
    .select(['id', 'password_hash'])
    .where('email', '=', email)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  const right = await verifyPassword(password, user?.password_hash ?? NOBODYS_HASH)
  return user && right ? user.id : null
}
