import { inflateRawSync } from 'node:zlib'

/** What one entry of an archive may come to when unpacked; more is a bomb, or nobody's worksheet. */
const ENTRY_BYTES_MAX = 512 * 1024 * 1024
const ENTRIES_MAX = 10_000
const END = Buffer.from('504b0506', 'hex')
/** A size that stands in the 64-bit field instead. */
const LARGE = 0xffffffff
const DEFLATED = 8

/**
 * The contents of a ZIP archive's entries, one after the other, found by its central directory; null when it is none, or one that cannot be
 * read whole. Layout: PKWARE APPNOTE 4.3.
 */
export function* zipEntries(zip: Buffer): Generator<Buffer | null> {
  const end = zip.lastIndexOf(END)
  const count = end === -1 ? LARGE : zip.readUInt16LE(end + 10)
  let at = end === -1 ? LARGE : zip.readUInt32LE(end + 16)
  if (at === LARGE || count > ENTRIES_MAX) return yield null
  for (let entry = 0; entry < count; entry += 1) {
    yield contentAt(zip, at)
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
}

function contentAt(zip: Buffer, at: number): Buffer | null {
  const packed = zip.readUInt32LE(at + 20)
  const start = zip.readUInt32LE(at + 42)
  if (packed === LARGE || start === LARGE) return null
  const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28)
  const content = zip.subarray(data, data + packed)
  return zip.readUInt16LE(at + 10) === DEFLATED
    ? inflateRawSync(content, { maxOutputLength: ENTRY_BYTES_MAX })
    : content
}
