import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import helmet from 'helmet'
import type { BoardParts } from './context.ts'
import { HttpError } from './problem.ts'

/**
 * Our pages bring everything with them: no inline script or style, no other host, no frame of another site around them.
 */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  frameSrc: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
}

/** Headers that every answer carries. */
export function securityHeaders(secure: boolean): RequestHandler[] {
  const policy = (directives: Record<string, string[]>) =>
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: { ...directives, ...(secure ? { upgradeInsecureRequests: [] } : {}) },
    })
  const ours = policy(POLICY)
  // bull-board sets styles on its elements and has a <base>; it runs no inline script either.
  const queues = policy({ ...POLICY, styleSrc: ["'self'", "'unsafe-inline'"], baseUri: ["'self'"] })
  const others = helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: secure,
    // A sandboxed report or mail cannot keep to it, and Chromium complains about each.
    originAgentCluster: false,
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  return [
    others,
    (request, response, next) => (request.path.startsWith('/queues') ? queues : ours)(request, response, next),
    (request, response, next) => {
      // What a signed-in person sees stays out of every cache; assets say themselves how long they may be kept.
      if (!/^\/(assets|queues\/static)\//.test(request.path)) response.set('Cache-Control', 'no-store')
      next()
    },
  ]
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const HOST = /^(\[[0-9a-f:.]+\]|[^\s:/@?#\\]+)(:\d{1,5})?$/i

/**
 * Answers only to names of ours. A page of somebody else's site that has its own name point at this machine could
 * otherwise read what is open to whoever reaches it. Probes ask by whatever address they know.
 */
export function checkHost({ publicUrl, host }: Pick<BoardParts, 'publicUrl' | 'host'>): RequestHandler {
  const ours = new Set([new URL(publicUrl).hostname, host.toLowerCase()])
  return (request, _response, next) => {
    const name = HOST.exec(request.get('Host') ?? '')?.[1]?.toLowerCase() ?? ''
    const here = (request.socket.localAddress ?? '').replace(/^::ffff:/, '')
    const isOurs = LOOPBACK.test(name) || ours.has(name) || name === here || name === `[${here}]`
    if (isOurs || PROBES.has(request.path)) return next()
    next(new HttpError('wrong-host', 'The Host of this request is no name of this board: PUBLIC_URL sets that.'))
  }
}

const PROBES = new Set(['/livez', '/readyz'])

/** Names each request, for its log lines and its problem document. */
export const nameRequest: RequestHandler = (_request, response, next) => {
  const requestId = randomUUID()
  response.locals['requestId'] = requestId
  response.set('X-Request-Id', requestId)
  next()
}
