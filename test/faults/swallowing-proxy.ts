import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * Stands between a program and its server, and can make their connections half-open: both sides believe in them, and
 * nothing arrives.
 */
export type SwallowingProxy = {
  port: number
  /**
   * From now on every byte is taken and thrown away, both ways, and nothing is closed; new connections are taken and
   * left alone.
   */
  swallow(): void
  /** New connections pass again; those from before stay dead. */
  heal(): void
  stop(): Promise<void>
}

/** Opens it on a free port of 127.0.0.1. */
export async function startSwallowingProxy(target: { host: string; port: number }): Promise<SwallowingProxy> {
  const sockets = new Set<Socket>()
  let generation = 0
  let swallowing = false

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.once('close', () => sockets.delete(socket))
    // A side that resets its connection is heard of by its close.
    socket.on('error', () => {})
    return socket
  }

  const server = createServer((accepted) => {
    const client = keep(accepted)
    // What nobody reads would not be acknowledged for long.
    if (swallowing) return void client.resume()
    const upstream = keep(connect(target))
    const born = generation
    const isDead = () => generation !== born
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (bytes) => {
        if (!isDead()) to.write(bytes)
      })
      from.once('close', () => {
        if (!isDead()) to.destroy()
      })
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      swallowing = true
      generation += 1
    },
    heal() {
      swallowing = false
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

/** The address of a server, by way of the proxy. */
export function throughProxy(url: string, { port }: SwallowingProxy): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(port)
  return changed.href
}
