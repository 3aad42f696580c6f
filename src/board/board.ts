import express, { type Express, type RequestHandler } from 'express'
import { createQuestions } from '../analytics/questions/index.ts'
import { createFactStore } from '../ingest/index.ts'
import { createFailureRecord } from '../people/failed-sign-ins.ts'
import { createSignIn } from '../people/sign-in.ts'
import { endpoints, features } from './features.ts'
import { createMetrics } from './health/index.ts'
import { networkOfRequest } from './http/admit.ts'
import { answerFailure, failUncaught, type OtherWords, patternOf } from './http/answer-failure.ts'
import { answerForRequests } from './http/answer-uncaught.ts'
import type { Board, BoardParts } from './http/context.ts'
import { cookiesFor } from './http/cookies.ts'
import { routeOf } from './http/endpoint-route.ts'
import type { Feature } from './http/feature.ts'
import { notFound } from './http/problem.ts'
import { createRateLimits } from './http/rate-limits.ts'
import { mountRoutes, type Route, requestIdOf } from './http/routes.ts'
import { checkHost, nameRequest, securityHeaders } from './http/security.ts'
import { inItsWords, isItsQuestion, mountBullBoard } from './queues/index.ts'
import { mountAssets } from './ui/assets.ts'
import type { Notices } from './ui/place.ts'

/** Every address of the board and what each asks of its visitor; beside these there are /assets and /queues. */
export const routes: readonly Route[] = [...endpoints.map(routeOf), ...features.flatMap(({ pages }) => pages)]

/** Wires the board: endpoints, pages and bull-board behind one door. Listens on nothing yet. */
export function createBoard(parts: BoardParts): Express {
  const board: Board = {
    ...parts,
    menu: features.flatMap(({ place }) => place ?? []),
    notices: noticesOf(features),
    cookies: cookiesFor(parts.publicUrl),
    rateLimits: createRateLimits(parts.requestsPerSecond),
    signIn: createSignIn(parts.database, createFailureRecord(parts.database.system)),
    metrics: createMetrics(),
    facts: createFactStore(parts.database, parts.clock),
    questions: createQuestions(parts.database),
  }
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('trust proxy', board.trustedProxies)
  app.use(nameRequest, answerForRequests(failUncaught(board, bullBoardWords)), measure(board))
  app.use(...securityHeaders(board.cookies.secure), checkHost(board))
  mountAssets(app)
  mountRoutes(app, board, routes)
  mountBullBoard(app, board)
  app.use(refuseUnknown(board))
  app.use(answerFailure(board, bullBoardWords))
  return app
}

/** One name, one notice: a form sends the name on, and its page says the words. */
function noticesOf(all: readonly Feature[]): Notices {
  const entries = all.flatMap(({ notices }) => Object.entries(notices))
  const names = entries.map(([name]) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new TypeError(`two features have a notice "${twice}"`)
  return Object.fromEntries(entries)
}

const bullBoardWords: OtherWords = { isAsked: isItsQuestion, say: inItsWords }

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
