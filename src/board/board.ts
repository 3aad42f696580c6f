import express, { type Express, type RequestHandler } from 'express'
import { createFactStore } from '../ingest/store-facts.ts'
import { networkOfRequest } from './admit.ts'
import { answerFailure, failUncaught, patternOf } from './answer-failure.ts'
import { answerForRequests } from './answer-uncaught.ts'
import { mountAssets } from './assets.ts'
import { cookiesFor } from './auth/cookies.ts'
import { createFailureRecord } from './auth/failed-sign-ins.ts'
import { createRateLimits } from './auth/rate-limits.ts'
import { createSignIn } from './auth/sign-in.ts'
import { mountBullBoard } from './bull-board.ts'
import type { Board, BoardParts } from './context.ts'
import { routeOf } from './endpoint-route.ts'
import { endpoints } from './endpoints/index.ts'
import { createMetrics } from './metrics.ts'
import { pages } from './pages/index.ts'
import { notFound } from './problem.ts'
import { mountRoutes, type Route, requestIdOf } from './routes.ts'
import { checkHost, nameRequest, securityHeaders } from './security.ts'

/** Every address of the board and what each asks of its visitor; beside these there are /assets and /queues. */
export const routes: readonly Route[] = [...endpoints.map(routeOf), ...pages]

/** Wires the board: endpoints, pages and bull-board behind one door. Listens on nothing yet. */
export function createBoard(parts: BoardParts): Express {
  const board: Board = {
    ...parts,
    cookies: cookiesFor(parts.publicUrl),
    rateLimits: createRateLimits(parts.requestsPerSecond),
    signIn: createSignIn(parts.database, createFailureRecord(parts.database.system, parts.log)),
    metrics: createMetrics(),
    facts: createFactStore(parts.database, parts.clock),
  }
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('trust proxy', board.trustedProxies)
  app.use(nameRequest, answerForRequests(failUncaught(board)), measure(board))
  app.use(...securityHeaders(board.cookies.secure), checkHost(board))
  mountAssets(app)
  mountRoutes(app, board, routes)
  mountBullBoard(app, board)
  app.use(refuseUnknown(board))
  app.use(answerFailure(board))
  return app
}

/** Looking for what may be there counts as a stranger's request, whoever looks. */
function refuseUnknown({ rateLimits }: Board): RequestHandler {
  return async (request) => {
    await rateLimits.stranger(networkOfRequest(request))
    throw notFound(`There is nothing at ${request.path}.`)
  }
}

/** Times each request by the pattern of its address, never by the address itself. */
function measure({ metrics, clock, log }: Board): RequestHandler {
  return (request, response, next) => {
    const began = clock()
    response.once('close', () => {
      const seconds = clock().since(began).total('seconds')
      const route = patternOf(request)
      metrics.observeRequest({ method: request.method, route, status: response.statusCode }, seconds)
      log.debug(
        { request_id: requestIdOf(response), method: request.method, route, status: response.statusCode },
        'answered',
      )
    })
    next()
  }
}
