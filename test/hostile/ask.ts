import { Agent, type OutgoingHttpHeaders, request } from 'node:http'

/** An answer that is longer is broken off: nothing we ask for is. */
const BODY_MAX_BYTES = 64 << 20
/** Whatever has not answered by then hangs. */
const HANG_MS = 90_000

export type Asked = {
  method?: string
  /** As it stands in the request line: nothing puts it in order on the way. */
  path: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
}

/** `status` 0: the connection ended without an answer, or none came in time; `text` says which. */
export type Answer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  ms: number
}

export type Ask = (asked: Asked) => Promise<Answer>

/** Asks one server over connections of its own; headers are sent as given, those of a browser too. Never throws. */
export function askerOf(url: string): Ask & { close(): void } {
  const agent = new Agent({ keepAlive: true })
  const ask: Ask = (asked) => {
    const began = performance.now()
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const fail = (text: string) => resolve({ status: 0, headers: {}, text, ms: performance.now() - began })
    const { hostname, port } = new URL(url)
    const { method = 'GET', path, headers = {}, body } = asked
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
    const sending = request(
      { agent, hostname, port, method, path, headers: { ...length, ...headers }, timeout: HANG_MS },
      (response) => {
        const pieces: Buffer[] = []
        let bytes = 0
        response.on('data', (piece: Buffer) => {
          pieces.push(piece)
          bytes += piece.length
          if (bytes > BODY_MAX_BYTES) response.destroy(new Error('an answer without end'))
        })
        response.on('error', (error) => fail(error.message))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(pieces).toString('utf8'),
            ms: performance.now() - began,
          }),
        )
      },
    )
    sending.on('timeout', () => sending.destroy(new Error('no answer in time')))
    sending.on('error', (error) => fail(error.message))
    sending.end(body)
    return promise
  }
  return Object.assign(ask, { close: () => agent.destroy() })
}

/** The code of a problem document; empty for any other answer. */
export function codeOf({ headers, text }: Answer): string {
  if (headers['content-type']?.includes('problem+json') !== true) return ''
  const { code } = JSON.parse(text) as { code?: string }
  return code ?? ''
}

/** Refused for now, by a limit: whoever waits may ask again. */
export function isBusy({ status, headers }: Answer): boolean {
  return (status === 429 || status === 503) && headers['retry-after'] !== undefined
}
