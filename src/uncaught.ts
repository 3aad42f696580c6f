import { AsyncLocalStorage } from 'node:async_hooks'

/** Gets an error that nobody caught, and ends what it broke; says whether nothing else can be broken. */
export type Answer = (error: unknown) => boolean

const answers = new AsyncLocalStorage<Answer>()

/**
 * Runs `work`. What it sets going (timers, streams, promises that nobody awaits) throws to `answer` what nobody
 * catches.
 */
export function answeringFor<T>(answer: Answer, work: () => T): T {
  return answers.run(answer, work)
}

/**
 * Runs `work` that outlives whoever happened to need it first, as a connection of a pool or a loop does: its errors are
 * not theirs.
 */
export function answeringForNobody<T>(work: () => T): T {
  return answers.exit(work)
}

/**
 * Gives an error to whoever set going what threw it. Called where the process hears of the error; says whether it may
 * go on as if nothing had happened.
 */
export function answerUncaught(error: unknown): boolean {
  return answers.getStore()?.(error) ?? false
}
