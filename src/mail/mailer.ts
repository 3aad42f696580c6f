import type { Readable } from 'node:stream'

export type Attachment = { fileName: string; mediaType: string; open: () => Promise<Readable>; sizeBytes: number }

export type Mail = {
  to: string
  subject: string
  text: string
  html: string
  attachments: Attachment[]
  /** Chosen by the caller before the first try and the same on every automatic retry. */
  messageId: string
  date: Date
  /** Address for one-click unsubscription (RFC 8058): POST works without sign-in. */
  unsubscribeUrl: string | null
}

/**
 * `unknown`: the connection broke after the message was handed over and before the server answered; it may have been
 * taken.
 */
export type SendResult = { outcome: 'accepted'; reply: string } | { outcome: 'unknown'; reply: string }

/** Throws PermanentError (`mail-refused`, 5xx) or a plain Error (4xx, no connection: worth another try). */
export type Mailer = {
  /** Sending the same Message-ID twice is the same as once, so a send whose end nobody saw may be repeated. */
  idempotent: boolean
  send(mail: Mail, signal: AbortSignal): Promise<SendResult>
  /** Connects and says hello; throws with what to fix. */
  check(): Promise<void>
  close(): Promise<void>
}
