import type { Log } from '../../log.ts'
import { SECOND_MS } from '../../time.ts'
import { isRefusal, redisWords } from './check-redis.ts'

/** Whether the server of the queues can be used, as whoever asks it finds out. */
export type QueueHealth = {
  /** null while it can be used; else why not. */
  trouble(): string | null
  /** Takes what somebody was told by the server or its connection; false for what says nothing about either. */
  report(error: unknown): boolean
  /**
   * Called with true when the server refuses its work, so that nobody asks it in vain, and with false when it takes it
   * again. Returns how to stop.
   */
  onPause(listener: (isPaused: boolean) => void): () => void
  stop(): void
}

/** Where a server has no such trouble, or tells it otherwise. */
export const ALWAYS_WELL: QueueHealth = { trouble: () => null, report: () => false, onPause: () => () => {}, stop() {} }

const PROBE_EVERY_MS = SECOND_MS
/** Trouble that comes back this soon was not over: the next look waits twice as long, up to the second. */
const OVER_AFTER_MS = 30 * SECOND_MS
const PROBE_MAX_MS = 30 * SECOND_MS

/** Says once when the server cannot be used and once when it can again, and asks it by `probe` meanwhile. */
export function watchQueueHealth(probe: () => Promise<void>, log: Log): QueueHealth {
  const listeners = new Set<(isPaused: boolean) => void>()
  let reason: string | null = null
  let isPaused = false
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let waitMs = PROBE_EVERY_MS
  let wellSince = Number.NEGATIVE_INFINITY

  const pause = (next: boolean) => {
    if (isPaused === next) return
    isPaused = next
    for (const listener of listeners) listener(next)
  }
  const lookLater = () => {
    timer = setTimeout(() => void look(), waitMs)
  }
  const look = async () => {
    try {
      await probe()
    } catch (error) {
      if (isRefusal(error)) pause(true)
      if (!isStopped) lookLater()
      return
    }
    if (isStopped) return
    reason = null
    wellSince = performance.now()
    log.warn('the queues can be used again')
    pause(false)
  }
  return {
    trouble: () => reason,
    report(error) {
      if (!isOfServer(error)) return false
      if (isStopped) return true
      if (reason === null) {
        const cameBack = performance.now() - wellSince < OVER_AFTER_MS
        waitMs = cameBack ? Math.min(PROBE_MAX_MS, waitMs * 2) : PROBE_EVERY_MS
        reason = redisWords(error)
        log.warn({ reason }, `the queues cannot be used: ${reason}; what is due waits in the ledger`)
        lookLater()
      }
      if (isRefusal(error)) pause(true)
      return true
    },
    onPause(listener) {
      listeners.add(listener)
      if (isPaused) listener(true)
      return () => listeners.delete(listener)
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** What ioredis calls what became of a connection. */
const CONNECTION_ERRORS = ['MaxRetriesPerRequestError', 'ClusterAllFailedError', 'AbortError']

function isOfServer(error: unknown): boolean {
  if (isRefusal(error)) return true
  if (!(error instanceof Error)) return false
  return CONNECTION_ERRORS.includes(error.name) || 'syscall' in error || error.message === 'Connection is closed.'
}
