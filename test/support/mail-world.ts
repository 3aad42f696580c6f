import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach } from 'vitest'
import type { Attachment, Mail, Mailer } from '../../src/mail/mailer.ts'
import { openSmtp, type SmtpOptions } from '../../src/mail/smtp.ts'

/** Mails, and servers that answer them as they are told. */

export const FROM = 'Daybreak Berichte <reports@daybreak.test>'

export const WITHIN = AbortSignal.timeout(600_000)

export const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

export function aMail(change: Partial<Mail> = {}): Mail {
  return {
    to: 'zoe@example.com',
    subject: '[Online Retail] Monthly revenue – November 2011 – FINAL',
    text: 'Net revenue: £1,456,145.80\n',
    html: '<p>Net revenue: <b>£1,456,145.80</b></p>\n',
    attachments: [],
    messageId: '<1@daybreak.test>',
    date: new Date('2011-12-01T06:00:00Z'),
    unsubscribeUrl: 'https://daybreak.test/u/abc',
    ...change,
  }
}

export function file(fileName: string, content: Buffer, mediaType = 'application/pdf'): Attachment {
  const pieces = Array.from({ length: Math.ceil(content.length / 65_536) }, (_, at) =>
    content.subarray(at * 65_536, (at + 1) * 65_536),
  )
  return { fileName, mediaType, sizeBytes: content.length, open: async () => Readable.from(pieces) }
}

/** A mailer that is closed after the test. */
export function smtp(url: string, options: Partial<SmtpOptions> = {}): Mailer {
  const mailer = openSmtp(url, { from: FROM, ...options })
  undo.push(() => mailer.close())
  return mailer
}

export function send(mailer: Mailer, mail: Mail) {
  return mailer.send(mail, WITHIN)
}

export async function failureOf(mailer: Mailer, mail: Mail): Promise<Error> {
  const result: unknown = await mailer.send(mail, WITHIN).catch((error: unknown) => error)
  if (result instanceof Error) return result
  throw new Error(`the mail was not refused: ${JSON.stringify(result)}`)
}

export async function outboxFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-outbox-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function mailsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
}

type Stage = 'greeting' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'end'

/** What a well-behaved server says at each stage; `body` is the first piece of a message and gets no answer. */
const REPLIES: Record<Stage, string> = {
  greeting: '220 mail.test',
  ehlo: '250 mail.test',
  auth: '235 ok',
  mail: '250 ok',
  rcpt: '250 ok',
  data: '354 go on',
  body: '',
  end: '250 2.0.0 taken',
}

/** `visits` counts connections: a mailer that comes back by itself is seen. */
type Scripted = { url: string; bodies: string[]; visits(): number; cut(): void }

/**
 * A server that follows a script: at each stage it gives a reply, or does `drop` (cuts the connection), `half` (cuts it
 * in the middle of a reply) or `silence`. It is written on bare TCP, as a proper server library would not die on
 * demand.
 */
export async function scripted(script: Partial<Record<Stage, string>>): Promise<Scripted> {
  const bodies: string[] = []
  const sockets = new Set<Socket>()
  let visits = 0
  const server = createServer((socket) => {
    visits += 1
    sockets.add(socket.on('error', () => {}))
    converse(socket, { ...REPLIES, ...script }, bodies)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  undo.push(() => {
    cut()
    server.close()
  })
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, visits: () => visits, cut }
}

function converse(socket: Socket, script: Record<Stage, string>, bodies: string[]): void {
  let received = ''
  let inBody = false
  const act = (stage: Stage) => {
    const reply = script[stage]
    if (reply === 'drop') socket.destroy()
    else if (reply === 'half') socket.end('25')
    else if (reply !== 'silence' && reply !== '') socket.write(`${reply}\r\n`)
  }
  act('greeting')
  socket.setEncoding('latin1').on('data', (piece) => {
    received += piece
    if (inBody) act('body')
    for (let next = cutOff(received, inBody); next; next = cutOff(received, inBody)) {
      received = received.slice(next.length)
      if (inBody) bodies.push(next)
      act(inBody ? 'end' : stageOf(next))
      inBody = !inBody && /^data/i.test(next) && script.data.startsWith('3')
    }
  })
}

/** The next whole line, or in a message all of it up to the lone dot; empty while it is not complete. */
function cutOff(received: string, inBody: boolean): string {
  const mark = inBody ? '\r\n.\r\n' : '\r\n'
  const at = received.indexOf(mark)
  return at < 0 ? '' : received.slice(0, at + mark.length)
}

function stageOf(line: string): Stage {
  const stages: Record<string, Stage> = { EHLO: 'ehlo', AUTH: 'auth', MAIL: 'mail', RCPT: 'rcpt', DATA: 'data' }
  return stages[line.slice(0, 4).toUpperCase()] ?? 'ehlo'
}
