import { isUtf8 } from 'node:buffer'
import { InputError } from '../../errors.ts'
import { jsonBreaksAt, placeOf } from './json-syntax.ts'

/** One item of a batch, or why it cannot be read. */
export type JsonItem = { value: unknown } | { reason: string }

/** A JSON document. Throws InputError `invalid-json` that says where it breaks. */
export function parseJsonBody(bytes: Buffer): unknown {
  const text = textOf(bytes)
  try {
    return JSON.parse(text)
  } catch {
    throw new InputError('invalid-json', `The body is not JSON: ${brokenAt(text)}.`)
  }
}

/**
 * JSON Lines: a JSON document on each line; empty lines are passed over. Throws InputError `invalid-json` when it is no
 * text.
 */
export function parseJsonLines(bytes: Buffer, itemsMax: number): JsonItem[] {
  const items: JsonItem[] = []
  for (const line of textOf(bytes).split('\n')) {
    if (line.trim() === '') continue
    items.push(parseLine(line))
    if (items.length > itemsMax) break
  }
  return items
}

function parseLine(line: string): JsonItem {
  try {
    return { value: JSON.parse(line) }
  } catch {
    return { reason: `is not JSON: ${brokenAt(line).replace('line 1, ', '')}` }
  }
}

const BYTE_ORDER_MARK = '\uFEFF'

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw new InputError('invalid-json', `The body is not UTF-8: the bytes from ${badByte(bytes)} on are no character.`)
  }
  const text = bytes.toString()
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
}

function brokenAt(text: string): string {
  if (text.trim() === '') return 'it is empty'
  const at = jsonBreaksAt(text)
  if (at === null) return 'it nests too deep'
  return at >= text.length ? `it is cut off at ${placeOf(text, at)}` : `it breaks at ${placeOf(text, at)}`
}

const REPLACEMENT = Buffer.from('\uFFFD')

/** The first byte, counted from 0, that is no part of a character. */
function badByte(bytes: Buffer): number {
  const text = bytes.toString()
  let offset = 0
  for (const char of text) {
    const size = Buffer.byteLength(char)
    if (char === '\uFFFD' && !bytes.subarray(offset, offset + size).equals(REPLACEMENT)) return offset
    offset += size
  }
  return offset
}
