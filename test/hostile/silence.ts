import { connect, type Socket } from 'node:net'

/**
 * Connections that begin a request and say no more, until `end`. They stay few enough for any machine's limit on open
 * files.
 */
export function holdSilence(url: string, count: number): { end(): void } {
  const { hostname, port } = new URL(url)
  const sockets = Array.from({ length: count }, (_, index): Socket => {
    const socket = connect({ host: hostname, port: Number(port) })
    // The server may close them at any time, and is right to.
    socket.on('error', () => socket.destroy())
    socket.write(BEGINNINGS[index % BEGINNINGS.length] ?? '')
    return socket
  })
  return { end: () => sockets.forEach((socket) => socket.destroy()) }
}

const BEGINNINGS = [
  '',
  'GET / HT',
  'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ',
  'POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\ncsrf=',
]
