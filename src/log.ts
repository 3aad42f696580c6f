import { AsyncLocalStorage } from 'node:async_hooks'
import { type Logger, pino } from 'pino'

export type Log = Logger

/** Also gets every line logged while it is in force; the worker keeps a run's lines with the run. */
export type LineSink = (line: { level: string; message: string }) => void

const sinks = new AsyncLocalStorage<LineSink>()

/** Runs `work`; whatever it logs, through whichever logger, goes to `sink` too. */
export function withLineSink<T>(sink: LineSink, work: () => T): T {
  return sinks.run(sink, work)
}

/** Keys that must never reach a log, wherever they stand in an object. */
const SECRET_PATHS = ['password', 'token', 'secret', 'authorization', 'cookie', 'address', 'email'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
])

/** JSON lines on standard error, one event a line; standard output is for what a command was asked to print. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      hooks: {
        logMethod(args, method, levelNumber) {
          const message = args.findLast((part) => typeof part === 'string')
          if (message !== undefined) sinks.getStore()?.({ level: pino.levels.labels[levelNumber] ?? 'info', message })
          method.apply(this, args)
        },
      },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
