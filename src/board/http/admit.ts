import { isIP } from 'node:net'
import type { Request } from 'express'
import type { HttpCode } from '../../codes/index.ts'
import { networkOf } from '../../people/network.ts'
import { ANONYMOUS, type Identity, mayUse } from '../../people/roles.ts'
import { findKey, findSession } from '../../people/sessions.ts'
import type { Board } from './context.ts'
import { readCookie } from './cookies.ts'
import { HttpError } from './problem.ts'
import type { Route } from './routes.ts'

/** Who each request is by, once that is known: also of one that is refused then. */
const visitors = new WeakMap<Request, Identity>()

/** Who a request was let in for, or refused to; null: a stranger. */
export function visitorOf(request: Request): Identity | null {
  return visitors.get(request) ?? null
}

const KEY_HEADER = /^Bearer (dbk_[A-Za-z0-9_-]{43})$/

/** Who asks: the holder of a key, the person of a session, or null. Throws HttpError `invalid-key`. */
export async function identify(board: Board, request: Request): Promise<Identity | null> {
  const now = board.clock()
  const authorization = request.get('Authorization')
  if (authorization !== undefined) {
    const key = KEY_HEADER.exec(authorization)?.[1]
    const find = async () => (key === undefined ? null : findKey(board.database.system, key, now))
    const holder = await board.rateLimits.credential(networkOfRequest(request), authorization, find)
    if (holder) return holder
    throw unauthorized('invalid-key', 'The API key is unknown, expired or revoked.')
  }
  const token = readCookie(request, board.cookies.session)
  if (token === null) return null
  const find = () => findSession(board.database.system, token, now)
  return board.rateLimits.credential(networkOfRequest(request), token, find)
}

/** Lets a visitor in to what a route asks, or throws HttpError: 401, 403, 429. */
export async function admit(
  board: Board,
  request: Request,
  route: Pick<Route, 'role' | 'scope' | 'cost'> & { method: string },
): Promise<Identity> {
  if (route.role === 'public' && route.cost === 'free') return ANONYMOUS
  const identity = route.role === 'public' ? null : await identify(board, request)
  if (identity === null) return admitStranger(board, request, route)
  visitors.set(request, identity)
  await countRequest(board, identity, route.method)
  if (route.role === 'open') return identity
  if (identity.role === null || !mayUse(identity.role, route.role)) {
    throw new HttpError('forbidden', `Your role (${identity.role}) does not allow this.`)
  }
  if (route.scope === 'everything' && identity.clientId !== null) {
    throw new HttpError('other-client', 'This shows every client, and you act for one.')
  }
  return identity
}

async function admitStranger(
  board: Board,
  request: Request,
  { role, cost }: Pick<Route, 'role' | 'cost'>,
): Promise<Identity> {
  await board.rateLimits.stranger(networkOfRequest(request), cost)
  if (role === 'public' || role === 'open') return ANONYMOUS
  if (role === 'metrics' && board.metricsWithoutKey) return ANONYMOUS
  throw unauthorized('sign-in-needed', 'Sign in, or send an API key as "Authorization: Bearer dbk_…".')
}

async function countRequest(board: Board, identity: Identity, method: string): Promise<void> {
  const name = nameOf(identity)
  await (method === 'get' ? board.rateLimits.read(name) : board.rateLimits.write(name))
}

/** What the requests of a person or key are counted by. */
export function nameOf({ kind, id }: Identity): string {
  return `${kind}:${id}`
}

/** What a stranger's requests are counted by. */
export function networkOfRequest(request: Request): string {
  return networkOf(addressOf(request))
}

/** Where it comes from, as far as proxies in front are believed; what is no address is that of the connection. */
export function addressOf({ ip, socket }: Request): string {
  return ip !== undefined && isIP(ip) !== 0 ? ip : (socket.remoteAddress ?? 'unknown')
}

function unauthorized(code: HttpCode, message: string): HttpError {
  return new HttpError(code, message, { headers: { 'WWW-Authenticate': 'Bearer' } })
}
