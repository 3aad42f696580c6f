import type { ErrorRequestHandler, Request, Response } from 'express'
import { messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { recordRefusal } from '../../people/count-audit.ts'
import { failurePage, wantsPage } from '../ui/failure.ts'
import { addressOf, visitorOf } from './admit.ts'
import type { Board } from './context.ts'
import { sendPage } from './page.ts'
import { type HttpError, httpErrorOf, internalError, type Problem, problemDocument } from './problem.ts'
import { actorOf, intentOf } from './record-write.ts'
import { requestIdOf } from './routes.ts'

/** The pattern of its address; an address itself may name somebody. */
export function patternOf(request: Request): string {
  const { path } = (request.route ?? {}) as { path?: string }
  return path ?? (request.path.startsWith('/queues') ? '/queues' : 'none')
}

/** Message and stack only: a database error also carries the values it refused. */
function logFailure(log: Log, request: Request, requestId: string, thrown: unknown): void {
  const { method } = request
  const path = patternOf(request)
  const stack = thrown instanceof Error ? thrown.stack : undefined
  log.error({ request_id: requestId, method, path, stack }, `${method} ${path} failed: ${messageOf(thrown)}`)
}

/** Requests that an error ended which nobody caught; their handlers may not know. */
const failed = new WeakSet<Request>()

/** What stands in a pattern's places; express has forgotten it by the time it handles an error. */
function partsOf(pattern: string, path: string): Record<string, string> {
  const parts = path.split('/')
  const places = [...pattern.split('/').entries()].filter(([, name]) => name.startsWith(':'))
  return Object.fromEntries(places.map(([at, name]) => [name.slice(1), decodeURIComponent(parts[at] ?? '')]))
}

/** That somebody we know tried what they may not. A write that nobody offers is none of theirs to be refused. */
async function putRefusalOnRecord(board: Board, request: Request, { status, code }: HttpError): Promise<void> {
  const identity = visitorOf(request)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (status !== 403 || code === 'not-offered' || isRead || identity === null) return
  const path = patternOf(request)
  const params = partsOf(path, request.path)
  const write = { method: request.method.toLowerCase(), path, params, client: request.query['client'] }
  const db = board.database.system
  const who = { identity, ip: addressOf(request) }
  await recordRefusal(db, actorOf(who), intentOf(who, write), code).catch((error: unknown) =>
    board.log.error({ code }, `a refusal is not in the audit log: ${messageOf(error)}`),
  )
}

/** Programs of others that ask the board and read problems of a shape of their own. */
export type OtherWords = { isAsked(request: Request): boolean; say(problem: Problem): object }

/** Answers with a problem document, or a page for a person, what was thrown on the way to an answer. */
export function answerFailure(board: Board, other: OtherWords): ErrorRequestHandler {
  const { log } = board
  return async (thrown, request, response, next) => {
    // What its handler still meant to answer has come too late.
    if (failed.has(request)) return
    const error = httpErrorOf(thrown)
    await putRefusalOnRecord(board, request, error)
    // Busy is said to as many as come: a line for each would be the next flood.
    if (error.status >= 500 && error.code !== 'busy') logFailure(log, request, requestIdOf(response), thrown)
    // What has begun cannot be answered any more: express breaks the connection off.
    if (response.headersSent) return next(thrown)
    sendFailure(error, request, response, other)
  }
}

function sendFailure(error: HttpError, request: Request, response: Response, other: OtherWords): void {
  const requestId = requestIdOf(response)
  response.set(error.headers)
  // The rest of a refused body is not read, be it a gigabyte. Of somebody we know a usual one is: a connection that
  // closes on whoever still sends may take the answer along.
  const readMax = visitorOf(request) === null ? STRANGERS_BODY_BYTES : USUAL_BODY_BYTES
  if (!request.complete && bodyBytesOf(request) > readMax) response.set('Connection', 'close')
  if (other.isAsked(request) || !wantsPage(request)) {
    const problem = problemDocument(error, requestId)
    response
      .status(error.status)
      .type('application/problem+json')
      .send(JSON.stringify(other.isAsked(request) ? other.say(problem) : problem))
    return
  }
  if (error.status === 401 && error.code === 'sign-in-needed') {
    const next = request.method === 'GET' ? request.originalUrl : '/'
    response.redirect(303, `/sign-in?next=${encodeURIComponent(next)}`)
    return
  }
  sendPage(response, failurePage(error, requestId), error.status)
}

const STRANGERS_BODY_BYTES = 64 * 1024
const USUAL_BODY_BYTES = 16 * 1024 * 1024

/** What a request says of its body; one that does not say may be endless. */
function bodyBytesOf({ headers }: Request): number {
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY
  return Number(headers['content-length'] ?? 0)
}

/**
 * Ends a request after an error that nobody caught (docs/adr/0007). One that was answered, or is gone, is only put on
 * record.
 */
export function failUncaught({ log, metrics }: Board, other: OtherWords) {
  return (thrown: unknown, request: Request, response: Response): void => {
    failed.add(request)
    metrics.countUncaught()
    logFailure(log, request, requestIdOf(response), thrown)
    if (response.closed || response.writableFinished) return
    if (response.headersSent) response.destroy()
    else sendFailure(internalError(thrown), request, response, other)
  }
}
