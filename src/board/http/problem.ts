import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
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
  code: string
  instance: string
  errors?: FieldError[]
}

/** Every code the board itself answers with. A job or the ledger may add its own; those have the type `about:blank`. */
export const PROBLEMS: Record<string, string> = {
  'invalid-json': 'The body is not JSON, or holds text that cannot be stored.',
  'invalid-body': 'Fields of the body are missing, unknown or wrong; `errors` names each.',
  'invalid-query': 'Parameters after the question mark are unknown or wrong; `errors` names each.',
  'invalid-path': 'A part of the address is wrong; `errors` names it.',
  'invalid-cursor': 'The cursor was not made by this list. Start again without one.',
  'invalid-header': 'A header is wrong; `errors` names it.',
  'bad-request': 'The request cannot be read.',
  'sign-in-needed': 'Sign in, or send an API key as `Authorization: Bearer dbk_…`.',
  'invalid-key': 'The API key is unknown, expired or revoked.',
  'invalid-csrf-token': 'A write from a browser must carry the token of its session and come from our own pages.',
  forbidden: 'The role of the person or key does not allow this.',
  'other-client': 'The person or key is bound to one client, and this is about another or about all of them.',
  'not-offered': 'A button of bull-board that would bypass the ledger: use the board’s own pages.',
  'not-found': 'There is nothing at this address, or nothing that this person or key may see.',
  'broken-schedule': 'A schedule of the night cannot be read; mend it first. Its page says what is wrong.',
  'not-declared': 'Nothing declares the schedule, so there is nothing to take its edits back to.',
  'unknown-job': 'No job has this name. GET /api/jobs lists them.',
  'no-such-client': 'The request names a client that does not exist.',
  'no-such-customer': 'Nothing of the client names a customer of this id.',
  'no-such-schedule': 'The client has no schedule of this name for this job.',
  'not-scheduled': 'The job is not scheduled for each client, so it has no windows to fill.',
  'schedule-needed': 'The job runs by schedules of its own; name one.',
  range: 'The days are none, not over yet, or too many.',
  'unknown-metric': 'The catalogue has no metric of this name. GET /api/analytics/catalogue lists them.',
  'no-such-rollup':
    'No roll-up holds this combination of metrics, dimensions and granularity; `detail` says which there are.',
  'too-many-groups':
    'The answer would have too many groups. Ask for a shorter range, a coarser granularity, fewer members, metrics or comparisons.',
  'invalid-thresholds': 'The limits contradict each other, or the metric has no better and worse.',
  'invalid-goal': 'The goal is of a dimension or a member that cannot be.',
  'wrong-host': 'The Host header names none of the names the board is reached by. The setting PUBLIC_URL is its name.',
  'method-not-allowed': 'The address exists, but not for this method; `Allow` lists those it takes.',
  'not-retryable': 'Only a failed or cancelled run can be retried.',
  'not-cancellable': 'Only a planned, queued or running run can be cancelled.',
  'more-match': 'More runs match than the count that came with the request. Count again.',
  'too-many': 'The action would change more runs than one request may. Narrow the filter down.',
  'job-active': 'The job of a queue is at work. Cancel its run instead.',
  'job-not-delayed': 'The job of a queue does not wait for a time any more.',
  'invalid-fact': 'A fact is wrong; `errors` names each field at fault, and why.',
  'too-many-facts': 'More facts than one request may bring. Send them in parts.',
  'unknown-kind': 'There is no such kind of fact; the message names the nearest.',
  'client-needed': 'The person or key acts for every client: name one as `?client=`.',
  'file-needed': 'The request brings no file, or an empty one.',
  'not-a-dry-run': 'Only what a dry run looked at can be imported in earnest.',
  mapping: 'The mapping of columns is wrong; the message names the place.',
  'body-too-large': 'The body is larger than the board accepts.',
  'unsupported-media-type': 'The body must be JSON in UTF-8, sent as application/json.',
  'unstorable-value': 'A value is outside what the database can hold.',
  'idempotency-key-reused': 'The Idempotency-Key was used for another request before.',
  'idempotency-key-busy': 'The first request with this Idempotency-Key is still at work.',
  'too-many-requests': 'More requests than allowed; `Retry-After` says when to come back.',
  'too-many-at-once':
    'More questions that take long than are answered at once for one person or key; ask them one after the other.',
  'too-many-sign-ins': 'Too many failed sign-ins; `Retry-After` says when to come back.',
  'link-expired': 'The mailed link has expired or was revoked. Ask for the report again.',
  'file-missing': 'The file was deleted, or its report is not finished.',
  busy: 'Others are writing the same for so long that the request gave up; `Retry-After` says when to come back.',
  unavailable: 'A part the board stands on, such as the database, cannot be reached.',
  'internal-error': 'Something went wrong on our side. The log has it under the request id in `instance`.',
}

/** A failure with all that a problem document says. */
export class HttpError extends Error {
  readonly status: number
  readonly code: string
  readonly errors: FieldError[]
  readonly headers: Record<string, string>
  constructor(
    status: number,
    code: string,
    message: string,
    more: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.errors = more.errors ?? []
    this.headers = more.headers ?? {}
  }
}

export function notFound(what: string): HttpError {
  return new HttpError(404, 'not-found', what)
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
    type: error.code in PROBLEMS ? `/docs/problems#${error.code}` : 'about:blank',
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
  return new HttpError(500, 'internal-error', 'Something went wrong on our side.', { cause })
}

function refusedInput(error: InputError): HttpError {
  const { status, code, message, retryAfterS } = error
  const headers: Record<string, string> = retryAfterS === null ? {} : { 'Retry-After': String(retryAfterS) }
  return new HttpError(status, code, message, { headers, cause: error })
}

function busy(error: RetryLaterError): HttpError {
  const headers = { 'Retry-After': String(Math.ceil(error.waitMs / SECOND_MS)) }
  return new HttpError(503, 'busy', error.message, { headers, cause: error })
}

/** What express and its body parser refuse; they name it in `type` and `status`. */
function parserError(error: unknown): HttpError | null {
  const { type, status } = error as { type?: unknown; status?: unknown }
  const more = { cause: error }
  if (type === 'entity.too.large') return new HttpError(413, 'body-too-large', 'The body is larger than 256 kB.', more)
  if (type === 'entity.parse.failed') {
    return new HttpError(400, 'invalid-json', `The body is not JSON: ${messageOf(error)}`, more)
  }
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new HttpError(415, 'unsupported-media-type', messageOf(error), more)
  }
  if (error instanceof URIError) {
    return new HttpError(
      400,
      'invalid-path',
      'The address cannot be read: a % in it begins no character of UTF-8.',
      more,
    )
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpError(400, 'bad-request', 'The request cannot be read.', more)
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
    return new HttpError(422, 'unstorable-value', 'A value is outside what the database can hold.', { cause: error })
  }
  if (!CONNECTION_LOST.test(code) && !(error instanceof DatabaseAwayError)) return null
  const headers = { 'Retry-After': '5' }
  return new HttpError(503, 'unavailable', 'The database cannot be reached. Try again in a moment.', {
    headers,
    cause: error,
  })
}
