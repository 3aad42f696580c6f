import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InputError } from '../../errors.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../time.ts'

const IDLE_CHECK_MS = 50
/**
 * A request is there whole within this time, so that nobody holds connections by sending slowly; a file may take
 * longer.
 */
const BODY_MAX_MS = MINUTE_MS
const LONG_BODY_MAX_MS = HOUR_MS

const bodyTimers = new WeakMap<IncomingMessage, NodeJS.Timeout>()

/** Gives a request that brings a file the time for it. */
export function allowLongBody(request: IncomingMessage): void {
  // The server itself ends what takes longer still.
  clearTimeout(bodyTimers.get(request))
}

function limitBody(request: IncomingMessage, response: ServerResponse): void {
  const timer = setTimeout(() => {
    if (request.complete) return
    if (!response.headersSent) response.writeHead(408, { Connection: 'close' }).end()
    request.destroy()
  }, BODY_MAX_MS)
  bodyTimers.set(request, timer)
  response.once('close', () => clearTimeout(timer))
}

export type Listening = {
  port: number
  /** Takes no new request, lets those at work finish for a while, then breaks them off. */
  close(graceMs: number): Promise<void>
}

/** Serves requests on a port. Throws InputError `port-taken`, `port-refused`. */
export async function listen(app: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer(
    { requestTimeout: LONG_BODY_MAX_MS, headersTimeout: 20 * SECOND_MS, keepAliveTimeout: 65 * SECOND_MS },
    (request, response) => {
      limitBody(request, response)
      app(request, response)
    },
  )
  await new Promise<void>((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => failed(refusal(error, host, port)))
    server.listen({ host, port }, done)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = new Promise<void>((done) => server.close(() => done()))
      // A connection whose request has just been answered would be kept open for the next one.
      const tidy = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
      const breakOff = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearInterval(tidy)
      clearTimeout(breakOff)
    },
  }
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new InputError('port-taken', `Port ${port} on ${host} is taken. Stop what uses it, or set PORT to another.`)
  }
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL') {
    return new InputError(
      'port-refused',
      `The board may not listen on ${host}:${port} (${error.code}). Set HOST and PORT.`,
    )
  }
  return error
}
