import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { answeringForNobody } from '../uncaught.ts'

/**
 * However often something may have changed, the passes that `soon` leads to are this far apart, and take a fifth of the
 * time at most.
 */
const GAP_MIN_MS = 50
const GAP_SHARE = 4

export type Loop = {
  start(): void
  /** Runs when the last pass is a while ago, however many ask. */
  soon(): void
  /** Runs at once, or again after the pass in progress. Nothing once it is stopped. */
  run(): Promise<void>
  stop(): Promise<void>
}

/** Does `work` every so often, never twice at once; an error is logged and the next pass comes all the same. */
export function createLoop(name: string, everyMs: number, log: Log, work: () => Promise<unknown>): Loop {
  let current: Promise<void> | null = null
  let again = false
  let timer: NodeJS.Timeout | null = null
  let next: NodeJS.Timeout | null = null
  let stopped = false
  let restUntil = 0
  const pass = async (): Promise<void> => {
    do {
      again = false
      const begun = performance.now()
      await work().catch((error: unknown) => {
        log.warn({ loop: name }, `${name} failed: ${messageOf(error)}`)
      })
      const ended = performance.now()
      restUntil = ended + Math.max(GAP_MIN_MS, (ended - begun) * GAP_SHARE)
    } while (isWanted())
  }
  const isWanted = () => again && !stopped
  const run = () => {
    if (stopped) return Promise.resolve()
    if (current) {
      again = true
      return current
    }
    // Whoever asked for a pass has no part in it.
    current = answeringForNobody(pass).finally(() => {
      current = null
    })
    return current
  }
  return {
    run,
    soon() {
      if (stopped || next) return
      next = setTimeout(
        () => {
          next = null
          void run()
        },
        Math.max(0, restUntil - performance.now()),
      )
    },
    start() {
      timer = setInterval(() => void run(), everyMs)
    },
    async stop() {
      stopped = true
      if (timer) clearInterval(timer)
      if (next) clearTimeout(next)
      await current
    },
  }
}
