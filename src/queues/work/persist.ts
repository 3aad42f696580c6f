import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseAwayError } from '../../errors.ts'

/** For 36 s in all: longer than a database takes to start again. */
const PERSIST_RETRIES = 8
const PERSIST_WAIT_MS = 1_000

/**
 * Writes again while the database is away: what was done before should not be done again for that, and a mail that has
 * left cannot be. Where an earlier try was written after all, the claim has ended with it or the same is written twice.
 */
export async function persist<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof DatabaseAwayError) || tries > PERSIST_RETRIES || signal.aborted) throw error
      await sleep(tries * PERSIST_WAIT_MS, undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
}
