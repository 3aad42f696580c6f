import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { RetryLaterError } from '../errors.ts'
import { createGate } from '../gate.ts'
import { SECOND_MS } from '../time.ts'

const hash = promisify(argon2)

/** OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. About 40 ms. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }
/** Each takes one of the four threads that files are read with too: two are left to them, whoever signs in. */
const HASHES = { atOnce: 2, waitingMax: 20, waitMs: 5 * SECOND_MS }
const RETRY_MS = 5 * SECOND_MS
const TAG_BYTES = 32
const SALT_BYTES = 16

const hashes = createGate(HASHES, () => new RetryLaterError(RETRY_MS, 'Too many sign in at once. Try again in 5 s.'))

/**
 * Hashes a password in the PHC format, which carries its own salt and cost: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`.
 * Throws RetryLaterError, as verifyPassword does, when too many passwords are hashed at once in this process.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await tagOf(password, salt, COST)
  const cost = `m=${COST.memory},t=${COST.passes},p=${COST.parallelism}`
  return `$argon2id$v=19$${cost}$${encode(salt)}$${encode(tag)}`
}

const FORMAT = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/

/** Compares in constant time. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, memory, passes, parallelism, salt, tag] = FORMAT.exec(stored) ?? []
  if (salt === undefined || tag === undefined) throw new Error('a stored password hash is not in the argon2id format')
  const expected = Buffer.from(tag, 'base64')
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const actual = await tagOf(password, Buffer.from(salt, 'base64'), cost)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}

/**
 * What an unknown person's password is compared to, so that the answer takes as long as a known one's. Nothing hashes
 * to it.
 */
export const NOBODYS_HASH = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${encode(Buffer.alloc(SALT_BYTES))}$${encode(Buffer.alloc(TAG_BYTES))}`

async function tagOf(password: string, nonce: Buffer, cost: typeof COST): Promise<Buffer> {
  // One person may type é as one code point, another's keyboard as two.
  const message = Buffer.from(password.normalize('NFKC'))
  return hashes('all', () => hash('argon2id', { message, nonce, tagLength: TAG_BYTES, ...cost }))
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
