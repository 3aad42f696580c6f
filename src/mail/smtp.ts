import { createPrivateKey } from 'node:crypto'
import { createTransport } from 'nodemailer'
import Dkim from 'nodemailer/lib/dkim'
import { parseConnectionUrl } from 'nodemailer/lib/shared'
import { InputError, messageOf } from '../errors.ts'
import { SECOND_MS } from '../time.ts'
import type { Mail, Mailer, SendResult } from './mailer.ts'
import { composeMessage, type Person, readSender } from './message.ts'
import { reasonOf, replyOf, type SmtpFault, toError, wasRefused } from './smtp-fault.ts'

/** What to sign mails with (DKIM): the key's public half stands in DNS at selector._domainkey.domain. */
export type DkimKey = { domain: string; selector: string; privateKey: string }

export type SmtpOptions = {
  from: string
  /** Mails sent at once. */
  connectionsMax?: number
  dkim?: DkimKey
  timeoutsMs?: typeof TIMEOUTS_MS
}

/** How long to wait for a connection, for the server's greeting, and for any answer after that. */
const TIMEOUTS_MS = { connection: 10 * SECOND_MS, greeting: 10 * SECOND_MS, socket: 60 * SECOND_MS }

/**
 * A mail that was handed over has this long to be answered when it is told to stop: the answer may be on its way, and
 * nobody else will hear it.
 */
const ANSWER_GRACE_MS = 3 * SECOND_MS

const CONNECTIONS_MAX = 4
const MAILS_PER_CONNECTION = 100

/**
 * nodemailer's own list of headers to sign (RFC 6376 5.4.1) and the one without which one-click unsubscription does not
 * count.
 */
const SIGNED_HEADERS =
  'From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:' +
  'In-Reply-To:References:List-Unsubscribe:List-Unsubscribe-Post:Auto-Submitted'

type Transport = ReturnType<typeof openTransport>

/**
 * Sends by SMTP. A mail whose connection broke after it was handed over, or that was aborted then, has the outcome
 * `unknown`.
 */
export function openSmtp(url: string, options: SmtpOptions): Mailer {
  const server = hostOf(url)
  const sender = readSender(options.from)
  const transport = openTransport(url, options)
  const underWay = new Set<Promise<SendResult>>()
  return {
    idempotent: false,
    async send(mail, signal) {
      const sending = send(transport, server, sender, mail, signal)
      underWay.add(sending)
      return sending.finally(() => underWay.delete(sending))
    },
    async check() {
      await transport.pool.verify().catch((error: SmtpFault) => {
        throw toError(error, server, null)
      })
    },
    async close() {
      transport.pool.close()
      await Promise.allSettled(underWay)
    },
  }
}

function openTransport(url: string, options: SmtpOptions) {
  const timeouts = options.timeoutsMs ?? TIMEOUTS_MS
  const pool = createTransport({
    // First, so that nothing in the address overrides what follows.
    ...parseConnectionUrl(url),
    pool: true,
    maxConnections: options.connectionsMax ?? CONNECTIONS_MAX,
    maxMessages: MAILS_PER_CONNECTION,
    // A mail must never be sent twice by anybody but the ledger.
    maxRequeues: 0,
    dnsTimeout: timeouts.connection,
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.socket,
    disableFileAccess: true,
    disableUrlAccess: true,
    // It would log addresses.
    logger: false,
    debug: false,
  })
  const dkim = options.dkim ? openDkim(options.dkim) : null
  const handovers = new WeakMap<object, { complete: boolean }>()
  pool.use('stream', (mail, done) => {
    const handover = handovers.get(mail.data.envelope ?? {})
    if (dkim) mail.message.processFunc((input) => dkim.sign(input))
    mail.message.processFunc((input) => {
      // nodemailer reads this last stream only after the server's go-ahead to DATA, and its end is the message's end.
      input.once('end', () => {
        if (handover) handover.complete = true
      })
      return input
    })
    done()
  })
  return { pool, handovers }
}

async function send(
  { pool, handovers }: Transport,
  server: string,
  sender: Person,
  mail: Mail,
  signal: AbortSignal,
): Promise<SendResult> {
  const { options, recipient, attachmentFault } = composeMessage(mail, sender)
  const handover = { complete: false }
  const envelope = { ...options.envelope }
  handovers.set(envelope, handover)
  const patience = patientSignal(signal, handover)
  try {
    const { response } = await pool.sendMail({ ...options, envelope, signal: patience.signal })
    return { outcome: 'accepted', reply: replyOf(response, recipient) }
  } catch (error) {
    const fault = error as SmtpFault
    if (handover.complete && !wasRefused(fault)) {
      const reason = signal.aborted ? messageOf(signal.reason) : reasonOf(fault, recipient)
      return { outcome: 'unknown', reply: `handed over to ${server}, but no answer came: ${reason}` }
    }
    if (signal.aborted) throw signal.reason
    throw attachmentFault() ?? toError(fault, server, recipient)
  } finally {
    patience.end()
  }
}

/** Aborts as `signal` does, but only after a while where the mail has been handed over by then. */
function patientSignal(signal: AbortSignal, handover: { complete: boolean }): { signal: AbortSignal; end(): void } {
  const stop = new AbortController()
  let grace: NodeJS.Timeout | undefined
  const onAbort = () => {
    if (!handover.complete) return stop.abort(signal.reason)
    grace = setTimeout(() => stop.abort(signal.reason), ANSWER_GRACE_MS)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: stop.signal,
    end() {
      clearTimeout(grace)
      signal.removeEventListener('abort', onAbort)
    },
  }
}

/** nodemailer would send unsigned without a word if the key were unusable. */
function openDkim({ domain, selector, privateKey }: DkimKey): Dkim {
  if (!isRsaKey(privateKey)) {
    throw new InputError(
      'configuration',
      `The DKIM key of ${domain} cannot be used: it must be a private RSA key in PEM form.`,
    )
  }
  return new Dkim({ domainName: domain, keySelector: selector, privateKey, headerFieldNames: SIGNED_HEADERS })
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

/** The server without user and password, for messages. */
function hostOf(url: string): string {
  if (!URL.canParse(url) || !/^smtps?:$/.test(new URL(url).protocol)) {
    throw new InputError('configuration', 'SMTP_URL must look like smtp://host:587 or smtps://user:password@host:465.')
  }
  return new URL(url).host
}
