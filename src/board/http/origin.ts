import type { Request } from 'express'
import { sameSecret } from '../../people/secrets.ts'
import type { BoardParts } from './context.ts'
import { HttpError } from './problem.ts'

/**
 * Refuses a write that a browser sends with somebody's cookie from another site: the page it comes from must be ours,
 * and it must show the token of the session, which no other site can read. Programs without a browser send neither
 * header.
 */
export function checkCsrf(
  board: Pick<BoardParts, 'publicUrl'>,
  request: Request,
  csrf: { shown: unknown; expected: string | null },
): void {
  checkOrigin(request, board.publicUrl)
  const { shown, expected } = csrf
  if (typeof shown === 'string' && expected !== null && sameSecret(shown, expected)) return
  throw refusal('The page you came from is out of date. Load it again and repeat what you did.')
}

/** Refuses what a browser sends from another site's page: it says so before anything of the body is there. */
export function checkOrigin(request: Request, publicUrl: string): void {
  const site = request.get('Sec-Fetch-Site')
  if (site !== undefined && site !== 'same-origin') throw refusal('Writes are taken from our own pages only.')
  const origin = request.get('Origin')
  // A proxy in front may have another name for us than people do.
  const { protocol } = new URL(publicUrl)
  const ours = [originOf(publicUrl), originOf(`${protocol}//${request.get('Host') ?? ''}`)]
  if (origin !== undefined && !ours.includes(originOf(origin)))
    throw refusal('Writes are taken from our own pages only.')
}

/** Scheme, host and port. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'nowhere'
}

function refusal(message: string): HttpError {
  return new HttpError('invalid-csrf-token', message)
}
