import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import parseAddresses from 'nodemailer/lib/addressparser'
import type { SendMailOptions } from 'nodemailer/lib/mailer'
import { InputError, PermanentError } from '../errors.ts'
import type { Attachment, Mail } from './mailer.ts'

export type Person = { name: string; address: string }

/** A mail as nodemailer takes it. The same mail gives the same bytes each time, whichever way it is sent. */
export type Message = {
  options: SendMailOptions
  recipient: Person
  /** What made an attachment unreadable while the message was written, or null. nodemailer reports it changed. */
  attachmentFault(): Error | null
}

/** The sender of every mail; throws InputError('configuration') for what is not one address. */
export function readSender(from: string): Person {
  const sender = onePerson(from)
  if (!sender)
    throw new InputError('configuration', 'MAIL_FROM must be one address, such as "Daybreak <reports@example.com>".')
  return sender
}

/** The domain of the sender of every mail. Throws as `readSender` does. */
export function domainOf(from: string): string {
  const { address } = readSender(from)
  return address.slice(address.lastIndexOf('@') + 1)
}

/** Throws PermanentError('mail-address' or 'mail-identity') for what could not become a proper message. */
export function composeMessage(mail: Mail, from: Person): Message {
  const recipient = onePerson(mail.to)
  if (!recipient) {
    throw new PermanentError(
      'mail-address',
      'The recipient of a mail is not one e-mail address. Correct it in the recipients of the report.',
    )
  }
  checkIdentity(mail)
  let fault: Error | null = null
  const note = (error: Error) => {
    fault ??= error
  }
  const options = {
    from: { ...from },
    to: { ...recipient },
    envelope: { from: from.address, to: [recipient.address] },
    subject: mail.subject,
    text: withPlainLines(mail.text),
    html: withPlainLines(mail.html),
    messageId: mail.messageId,
    date: mail.date,
    headers: headersOf(mail),
    attachments: mail.attachments.map((attachment) => attachedPart(attachment, note)),
    baseBoundary: createHash('sha256').update(mail.messageId).digest('hex').slice(0, 24),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
  return { options, recipient, attachmentFault: () => fault }
}

/** A single mailbox, or null. Line breaks and further addresses have no place in one. */
function onePerson(text: string): Person | null {
  if (/\p{Cc}/u.test(text)) return null
  const [person, ...others] = parseAddresses(text, { flatten: true })
  if (!person || others.length > 0) return null
  const isAddress = /^[^\s<>@,;"]+@[^\s<>@,;"]+$/.test(person.address) && person.address.length <= 254
  return isAddress ? { name: person.name, address: person.address } : null
}

function checkIdentity({ messageId, date }: Mail): void {
  if (!/^<?[^\s<>@]+@[^\s<>@]+>?$/.test(messageId) || /\p{Cc}/u.test(messageId)) {
    throw new PermanentError(
      'mail-identity',
      `${JSON.stringify(messageId)} is no Message-ID: it must look like <left@right>.`,
    )
  }
  if (Number.isNaN(date.getTime()))
    throw new PermanentError('mail-identity', `The mail ${messageId} has no valid date.`)
}

/** Nobody's out-of-office answer should come back to a program, and one click must end a subscription (RFC 8058). */
function headersOf({ unsubscribeUrl }: Mail): Record<string, string> {
  return {
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    ...(unsubscribeUrl === null
      ? {}
      : {
          'List-Unsubscribe': `<${new URL(unsubscribeUrl).href}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        }),
  }
}

/** A lone carriage return is a line break on the wire and none in a file: without it both hold the same. */
function withPlainLines(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function attachedPart(attachment: Attachment, note: (error: Error) => void) {
  return {
    filename: attachment.fileName,
    contentType: attachment.mediaType,
    content: Readable.from(readAttachment(attachment, note), { objectMode: false }),
    contentDisposition: 'attachment',
  }
}

/** Opened only when the message is being written; a file that ends short of its size fails the mail. */
async function* readAttachment(
  { fileName, sizeBytes, open }: Attachment,
  note: (error: Error) => void,
): AsyncGenerator<Buffer> {
  const fail = (error: unknown): never => {
    note(error instanceof Error ? error : new Error(String(error)))
    throw new Error('attachment', { cause: error })
  }
  const body = await open().catch(fail)
  try {
    const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
    let readBytes = 0
    for (;;) {
      const next = await chunks.next().catch(fail)
      if (next.done) break
      readBytes += next.value.length
      yield next.value
    }
    if (readBytes !== sizeBytes)
      fail(
        new Error(
          `The attachment ${fileName} has ${readBytes} bytes instead of ${sizeBytes}. Render the report again.`,
        ),
      )
  } finally {
    body.destroy()
  }
}
