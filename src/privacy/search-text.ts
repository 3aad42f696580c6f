import { lookAhead } from './look-ahead.ts'

/** What can be spent on a file. */
export type Budget = { bytesLeft: number }

/** Longer than any word that is looked for, so that none is cut in two between pieces. */
const OVERLAP = 4096
/**
 * How far one has to see to tell whether a word begins or ends somewhere: a letter of two units before it, a full stop
 * and such a letter after.
 */
const BEFORE = 2
const AFTER = 3

/**
 * Looks for a word (see words) in a text, whatever encoding of those that an import takes it is in. Where the text is
 * cut into pieces makes no difference. unread: the budget is spent, or this is no text.
 */
export async function searchText(
  pieces: AsyncIterable<Buffer>,
  pattern: RegExp,
  budget: Budget,
): Promise<'named' | 'not-named' | 'unread'> {
  const { head, whole } = await lookAhead(pieces)
  const encoding = encodingOf(head)
  const isNamedIn = encoding === 'utf-8' ? readBytes(pattern) : readUnits(encoding, pattern)
  for await (const piece of whole) {
    budget.bytesLeft -= piece.length
    if (budget.bytesLeft < 0) return 'unread'
    if (isNamedIn(piece)) return 'named'
  }
  if (isNamedIn(null)) return 'named'
  return isText(head, encoding) ? 'not-named' : 'unread'
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** By its byte order mark, or by the zeros beside the line ends, commas and digits, which no other text has. */
function encodingOf(head: Buffer): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  const zeros = [...head.entries()].filter(([, byte]) => byte === 0)
  if (zeros.length === 0) return 'utf-8'
  const odd = zeros.filter(([index]) => index % 2 === 1)
  return odd.length * 2 > zeros.length ? 'utf-16le' : 'utf-16be'
}

/** What no text holds; files that are packed or sealed hold it all over. */
const CONTROLS = /[\u0000-\u0008\u000e-\u0019\u001b-\u001f]/

/** Almost any bytes make some text in UTF-16, but hardly one of whole letters and with a line end. */
function isText(head: Buffer, encoding: Encoding): boolean {
  const text = new TextDecoder(encoding).decode(head, { stream: true })
  return !CONTROLS.test(text) && (encoding === 'utf-8' || (text.includes('\n') && !text.includes('\ufffd')))
}

/** Takes a piece; null: there are no more. Says whether the word stands in what was taken. */
type Reading = (piece: Buffer | null) => boolean

/** Bytes are UTF-8, or where they cannot be that, Windows-1252. */
function readBytes(pattern: RegExp): Reading {
  const [utf8, windows] = [openWindow('utf-8', pattern), openWindow('windows-1252', pattern)]
  return (piece) => {
    const [one, other] = [utf8(piece), windows(piece)]
    return one.isNamed || (other.isNamed && one.text.includes('\ufffd'))
  }
}

function readUnits(encoding: Encoding, pattern: RegExp): Reading {
  const window = openWindow(encoding, pattern)
  return (piece) => window(piece).isNamed
}

/** A window that moves over a text, piece by piece. What may go on in the next piece waits for it. */
function openWindow(
  encoding: string,
  { source }: RegExp,
): (piece: Buffer | null) => { isNamed: boolean; text: string } {
  const decoder = new TextDecoder(encoding)
  const word = new RegExp(source, 'gu')
  let kept = ''
  return (piece) => {
    const text = kept + (piece === null ? decoder.decode() : decoder.decode(piece, { stream: true }))
    // What stands before the window is not seen any more; what begins there was looked at with it.
    word.lastIndex = kept.length < OVERLAP ? 0 : BEFORE
    const isFound = word.test(text)
    kept = text.slice(-OVERLAP)
    return { isNamed: isFound && (piece === null || word.lastIndex + AFTER <= text.length), text }
  }
}
