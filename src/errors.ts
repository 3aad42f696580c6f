/** Errors as words. Whoever knows what went wrong says it with one of these; nobody reads messages. */

import { CODES, type Code } from './codes/index.ts'

/** Trying again cannot help: the run fails at once. `code` is stable and searchable, such as `mail-refused`. */
export class PermanentError extends Error {
  readonly code: Code
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PermanentError'
    this.code = code
  }
}

/** Not now: the run is tried again after `waitMs` and this try is not counted as a failure. */
export class RetryLaterError extends Error {
  readonly waitMs: number
  constructor(waitMs: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RetryLaterError'
    this.waitMs = waitMs
  }
}

/**
 * The database cannot be reached for now, or the connection to it broke; nobody knows whether what was in progress was
 * done. No fault of the work: trying again helps, and no try is spent on it.
 */
export class DatabaseAwayError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DatabaseAwayError'
  }
}

/**
 * What a person asked for cannot be had as asked: shown as one line on the command line, as a 4xx problem over HTTP.
 */
export class InputError extends Error {
  readonly code: Code
  /** That of its code. */
  readonly status: number | null
  /** When it may be asked again; null: it makes no difference. */
  readonly retryAfterS: number | null
  constructor(code: Code, message: string, retryAfterS: number | null = null) {
    super(message)
    this.name = 'InputError'
    this.code = code
    this.status = CODES[code].status
    this.retryAfterS = retryAfterS
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
