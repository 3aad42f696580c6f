import type { S3ClientConfig } from '@aws-sdk/client-s3'

type Strategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { acquireInitialRetryToken: unknown }>
type Token = Awaited<ReturnType<Strategy['acquireInitialRetryToken']>>

const TRIES_MAX = 4
const WAIT_MS = 100
const WAIT_MAX_MS = 2_000

/**
 * Asks again for each request by itself. The SDK's own strategy has one stock of retries for all: an object that can
 * never be stored would use up those of all others.
 */
export const s3Retries: Strategy = {
  acquireInitialRetryToken: async () => token(0),
  async refreshRetryTokenForRetry(last, { errorType }) {
    const retries = last.getRetryCount() + 1
    if (retries >= TRIES_MAX || (errorType !== 'TRANSIENT' && errorType !== 'THROTTLING')) {
      // The SDK throws what the store said.
      throw new Error('not asked again')
    }
    return token(retries)
  },
  recordSuccess() {},
}

/** Exponential, with jitter over the upper half. */
function token(retries: number): Token {
  const full = Math.min(WAIT_MAX_MS, WAIT_MS * 4 ** retries)
  return { getRetryCount: () => retries, getRetryDelay: () => Math.round(full * (0.5 + Math.random() / 2)) }
}
