import type { Request } from 'express'
import { HttpError } from '../problem.ts'
import { sameSecret } from './secrets.ts'

/**
 * Refuses a write that a browser sends with somebody's cookie from another site: the page it comes from must be ours, and it must
 * show the token of the session, which no other site can read. Programs without a browser send neither header.
 */
export function checkCsrf(request: Request, shown: unknown, expected: string | null): void {
  checkOrigin(request)
  if (typeof shown === 'string' && expected !== null && sameSecret(shown, expected)) return
  throw refusal('The page you came from is out of date. Load it again and repeat what you did.')
}

function checkOrigin(request: Request): void {
  const site = request.get('Sec-Fetch-Site')
  if (site !== undefined && site !== 'same-origin') throw refusal('Writes are taken from our own pages only.')
  const origin = request.get('Origin')
  if (origin !== undefined && hostOf(origin) !== request.get('Host')) {
    throw refusal('Writes are taken from our own pages only.')
  }
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

function refusal(message: string): HttpError {
  return new HttpError(403, 'invalid-csrf-token', message)
}
