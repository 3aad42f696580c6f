import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { answerUncaught } from '../uncaught.ts'

/**
 * Hears of every error that nobody caught (docs/adr/0007). One of a request ends that request. After any other nobody
 * knows what state the process is in: the signal that is returned says to stop in order, and the process ends at once
 * when that takes longer than `stopMaxMs`, or when another such error comes meanwhile.
 */
export function watchUncaught(log: Log, stopMaxMs: number): AbortSignal {
  const stop = new AbortController()
  process.on('uncaughtException', (error: unknown) => {
    if (answerUncaught(error)) return
    const stack = error instanceof Error ? error.stack : undefined
    const next = stop.signal.aborted ? 'the process ends' : 'the process stops: running work may finish'
    log.fatal({ stack }, `${next}, after an error that nobody caught: ${messageOf(error)}`)
    if (stop.signal.aborted) process.exit(1)
    stop.abort(error)
    setTimeout(() => process.exit(1), stopMaxMs).unref()
  })
  return stop.signal
}
