import { type Logger, pino } from 'pino'

export type Log = Logger

/** Keys that must never reach a log, wherever they stand in an object. */
const SECRET_PATHS = ['password', 'token', 'secret', 'authorization', 'cookie', 'address', 'email'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
])

/** JSON lines on standard error, one event a line; standard output is for what a command was asked to print. */
export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths: SECRET_PATHS, censor: '[redacted]' } },
    pino.destination({ dest: 2, sync: true }),
  )
}
