import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'

export type ReceivedMail = { messageId: string; from: string; to: string[]; raw: string }

/**
 * What the server does with a message it has been given whole. `afterwards` happens in the moment after the answer is
 * on its way. `drop` takes it and cuts the connection before answering, `silence` takes it and never answers: in both
 * cases the sender cannot know that it arrived.
 */
export type SmtpBehaviour =
  | { kind: 'accept'; afterwards?: () => void }
  | { kind: 'refuse'; code: number; text: string }
  | { kind: 'drop' }
  | { kind: 'silence' }

/** `refuse`: 421 instead of a welcome. `silence`: no word ever. */
export type SmtpGreeting = 'refuse' | 'silence'

export type SmtpTestServer = {
  url: string
  /** Every message taken, oldest first. */
  received: ReceivedMail[]
  /** How often each Message-ID was taken: all ones is what a recipient hopes for. */
  countsByMessageId(): Record<string, number>
  /** From now on; may differ by recipient. */
  behave(choose: (to: string[]) => SmtpBehaviour | Promise<SmtpBehaviour>): void
  /** Called with each recipient that a sender names, before the message; the sender waits for it. */
  onRecipient(meet: (address: string) => Promise<void>): void
  /** What the next connections are met with, in their order; afterwards each is welcome. */
  greet(...greetings: SmtpGreeting[]): void
  stop(): Promise<void>
}

/** A real SMTP server on a free port of 127.0.0.1 that keeps what it is sent. */
export async function startSmtpServer(): Promise<SmtpTestServer> {
  const received: ReceivedMail[] = []
  const sockets = new Set<Socket>()
  let choose: (to: string[]) => SmtpBehaviour | Promise<SmtpBehaviour> = () => ({ kind: 'accept' })
  let meet = async (_address: string): Promise<void> => {}
  const greetings: SmtpGreeting[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    onRcptTo({ address }, _session, answer) {
      meet(address).then(() => answer(), answer)
    },
    onConnect(_session, answer) {
      const greeting = greetings.shift()
      if (greeting === undefined) answer()
      else if (greeting === 'refuse') answer(Object.assign(new Error('too busy'), { responseCode: 421 }))
    },
    onData(stream, session, answer) {
      readMail(stream, session).then(async (mail) => {
        const behaviour = await choose(mail.to)
        if (behaviour.kind !== 'refuse') received.push(mail)
        respond(behaviour, answer, () => socketOf(sockets, session)?.destroy())
      }, answer)
    },
  })
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // A sender that is cut off, or cuts us off, is what some tests are about; the sender's side is where they look.
  server.on('error', () => {})
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    countsByMessageId: () => countBy(received.map((mail) => mail.messageId)),
    behave(chosen) {
      choose = chosen
    },
    onRecipient(met) {
      meet = met
    },
    greet: (...next) => void greetings.push(...next),
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((done) => server.close(done))
    },
  }
}

async function readMail(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<ReceivedMail> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  const raw = Buffer.concat(chunks).toString('latin1')
  const from = session.envelope.mailFrom
  return {
    messageId: /^message-id:\s*(<[^>]+>)/im.exec(raw)?.[1] ?? '',
    from: from === false ? '' : from.address,
    to: session.envelope.rcptTo.map((recipient) => recipient.address),
    raw,
  }
}

function respond(
  behaviour: SmtpBehaviour,
  answer: (error?: Error | null, text?: string) => void,
  cut: () => void,
): void {
  switch (behaviour.kind) {
    case 'accept':
      answer(null, 'OK: queued')
      return behaviour.afterwards?.()
    case 'refuse':
      return answer(Object.assign(new Error(behaviour.text), { responseCode: behaviour.code }))
    case 'drop':
      return cut()
    case 'silence':
      return
  }
}

function socketOf(sockets: Set<Socket>, session: SMTPServerSession): Socket | undefined {
  return [...sockets].find((socket) => socket.remotePort === session.remotePort)
}

function countBy(values: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}
