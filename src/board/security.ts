import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

/** Our pages bring everything with them: no inline script or style, no other host, no frame of another site around them. */
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

/** Names each request, for its log lines and its problem document. */
export const nameRequest: RequestHandler = (_request, response, next) => {
  const requestId = randomUUID()
  response.locals['requestId'] = requestId
  response.set('X-Request-Id', requestId)
  next()
}
