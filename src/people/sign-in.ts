import { setTimeout as sleep } from 'node:timers/promises'
import { CompiledQuery, sql } from 'kysely'
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Database, SystemDatabase } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { createGate } from '../gate.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../time.ts'
import type { FailedSignIn } from './failed-sign-ins.ts'
import { addressHash } from './known-addresses.ts'
import { networkOf } from './network.ts'
import { NOBODYS_HASH, verifyPassword } from './passwords.ts'
import { secondsUntilNext } from './seconds-until-next.ts'
import { secretHash } from './secrets.ts'

/**
 * Failures allowed in a window: for one address at all, for one account from it, and for one account at all. In this
 * order: an address that is refused counts against nobody's account.
 */
const LIMITS = {
  address: { failures: 60, windowMs: HOUR_MS },
  pair: { failures: 5, windowMs: 15 * MINUTE_MS },
  account: { failures: 30, windowMs: HOUR_MS },
}

/** Where somebody signed in before, they are never refused for what others tried: they wait, one after the other. */
const SLOWED_MS = 3 * SECOND_MS
const SLOWED = { atOnce: 1, waitingMax: 5, waitMs: 20 * SECOND_MS }
/** Old failures that one try sweeps away. */
const SWEEP = 100

/** Who signed in, and what their password was checked against. */
export type SignedIn = { userId: string; passwordHash: string }
export type SignIn = (attempt: { email: string; password: string; ip: string }) => Promise<SignedIn | null>

/**
 * Checks an e-mail address and a password. null means wrong, and takes as long for a person who does not exist.
 * Failures are counted in the database, for every board of this system; a try is counted before it is checked, so that
 * a hundred at once are a hundred. Throws InputError `too-many-sign-ins`.
 */
export function createSignIn(database: Database, onFailed: (failed: FailedSignIn) => Promise<void>): SignIn {
  const { system } = database
  const [address, pair, account] = Object.entries(LIMITS).map(([name, limit]) => limiterFor(database, name, limit))
  if (!address || !pair || !account) throw new TypeError('sign-ins are limited in three ways')
  const slowed = createGate(SLOWED, () => tooMany(SLOWED_MS / SECOND_MS))
  return async ({ email, password, ip }) => {
    const keys = keysOf(email, networkOf(ip))
    await sweep(system)
    const user = await findUser(system, keys)
    const failed = { user: user === null ? null : { id: user.id, clientId: user.client_id }, ip }
    const check = () => verifyPassword(password, user?.password_hash ?? NOBODYS_HASH)
    const counted = [
      [address, keys.address],
      [pair, keys.pair],
      [account, keys.account],
    ] as const
    const waitS = await countTries(counted, user?.is_known === true)
    if (waitS !== null && user?.is_known !== true) {
      await onFailed(failed)
      throw tooMany(waitS)
    }
    const giveBack = async () => {
      for (const [limiter, key] of counted) await limiter.reward(key, 1)
    }
    const checked = waitS === null ? check() : slowed(keys.pair, () => sleep(SLOWED_MS).then(check))
    const isRight = await checked.catch(async (error: unknown) => {
      // Nobody has looked at the password: such a try says nothing of anybody.
      await giveBack()
      throw error
    })
    if (user === null || !isRight) {
      await onFailed(failed)
      return null
    }
    await pair.delete(keys.pair)
    for (const [limiter, key] of [counted[0], counted[2]]) await limiter.reward(key, 1)
    return { userId: user.id, passwordHash: user.password_hash }
  }
}

type Keys = { email: string; network: string; address: string; pair: string; account: string }

function keysOf(text: string, network: string): Keys {
  const email = text.trim().toLowerCase()
  const [account, address] = [email, network].map((part) => secretHash(part).toString('base64url')) as [string, string]
  return { email, network, address, account, pair: `${account}.${address}` }
}

/**
 * Counts a try, and says for how many seconds it is one too many; null: it is not. Goes on counting for who is slowed
 * down only.
 */
async function countTries(
  counted: readonly (readonly [RateLimiterPostgres, string])[],
  isKnown: boolean,
): Promise<number | null> {
  let waitS: number | null = null
  for (const [limiter, key] of counted) {
    waitS = (await secondsToWait(limiter, key)) ?? waitS
    if (waitS !== null && !isKnown) return waitS
  }
  return waitS
}

async function secondsToWait(limiter: RateLimiterPostgres, key: string): Promise<number | null> {
  try {
    await limiter.consume(key)
    return null
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return secondsUntilNext(refused)
    throw refused
  }
}

function tooMany(seconds: number): InputError {
  const message = `Too many failed sign-ins. Try again in ${Math.ceil(seconds / 60)} min.`
  return new InputError('too-many-sign-ins', message, seconds)
}

/** Forgets every failure of an account, so that its person may try again at once from anywhere. */
export async function forgetFailures(db: SystemDatabase, email: string): Promise<void> {
  const { account } = keysOf(email, '')
  await sql`delete from sign_in_failures where key = ${`account:${account}`} or starts_with(key, ${`pair:${account}.`})`.execute(
    db,
  )
}

/** Deletes some of what is over; the rest goes with the next try, or at night. */
async function sweep(db: SystemDatabase): Promise<void> {
  await sql`delete from sign_in_failures where key in (
    select key from sign_in_failures where expire < (extract(epoch from now()) * 1000)::bigint limit ${SWEEP})`.execute(
    db,
  )
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

async function findUser(db: SystemDatabase, { email, network }: Keys) {
  const user = await db
    .selectFrom('users')
    .select(['id', 'client_id', 'password_hash'])
    .select(
      sql<boolean>`exists (select from known_addresses k where k.user_id = users.id and k.address_hash = ${addressHash(sql`users.id`, network)})`.as(
        'is_known',
      ),
    )
    .where('email', '=', email)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  return user ?? null
}
