import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { InputError } from '../errors.ts'
import { MINUTE_MS, SECOND_MS } from '../time.ts'

const IDLE_CHECK_MS = 50

export type Listening = {
  port: number
  /** Takes no new request, lets those at work finish for a while, then breaks them off. */
  close(graceMs: number): Promise<void>
}

/** Serves requests on a port. Throws InputError `port-taken`, `port-refused`. */
export async function listen(app: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer(
    { requestTimeout: MINUTE_MS, headersTimeout: 20 * SECOND_MS, keepAliveTimeout: 65 * SECOND_MS },
    app,
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
