import { RateLimiterMemory, RateLimiterQueue, RateLimiterQueueError, RateLimiterRes } from 'rate-limiter-flexible'
import { createGate, type Gate } from '../../gate.ts'
import { secondsUntilNext } from '../../people/seconds-until-next.ts'
import { secretHash } from '../../people/secrets.ts'
import { SECOND_MS } from '../../time.ts'
import { HttpError } from './problem.ts'
import type { Cost } from './routes.ts'

/** An address without sign-in may stand for an office full of people. */
const PEOPLE_PER_ADDRESS = 10
/** A burst of writes waits for its turn this long, so that fifty triggers at once all arrive. */
const WRITES_WAIT_SECONDS = 3

export type RateLimits = {
  /** A read: refused at once when it is one too many. */
  read(name: string): Promise<void>
  /** A write: waits a little for its turn, and is refused when too many wait already. */
  write(name: string): Promise<void>
  /** A request by nobody in particular. One that is dear counts for ten. */
  stranger(network: string, cost?: Cost): Promise<void>
  /**
   * Looks up a key or a session. Each try counts as a stranger's until it turns out right, so that guesses are refused
   * before the database is asked; those that were right lately are looked up whatever others at the same address do.
   */
  credential<Holder>(network: string, secret: string, find: () => Promise<Holder | null>): Promise<Holder | null>
  /** Dear work of one person or key. Throws HttpError `too-many-at-once`. */
  dear: Gate
}

/** Two at once leave the thread and the database to others; a dashboard's ten charts wait for each other. */
const DEAR = { atOnce: 2, waitingMax: 8, waitMs: 2 * SECOND_MS }
const DEAR_POINTS = 10
/** Keys and sessions that are remembered to have been right, by their hash. */
const KNOWN_MAX = 10_000

/** Counts the requests of each person, key and address in this process. Throws HttpError `too-many-requests`. */
export function createRateLimits(perSecond: number): RateLimits {
  const named = new RateLimiterMemory({ points: perSecond, duration: 1, keyPrefix: 'named' })
  const queue = new RateLimiterQueue(named, { maxQueueSize: perSecond * WRITES_WAIT_SECONDS })
  const strangersPerSecond = perSecond * PEOPLE_PER_ADDRESS
  const strangers = new RateLimiterMemory({ points: strangersPerSecond, duration: 1, keyPrefix: 'address' })
  return {
    read: (name) => consume(named, name),
    async write(name) {
      await queue.removeTokens(1, name).catch((refused: unknown) => {
        throw refused instanceof RateLimiterQueueError ? tooMany(perSecond, WRITES_WAIT_SECONDS) : refused
      })
    },
    stranger: (network, cost) => consume(strangers, network, cost === 'dear' ? DEAR_POINTS : 1),
    credential: createCredentialCheck(strangers),
    dear: createGate(DEAR, () => tooManyAtOnce(DEAR)),
  }
}

function createCredentialCheck(strangers: RateLimiterMemory): RateLimits['credential'] {
  // In the order they were last used.
  const known = new Set<string>()
  return async (network, secret, find) => {
    const name = secretHash(secret).toString('base64url')
    const wasKnown = known.has(name)
    if (!wasKnown) await consume(strangers, network)
    const holder = await find()
    // The last, for it was used last.
    known.delete(name)
    if (holder === null) return null
    if (!wasKnown) await strangers.reward(network, 1)
    known.add(name)
    const [oldest] = known
    if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest)
    return holder
  }
}

async function consume(limiter: RateLimiterMemory, key: string, points = 1): Promise<void> {
  await limiter.consume(key, points).catch((refused: unknown) => {
    throw refused instanceof RateLimiterRes ? tooMany(limiter.points, secondsUntilNext(refused)) : refused
  })
}

function tooMany(perSecond: number, retryAfterSeconds: number): HttpError {
  const headers = { 'Retry-After': String(retryAfterSeconds) }
  return new HttpError('too-many-requests', `At most ${perSecond} requests a second are answered.`, { headers })
}

function tooManyAtOnce({ atOnce, waitMs }: typeof DEAR): HttpError {
  const message = `At most ${atOnce} questions that take long are answered at once. Ask again when one is answered.`
  const headers = { 'Retry-After': String(waitMs / SECOND_MS) }
  return new HttpError('too-many-at-once', message, { headers })
}
