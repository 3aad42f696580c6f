import { createRequire } from 'node:module'
import { routes } from '../../src/board/board.ts'
import { assetPath } from '../../src/board/ui/assets.ts'
import type { Access, Scope } from '../../src/people/roles.ts'
import type { Asked } from './ask.ts'
import type { Visitor } from './visitors.ts'

/**
 * A method of an address, and what it asks of its visitor. Read off the program, so that a new one is attacked from its
 * first day.
 */
export type Address = {
  method: string
  path: string
  role: Access
  scope: Scope
  /** How a write of it is sent by its own page or program. */
  kind: 'api' | 'form' | 'queues'
}

type BullBoardRoute = { method: string | string[]; route: string | string[] }
const { appRoutes } = createRequire(import.meta.url)('@bull-board/api/dist/routes.js') as {
  appRoutes: { entryPoint: BullBoardRoute; api: BullBoardRoute[] }
}

const ofBoard = routes.map(
  ({ method, path, role, scope }): Address => ({
    ...{ method: method.toUpperCase(), path, role, scope },
    kind: path.startsWith('/api/') ? 'api' : 'form',
  }),
)

/** Of bull-board's writes it is known that no viewer may: which need an admin, it says itself. */
const ofQueues = [appRoutes.entryPoint, ...appRoutes.api].flatMap(({ method, route }) =>
  [method].flat().flatMap((verb) =>
    [route].flat().map(
      (path): Address => ({
        ...{ method: verb.toUpperCase(), path: `/queues${path}`, scope: 'everything', kind: 'queues' },
        role: verb === 'get' ? 'viewer' : 'operator',
      }),
    ),
  ),
)

const ofAssets = ['board.css', 'board.js'].map(
  (name): Address => ({ method: 'GET', path: assetPath(name), role: 'public', scope: 'client', kind: 'form' }),
)

export const addresses: readonly Address[] = [...ofBoard, ...ofQueues, ...ofAssets]

export const isWrite = ({ method }: { method: string }) => method !== 'GET'

/** The address with a value in the place of each parameter. */
export function fill(path: string, valueOf: (name: string) => string): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(valueOf(name)))
}

/** How a request is sent with a person's token: by its own page, or as a part of a form with a file. */
export type Sending = 'as its page' | 'as a form with a file'

/** A request of a visitor that says as little as it may, with what their own page would send beside. */
export function asked({ method, kind }: Address, path: string, { headers, csrf }: Visitor, sending: Sending): Asked {
  const base = { method, path, headers: { Accept: 'application/json', ...headers } }
  if (method === 'GET') return base
  // bull-board's own page sends no body.
  if (kind === 'queues')
    return { ...base, headers: { ...base.headers, ...(csrf !== null && { 'X-XSRF-TOKEN': csrf }) } }
  if (kind === 'api') {
    const more = { 'Content-Type': 'application/json', ...(csrf !== null && { 'X-CSRF-Token': csrf }) }
    return { ...base, headers: { ...base.headers, ...more }, body: '{}' }
  }
  const [type, body] = sending === 'as its page' ? urlEncoded(csrf ?? '') : multipart(csrf ?? '')
  return { ...base, headers: { ...base.headers, 'Content-Type': type }, body }
}

function urlEncoded(csrf: string): [type: string, body: string] {
  return ['application/x-www-form-urlencoded', `csrf=${encodeURIComponent(csrf)}`]
}

function multipart(csrf: string): [type: string, body: string] {
  const field = `Content-Disposition: form-data; name="csrf"\r\n\r\n${csrf}`
  return ['multipart/form-data; boundary=B', `--B\r\n${field}\r\n--B--\r\n`]
}
