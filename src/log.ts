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

/**
 * Writes what another process of ours logged (one line of JSON) into this log. Returns what a sink would get of it;
 * null when it is no such line.
 */
export function relayLine(log: Log, text: string): { level: string; message: string } | null {
  const { level, time: _time, msg, ...facts } = parseLine(text)
  const label = pino.levels.labels[Number(level)]
  if (label === undefined || typeof msg !== 'string') return null
  log[label as pino.Level](facts, msg)
  return { level: label, message: msg }
}

function parseLine(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    // Something else that begins with a brace.
    return {}
  }
}

/** Keys that must never reach a log, wherever they stand in an object. */
const SECRET_PATHS = ['password', 'token', 'secret', 'authorization', 'cookie', 'address', 'email'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
])

/**
 * JSON lines on standard error, one event a line; standard output is for what a command was asked to print. What is
 * below `level` is not written, and what says at least `info` reaches a sink all the same: the lines of a run are kept
 * however quiet the program is.
 */
export function createLog(level: string): Log {
  const written = pino.levels.values[level] ?? Number.POSITIVE_INFINITY
  const heard = Math.min(written, pino.levels.values['info'] ?? 0)
  return pino(
    {
      level: pino.levels.labels[heard] ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      hooks: {
        logMethod(args, method, levelNumber) {
          const message = args.findLast((part) => typeof part === 'string')
          if (message !== undefined) sinks.getStore()?.({ level: pino.levels.labels[levelNumber] ?? 'info', message })
          if (levelNumber >= written) method.apply(this, args)
        },
      },
    },
    openDestination(),
  )
}

/** As much waits while nothing can be written (a full disk, say); what is more is dropped. */
const WAITING_CHARS_MAX = 1 << 20

/** Work does not fail because nobody can be told of it, and there is nowhere to say so. */
function openDestination() {
  return pino.destination({ dest: 2, sync: true, maxLength: WAITING_CHARS_MAX }).on('error', () => {})
}
