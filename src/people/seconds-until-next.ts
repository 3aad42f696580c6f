import type { RateLimiterRes } from 'rate-limiter-flexible'

/** Whole seconds for a `Retry-After`; never 0, which clients take for "at once". */
export function secondsUntilNext(refused: RateLimiterRes): number {
  return Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
}
