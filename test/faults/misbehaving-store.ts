import { request as askUpstream, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of one request to the object store. */
export type StoreBehaviour =
  | { kind: 'pass' }
  /** Answered with this status; the store never hears of it. */
  | { kind: 'fail'; status: number }
  | { kind: 'slow'; ms: number }
  /** Half of its body reaches the store, then both connections break. */
  | { kind: 'cut' }
  /** The store does it, and its answer is lost. */
  | { kind: 'no-answer' }

/** `nth`: how often the same method, path and query (without the id of the upload) has come, from 1. */
export type StoreRequest = { method: string; path: string; query: URLSearchParams; nth: number }

export type MisbehavingStore = {
  endpoint: string
  misbehaved: Map<StoreBehaviour['kind'], number>
  stop(): Promise<void>
}

/** An HTTP proxy in front of an object store that does not always do as it should. */
export async function startMisbehavingStore(
  upstream: string,
  choose: (request: StoreRequest) => StoreBehaviour,
): Promise<MisbehavingStore> {
  const seen = new Map<string, number>()
  const misbehaved = new Map<StoreBehaviour['kind'], number>()
  const server = createServer((incoming, response) => {
    const { method = 'GET', url = '/' } = incoming
    const { pathname, searchParams } = new URL(url, upstream)
    const id = [method, pathname, searchParams.get('partNumber')].join(' ')
    const nth = (seen.get(id) ?? 0) + 1
    seen.set(id, nth)
    const behaviour = choose({ method, path: pathname, query: searchParams, nth })
    misbehaved.set(behaviour.kind, (misbehaved.get(behaviour.kind) ?? 0) + 1)
    answer(incoming, response, new URL(url, upstream), behaviour)
  })
  server.requestTimeout = 0
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    misbehaved,
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

function answer(incoming: IncomingMessage, response: ServerResponse, target: URL, behaviour: StoreBehaviour): void {
  // Whoever cuts or is cut hears of it on the other side.
  incoming.on('error', () => {})
  response.on('error', () => {})
  switch (behaviour.kind) {
    case 'fail':
      incoming.resume()
      incoming.once('end', () => {
        response.writeHead(behaviour.status, { 'Content-Type': 'application/xml' })
        response.end('<?xml version="1.0"?><Error><Code>InternalError</Code><Message>We are sorry.</Message></Error>')
      })
      return
    case 'slow':
      setTimeout(() => forward(incoming, response, target), behaviour.ms)
      return
    case 'cut':
      return cutInHalf(incoming, target)
    case 'no-answer':
    case 'pass':
      return forward(incoming, response, target, behaviour.kind === 'no-answer')
  }
}

function forward(incoming: IncomingMessage, response: ServerResponse, target: URL, loseAnswer = false): void {
  const { method, headers } = incoming
  const passed = askUpstream(target, { method, headers: withoutExpect(headers) }, (answered) => {
    if (loseAnswer) {
      answered.resume()
      answered.once('end', () => incoming.socket.destroy())
      return
    }
    response.writeHead(answered.statusCode ?? 502, answered.headers)
    answered.pipe(response)
  })
  passed.on('error', () => incoming.socket.destroy())
  incoming.pipe(passed)
}

function cutInHalf(incoming: IncomingMessage, target: URL): void {
  const { method, headers, socket } = incoming
  const half = Number(headers['content-length'] ?? 0) / 2
  const passed = askUpstream(target, { method, headers: withoutExpect(headers) })
  passed.on('error', () => {})
  let sizeBytes = 0
  incoming.on('data', (chunk: Buffer) => {
    if (sizeBytes >= half) return
    passed.write(chunk.subarray(0, Math.ceil(half - sizeBytes)))
    sizeBytes += chunk.length
    if (sizeBytes < half) return
    // After the half has left.
    setTimeout(() => {
      passed.destroy()
      socket.destroy()
    }, 50)
  })
}

function withoutExpect({ expect: _expect, ...headers }: IncomingMessage['headers']): IncomingMessage['headers'] {
  return headers
}
