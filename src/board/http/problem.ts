import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
import { type HttpCode, isHttpCode, statusOf } from '../../codes/index.ts'
import { DatabaseAwayError, InputError, messageOf, RetryLaterError } from '../../errors.ts'
import { SECOND_MS } from '../../time.ts'

/** One thing wrong with what was sent. `pointer` is a JSON pointer into the body, or the name of a parameter. */
export type FieldError = { in: 'body' | 'query' | 'path' | 'header'; pointer: string; detail: string }

/** A problem document, RFC 9457. `code` is stable; programs read it, people read `detail`. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  code: HttpCode
  instance: string
  errors?: FieldError[]
}

/** A failure with all that a problem document says. */
export class HttpError extends Error {
  readonly status: number
  readonly code: HttpCode
  readonly errors: FieldError[]
  readonly headers: Record<string, string>
  /**
   * `status`: where it is not that of its code, as of a name that stands in an address and is asked for in a body
   * elsewhere.
   */
  constructor(
    code: HttpCode,
    message: string,
    more: { status?: number; errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'HttpError'
    this.status = more.status ?? statusOf(code)
    this.code = code
    this.errors = more.errors ?? []
    this.headers = more.headers ?? {}
  }
}

export function notFound(what: string): HttpError {
  return new HttpError('not-found', what)
}

const UNKNOWN: Record<FieldError['in'], string> = {
  body: 'There is no such field.',
  query: 'There is no such parameter.',
  path: 'There is no such part.',
  header: 'There is no such header.',
}

/** The fields a schema refuses. An unknown field is named itself, not the object that holds it. */
export function fieldErrors(place: FieldError['in'], error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
    return paths.map((path) => ({
      in: place,
      pointer: place === 'body' ? pointerTo(path) : path.map(String).join('.'),
      detail: issue.code === 'unrecognized_keys' ? UNKNOWN[place] : issue.message,
    }))
  })
}

function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export function problemDocument(error: HttpError, requestId: string): Problem {
  return {
    type: `/docs/problems#${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    code: error.code,
    instance: `urn:uuid:${requestId}`,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
  }
}

/** What anything thrown means over HTTP. Nothing of an unexpected error is shown. */
export function httpErrorOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof InputError) return refusedInput(error)
  if (error instanceof RetryLaterError) return busy(error)
  const known = parserError(error) ?? databaseError(error)
  return known ?? internalError(error)
}

export function internalError(cause: unknown): HttpError {
  return new HttpError('internal-error', 'Something went wrong on our side.', { cause })
}

function refusedInput(error: InputError): HttpError {
  const { code, message, retryAfterS } = error
  // Nothing of the request: a setting, or the machine.
  if (!isHttpCode(code)) return internalError(error)
  const headers: Record<string, string> = retryAfterS === null ? {} : { 'Retry-After': String(retryAfterS) }
  return new HttpError(code, message, { headers, cause: error })
}

function busy(error: RetryLaterError): HttpError {
  const headers = { 'Retry-After': String(Math.ceil(error.waitMs / SECOND_MS)) }
  return new HttpError('busy', error.message, { headers, cause: error })
}

/** What express and its body parser refuse; they name it in `type` and `status`. */
function parserError(error: unknown): HttpError | null {
  const { type, status } = error as { type?: unknown; status?: unknown }
  const more = { cause: error }
  if (type === 'entity.too.large') return new HttpError('body-too-large', 'The body is larger than 256 kB.', more)
  if (type === 'entity.parse.failed') {
    return new HttpError('invalid-json', `The body is not JSON: ${messageOf(error)}`, more)
  }
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new HttpError('unsupported-media-type', messageOf(error), more)
  }
  if (error instanceof URIError) {
    return new HttpError('invalid-path', 'The address cannot be read: a % in it begins no character of UTF-8.', more)
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpError('bad-request', 'The request cannot be read.', more)
  }
  return null
}

const CONNECTION_LOST = /^(08|57P)|^(ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EPIPE|53300)$/

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** SQLSTATE class 22: a value the database cannot hold, which only the request can have brought. */
function databaseError(error: unknown): HttpError | null {
  const code = codeOf(error)
  if (/^22\w{3}$/.test(code)) {
    return new HttpError('unstorable-value', 'A value is outside what the database can hold.', { cause: error })
  }
  if (!CONNECTION_LOST.test(code) && !(error instanceof DatabaseAwayError)) return null
  const headers = { 'Retry-After': '5' }
  return new HttpError('unavailable', 'The database cannot be reached. Try again in a moment.', {
    headers,
    cause: error,
  })
}
