import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedCall = { path: string; headers: Record<string, string>; body: string }

export type WebhookReceiver = {
  url: string
  /** Every call, oldest first, whatever it was answered. */
  received: ReceivedCall[]
  /** From now on; `count` calls came before this one. */
  answer(choose: (count: number) => { status: number; headers?: Record<string, string> }): void
  stop(): Promise<void>
}

/** A real HTTP server on a free port of 127.0.0.1 that keeps what it is called with. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedCall[] = []
  let choose: (count: number) => { status: number; headers?: Record<string, string> } = () => ({ status: 204 })
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { status, headers = {} } = choose(received.length)
      const sent = request.headers as Record<string, string>
      received.push({ path: request.url ?? '', headers: sent, body: Buffer.concat(chunks).toString() })
      response.writeHead(status, headers).end('what a receiver says')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=secret-part`,
    received,
    answer(chosen) {
      choose = chosen
    },
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}
