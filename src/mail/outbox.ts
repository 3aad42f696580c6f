import { createHash } from 'node:crypto'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import PostalMime, { type Address, type Email } from 'postal-mime'
import { InputError, messageOf } from '../errors.ts'
import { isFileError, openPartials, writeWhole } from '../whole-file.ts'
import type { Mail, Mailer, SendResult } from './mailer.ts'
import { composeMessage, type Message, type Person, readSender } from './message.ts'

/** Everything of a name before the Message-ID, such as `2026-11-21T06-00-00Z-`. */
const NAME = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)-([\w.@-]+\.eml)$/
const HEADERS_BYTES_MAX = 64 * 1024
const MAIL_BYTES_MAX = 100 * 1024 * 1024

/** A mail in the outbox, from its name and headers. */
export type OutboxMail = { fileName: string; sentAt: Temporal.Instant; subject: string; to: string; sizeBytes: number }

/** A mail with all that is in it. `source` is the file itself. */
export type OutboxMailContent = OutboxMail & {
  from: string
  text: string
  html: string
  attachments: { fileName: string; mediaType: string; content: Buffer }[]
  source: Buffer
}

/** Mails as `.eml` files, where there is no mail server: one file a Message-ID, there whole or not at all. */
export function openOutbox(folder: string, options: { from: string }): Mailer {
  const base = resolve(folder)
  const sender = readSender(options.from)
  const open = () => {
    try {
      openPartials(partialsOf(base))
    } catch (error) {
      throw unusable(base, error)
    }
  }
  open()
  return {
    idempotent: true,
    send: (mail, signal) => send(base, sender, mail, signal),
    check: async () => open(),
    close: async () => {},
  }
}

/** The newest mails, newest first. */
export async function listOutbox(folder: string, { limit }: { limit: number }): Promise<OutboxMail[]> {
  const names = (await namesIn(folder)).sort().reverse().slice(0, limit)
  const mails: OutboxMail[] = []
  for (const name of names) {
    const mail = await readHeaders(folder, name)
    if (mail) mails.push(mail)
  }
  return mails
}

/** Throws InputError('outbox-mail-missing', 404) for a name that is not in the outbox. */
export async function readOutboxMail(folder: string, fileName: string): Promise<OutboxMailContent> {
  const missing = new InputError('outbox-mail-missing', `There is no mail ${JSON.stringify(fileName)} in the outbox.`)
  if (!NAME.test(fileName)) throw missing
  const path = join(folder, fileName)
  const { size } = await stat(path).catch((error: unknown) => {
    throw isFileError(error, 'ENOENT') ? missing : error
  })
  if (size > MAIL_BYTES_MAX)
    throw new InputError('outbox-mail-large', `${fileName} has ${size} bytes, too many to show: open the file itself.`)
  const source = await readFile(path)
  return contentOf(fileName, source, await PostalMime.parse(source))
}

async function send(base: string, sender: Person, mail: Mail, signal: AbortSignal): Promise<SendResult> {
  const message = composeMessage(mail, sender)
  signal.throwIfAborted()
  const id = nameOf(mail.messageId)
  const kept = (await namesIn(base)).find((name) => NAME.exec(name)?.[2] === id)
  if (kept !== undefined) return { outcome: 'accepted', reply: `was in the outbox already, as ${kept}` }
  const name = `${mail.date.toISOString().slice(0, 19).replaceAll(':', '-')}Z-${id}`
  try {
    await writeWhole(await streamOf(message, signal), partialsOf(base), join(base, name))
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw message.attachmentFault() ?? error
  }
  return { outcome: 'accepted', reply: `in the outbox as ${name}` }
}

const transport = createTransport({ streamTransport: true })

/** The lines end as they do on the wire, so that a file holds what a server would have been sent. */
async function streamOf(message: Message, signal: AbortSignal): Promise<Readable> {
  const { message: stream } = await transport.sendMail({ ...message.options, newline: 'win' })
  return addAbortSignal(signal, stream as Readable)
}

/** Unlike Message-IDs get unlike names: what had to be changed or cut differs by a hash. */
function nameOf(messageId: string): string {
  const id = messageId.replace(/^<|>$/g, '')
  const plain = id.replace(/[^A-Za-z0-9.@_-]/g, '_').slice(0, 120)
  return plain === id ? `${id}.eml` : `${plain}-${createHash('sha256').update(id).digest('hex').slice(0, 12)}.eml`
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return []
    throw error
  })
  return names.filter((name) => NAME.test(name))
}

/** Null when the file has gone since it was listed. */
async function readHeaders(folder: string, fileName: string): Promise<OutboxMail | null> {
  const file = await open(join(folder, fileName), 'r').catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return null
    throw error
  })
  if (!file) return null
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, HEADERS_BYTES_MAX)), 0)
    const start = buffer.subarray(0, bytesRead)
    const end = start.indexOf('\r\n\r\n')
    return summaryOf(fileName, size, await PostalMime.parse(end < 0 ? start : start.subarray(0, end + 4)))
  } finally {
    await file.close()
  }
}

function summaryOf(fileName: string, sizeBytes: number, email: Email): OutboxMail {
  const [day, time] = (NAME.exec(fileName)?.[1] ?? '').split('T')
  return {
    fileName,
    sentAt: Temporal.Instant.from(`${day}T${time?.replaceAll('-', ':')}`),
    subject: email.subject ?? '',
    to: (email.to ?? []).map(textOf).join(', '),
    sizeBytes,
  }
}

function contentOf(fileName: string, source: Buffer, email: Email): OutboxMailContent {
  return {
    ...summaryOf(fileName, source.length, email),
    from: email.from ? textOf(email.from) : '',
    text: email.text ?? '',
    html: email.html ?? '',
    attachments: email.attachments.map(({ filename, mimeType, content }) => ({
      fileName: filename ?? '',
      mediaType: mimeType,
      content: Buffer.from(content as ArrayBuffer),
    })),
    source,
  }
}

function textOf({ name, address }: Address): string {
  if (address === undefined) return name
  return name === '' ? address : `${name} <${address}>`
}

function partialsOf(base: string): string {
  return join(base, '.partial')
}

function unusable(base: string, error: unknown): Error {
  const advice =
    'Give the user that runs Daybreak the right to write there and free space, or set DATA_DIR or SMTP_URL.'
  return new Error(`The outbox ${base} cannot take mails: ${messageOf(error)}. ${advice}`, { cause: error })
}
