import { PermanentError } from '../errors.ts'
import type { Person } from './message.ts'

/** The parts of nodemailer's errors that tell what happened. */
export type SmtpFault = Error & {
  code?: string
  command?: string
  response?: string
  responseCode?: number
  permanent?: boolean
}

const REPLY_LENGTH_MAX = 300
/** Only a refusal at one of these is about the mail; others are about the connection or the sign-in. */
const MAIL_COMMANDS = ['MAIL FROM', 'RCPT TO', 'DATA']

/** Whether the server said no. Any other end of a message that was handed over leaves open whether it was taken. */
export function wasRefused({ responseCode }: SmtpFault): boolean {
  return responseCode !== undefined && responseCode >= 400 && responseCode < 600
}

/**
 * PermanentError('mail-refused') where the server refused the mail for good, a plain error for what another try may
 * fix. Neither holds an address, and neither carries the original error, which does.
 */
export function toError(fault: SmtpFault, server: string, recipient: Person | null): Error {
  const said = reasonOf(fault, recipient)
  if (fault.code === 'EAUTH') {
    return new Error(`The mail server ${server} did not accept the user name or password: ${said}. Correct SMTP_URL.`)
  }
  if (!wasRefused(fault)) {
    return new Error(`The mail server ${server} could not be used: ${said}. Check SMTP_URL and the network.`)
  }
  const step = fault.command ?? 'the connection'
  if (fault.permanent && MAIL_COMMANDS.includes(step)) {
    return new PermanentError('mail-refused', `The mail server ${server} refused the mail at ${step}: ${said}`)
  }
  return new Error(`The mail server ${server} put the mail off at ${step}: ${said}`)
}

/** The server's words where there are some, else what became of the connection. */
export function reasonOf(fault: SmtpFault, recipient: Person | null): string {
  if (fault.response === undefined && fault.code === 'ECONNECTION') return 'it closed the connection'
  return replyOf(fault.response ?? fault.message, recipient)
}

/** A server's words without the addresses and the recipient's name that they may repeat, on one line. */
export function replyOf(reply: string, recipient: Person | null): string {
  const [local = ''] = recipient?.address.split('@') ?? []
  const own = [recipient?.address ?? '', recipient?.name ?? '', local].filter((text) => text.length > 1)
  const marked = own.reduce((text, word) => text.replace(wordPattern(word), '[recipient]'), reply)
  return marked
    .replace(/[^\s<>()[\]"',;:]+@[^\s<>()[\]"',;:]+/g, '[address]')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, REPLY_LENGTH_MAX)
}

function wordPattern(word: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(word)}(?![\\p{L}\\p{N}])`, 'giu')
}
