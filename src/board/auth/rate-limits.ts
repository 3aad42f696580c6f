import { RateLimiterMemory, RateLimiterQueue, RateLimiterRes } from 'rate-limiter-flexible'
import { HttpError } from '../problem.ts'

/** An address without sign-in may stand for an office full of people. */
const PEOPLE_PER_ADDRESS = 10
/** A burst of writes waits for its turn this long, so that fifty triggers at once all arrive. */
const WRITES_WAIT_SECONDS = 3

export type RateLimits = {
  /** A read: refused at once when it is one too many. */
  read(name: string): Promise<void>
  /** A write: waits a little for its turn, and is refused when too many wait already. */
  write(name: string): Promise<void>
  /** A request by nobody in particular. */
  stranger(address: string): Promise<void>
}

/** Counts the requests of each person, key and address in this process. Throws HttpError `too-many-requests`. */
export function createRateLimits(perSecond: number): RateLimits {
  const named = new RateLimiterMemory({ points: perSecond, duration: 1, keyPrefix: 'named' })
  const queue = new RateLimiterQueue(named, { maxQueueSize: perSecond * WRITES_WAIT_SECONDS })
  const strangersPerSecond = perSecond * PEOPLE_PER_ADDRESS
  const strangers = new RateLimiterMemory({ points: strangersPerSecond, duration: 1, keyPrefix: 'address' })
  return {
    read: (name) => consume(named, name),
    async write(name) {
      await queue.removeTokens(1, name).catch(() => {
        throw tooMany(perSecond, WRITES_WAIT_SECONDS)
      })
    },
    stranger: (address) => consume(strangers, address),
  }
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  await limiter.consume(key).catch((refused: unknown) => {
    throw refused instanceof RateLimiterRes ? tooMany(limiter.points, secondsUntilNext(refused)) : refused
  })
}

/** Whole seconds for a `Retry-After`; never 0, which clients take for "at once". */
export function secondsUntilNext(refused: RateLimiterRes): number {
  return Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
}

function tooMany(perSecond: number, retryAfterSeconds: number): HttpError {
  const headers = { 'Retry-After': String(retryAfterSeconds) }
  return new HttpError(429, 'too-many-requests', `At most ${perSecond} requests a second are answered.`, { headers })
}
