import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whatever neither answers nor closes by then hangs. */
const HANG_MS = 90_000

/** What became of a connection: the statuses it was answered with, and how it ended. */
export type Spoken = { statuses: number[]; end: 'answered' | 'closed' | 'cut' | 'hung'; text: string }

/**
 * What is said. `cut`: the connection ends from our side once all is sent. `lingerMs`: how long a second answer is
 * listened for.
 */
export type Speech = { pieces: readonly (string | Buffer)[]; cut?: boolean; pauseMs?: number; lingerMs?: number }

/** Says bytes to a server as they are, and listens until it has answered or closed. Never throws. */
export async function speak(url: string, { pieces, cut = false, pauseMs = 0, lingerMs = 0 }: Speech): Promise<Spoken> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  let text = ''
  const statuses = () => [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))
  const ended = new Promise<Spoken['end']>((done) => {
    socket.setTimeout(HANG_MS, () => done('hung'))
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1')
      if (isWhole(text)) done('answered')
    })
    socket.on('error', () => done('closed'))
    socket.on('close', () => done(statuses().length > 0 ? 'answered' : 'closed'))
    socket.on('end', () => done(statuses().length > 0 ? 'answered' : 'closed'))
  })
  for (const piece of pieces) {
    socket.write(piece)
    if (pauseMs > 0) await sleep(pauseMs)
  }
  if (cut) {
    socket.destroySoon()
    return { statuses: statuses(), end: 'cut', text }
  }
  const end = await ended
  if (lingerMs > 0 && end === 'answered') await sleep(lingerMs)
  socket.destroy()
  return { statuses: statuses(), end, text }
}

/** The head of a final answer is there; what follows is of no interest. */
function isWhole(text: string): boolean {
  return /^HTTP\/1\.1 [2-5]\d\d[\s\S]*?\r\n\r\n/m.test(text)
}
