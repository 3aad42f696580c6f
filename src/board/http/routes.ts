import type { Express, NextFunction, Request, RequestHandler, Response } from 'express'
import type { Access, Identity, Scope } from '../../people/roles.ts'
import { acceptTraceParent, inSpan } from '../../tracing.ts'
import { addressOf, admit, nameOf } from './admit.ts'
import type { Board, Context } from './context.ts'
import { HttpError } from './problem.ts'

/**
 * What an answer costs. `free`: so little that it is not counted, for probes must get through when nobody else does.
 * `dear`: so much of the thread or the database that a person or key gets two at once, and a stranger a tenth of the
 * usual. Left out: neither.
 */
export type Cost = 'free' | 'dear'

/** One method of one address: an endpoint, a page or a form. Nothing is reachable that is not one of these. */
export type Route = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  path: `/${string}`
  role: Access
  scope: Scope
  cost?: Cost | undefined
  /** Called when the visitor may come in. */
  answer(context: Context, request: Request, response: Response): Promise<void>
}

/** Mounts routes, in whatever order they come; other methods of their addresses are answered 405. */
export function mountRoutes(app: Express, board: Board, routes: readonly Route[]): void {
  const byPath = [...Map.groupBy(routes, (route) => route.path)].sort(([a], [b]) => moreSpecificFirst(a, b))
  for (const [path, sharing] of byPath) {
    const place = app.route(path)
    for (const route of sharing) place[route.method](handlerOf(board, route))
    place.all(refuseMethod(sharing.map((route) => route.method.toUpperCase())))
  }
}

/** Orders addresses so that `/runs/bulk` is looked at before `/runs/:id`, which it would fit too. */
export function moreSpecificFirst(a: string, b: string): number {
  const [placesOfA, placesOfB] = [placesOf(a), placesOf(b)]
  return placesOfA === placesOfB ? 0 : placesOfA < placesOfB ? -1 : 1
}

/** `/runs/:id` is `.=`: what is fixed sorts before what may be anything. */
function placesOf(path: string): string {
  const parts = path.split('/').slice(1)
  return parts.map((part) => (part.startsWith(':') ? '=' : '.')).join('')
}

function handlerOf(board: Board, route: Route): RequestHandler {
  return async (request, response) => {
    const identity = await admit(board, request, route)
    const context = contextOf(board, identity, request, response)
    if (route.cost !== 'dear' || identity.kind === 'anonymous') return answerIn(context, route, request, response)
    await board.rateLimits.dear(nameOf(identity), () => answerIn(context, route, request, response))
  }
}

async function answerIn(context: Context, route: Route, request: Request, response: Response): Promise<void> {
  if (route.method === 'get') return route.answer(context, request, response)
  // What a program or a person sets going begins here, or where they say.
  const facts = { 'http.request.method': request.method, 'http.route': route.path }
  const caller = acceptTraceParent(request.get('traceparent'))
  await inSpan(`${request.method} ${route.path}`, facts, caller, async (span) => {
    await route.answer(context, request, response)
    span.set({ 'http.response.status_code': response.statusCode })
  })
}

export function contextOf(board: Board, identity: Identity, request: Request, response: Response): Context {
  const { clientId } = identity
  const db = clientId === null ? board.database.system : board.database.forClient(clientId)
  return { board, identity, db, ip: addressOf(request), requestId: requestIdOf(response) }
}

export function requestIdOf(response: Response): string {
  return String(response.locals['requestId'])
}

function refuseMethod(methods: string[]): RequestHandler {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  return (request: Request, response: Response, next: NextFunction) => {
    if (request.method === 'OPTIONS') {
      response.setHeader('Allow', allow)
      response.status(204).end()
      return
    }
    next(new HttpError('method-not-allowed', `This address takes ${allow}.`, { headers: { Allow: allow } }))
  }
}
