import type { EventEmitter } from 'node:events'
import type { Request, RequestHandler, Response } from 'express'
import { type Answer, answeringFor } from '../../uncaught.ts'

/**
 * From here on a request answers for what it sets going: an error in there that nobody catches goes to `fail`, whenever
 * it comes, and whatever else the process does goes on.
 */
export function answerForRequests(
  fail: (error: unknown, request: Request, response: Response) => void,
): RequestHandler {
  return (request, response, next) => {
    const answer = (error: unknown) => {
      fail(error, request, response)
      return true
    }
    if (bringsBody(request)) {
      guard(request, answer)
      guard(response, answer)
    }
    answeringFor(answer, next)
  }
}

/** Nobody listens to what brings nothing, and the guard of each request costs memory under a flood. */
function bringsBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Events of a request come from its connection, which serves others too: what a listener throws would be nobody's. */
function guard(emitter: EventEmitter, answer: Answer): void {
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (...event: Parameters<typeof emit>) => {
    try {
      return answeringFor(answer, () => emit(...event))
    } catch (error) {
      return answer(error)
    }
  }
}
