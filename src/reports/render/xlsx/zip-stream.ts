import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'

/** A file in an archive. Its content is read once, when its turn comes. */
export type ZipEntry = { name: string; content: AsyncIterable<Uint8Array> | Iterable<Uint8Array> }

/** What is written where: sizes in bytes, `at` from the start of the archive. */
type Written = { name: Buffer; crc: number; packed: number; size: number; at: number }

/** Sizes and places from here on need the 64-bit fields of ZIP64. */
const LARGE = 0xffffffff
const MANY = 0xffff
/** Sizes follow the data (bit 3), names are UTF-8 (bit 11). */
const FLAGS = 0x0808
const DEFLATE = 8
/** 1 January 1980, the first day a ZIP knows: the same content makes the same bytes whenever it is packed. */
const DOS_DATE = 0x0021
/** Fast: sheets shrink tenfold already, and people wait for them. */
const LEVEL = 1

/**
 * A ZIP archive as a stream, entry after entry, none held in memory. Each entry is opened only when the one before is
 * written, so later entries may tell what earlier ones came to. Layout: PKWARE APPNOTE 4.3. `largeFrom` lets a test
 * have ZIP64 without gigabytes.
 */
export async function* zipStream(
  entries: AsyncIterable<ZipEntry> | Iterable<ZipEntry>,
  { largeFrom = LARGE }: { largeFrom?: number } = {},
): AsyncGenerator<Uint8Array> {
  const written: Written[] = []
  let at = 0
  for await (const { name, content } of entries) {
    const entry: Written = { name: Buffer.from(name), crc: 0, packed: 0, size: 0, at }
    const head = localHeader(entry)
    yield head
    for await (const chunk of deflated(content, entry)) yield chunk
    const tail = descriptor(entry, largeFrom)
    yield tail
    written.push(entry)
    at += head.length + entry.packed + tail.length
  }
  const directory = Buffer.concat(written.map((entry) => directoryHeader(entry, largeFrom)))
  yield directory
  yield endOfArchive({ count: written.length, size: directory.length, at }, largeFrom)
}

/** Packs a content, taking its measure on the way. */
async function* deflated(content: ZipEntry['content'], entry: Written): AsyncGenerator<Uint8Array> {
  const deflate = createDeflateRaw({ level: LEVEL })
  async function* measured() {
    for await (const chunk of content) {
      entry.crc = crc32(chunk, entry.crc)
      entry.size += chunk.length
      yield chunk
    }
  }
  const feeding = pipeline(Readable.from(measured(), { objectMode: true, highWaterMark: 2 }), deflate)
  // An error reaches the reader through `deflate` below; here it only must not count as unhandled.
  feeding.catch(() => {})
  for await (const chunk of deflate) {
    entry.packed += chunk.length
    yield chunk
  }
  await feeding
}

function localHeader({ name }: Written): Buffer {
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  writeCommon(head, 4, name)
  return Buffer.concat([head, name])
}

/** Version, flags, method and date, then (16 bytes on) the length of the name: the part both kinds of header share. */
function writeCommon(header: Buffer, at: number, name: Buffer, version = 20): void {
  header.writeUInt16LE(version, at)
  header.writeUInt16LE(FLAGS, at + 2)
  header.writeUInt16LE(DEFLATE, at + 4)
  header.writeUInt16LE(DOS_DATE, at + 8)
  header.writeUInt16LE(name.length, at + 22)
}

function descriptor({ crc, packed, size }: Written, largeFrom: number): Buffer {
  const large = packed >= largeFrom || size >= largeFrom
  const tail = Buffer.alloc(large ? 24 : 16)
  tail.writeUInt32LE(0x08074b50, 0)
  tail.writeUInt32LE(crc, 4)
  if (large) {
    tail.writeBigUInt64LE(BigInt(packed), 8)
    tail.writeBigUInt64LE(BigInt(size), 16)
  } else {
    tail.writeUInt32LE(packed, 8)
    tail.writeUInt32LE(size, 12)
  }
  return tail
}

function directoryHeader({ name, crc, packed, size, at }: Written, largeFrom: number): Buffer {
  const large = packed >= largeFrom || size >= largeFrom || at >= largeFrom
  const head = Buffer.alloc(46)
  head.writeUInt32LE(0x02014b50, 0)
  head.writeUInt16LE(large ? 45 : 20, 4)
  writeCommon(head, 6, name, large ? 45 : 20)
  head.writeUInt32LE(crc, 16)
  head.writeUInt32LE(large ? LARGE : packed, 20)
  head.writeUInt32LE(large ? LARGE : size, 24)
  head.writeUInt16LE(large ? 28 : 0, 30)
  head.writeUInt32LE(large ? LARGE : at, 42)
  return Buffer.concat([head, name, large ? largeField(size, packed, at) : Buffer.alloc(0)])
}

function largeField(size: number, packed: number, at: number): Buffer {
  const field = Buffer.alloc(28)
  field.writeUInt16LE(0x0001, 0)
  field.writeUInt16LE(24, 2)
  for (const [index, value] of [size, packed, at].entries()) field.writeBigUInt64LE(BigInt(value), 4 + index * 8)
  return field
}

function endOfArchive({ count, size, at }: { count: number; size: number; at: number }, largeFrom: number): Buffer {
  const large = count >= MANY || size >= largeFrom || at >= largeFrom
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(large ? MANY : count, 8)
  end.writeUInt16LE(large ? MANY : count, 10)
  end.writeUInt32LE(large ? LARGE : size, 12)
  end.writeUInt32LE(large ? LARGE : at, 16)
  return large ? Buffer.concat([largeEnd(count, size, at), end]) : end
}

/** The ZIP64 end record and the locator that points to it. */
function largeEnd(count: number, size: number, at: number): Buffer {
  const end = Buffer.alloc(76)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeUInt16LE(45, 12)
  end.writeUInt16LE(45, 14)
  end.writeBigUInt64LE(BigInt(count), 24)
  end.writeBigUInt64LE(BigInt(count), 32)
  end.writeBigUInt64LE(BigInt(size), 40)
  end.writeBigUInt64LE(BigInt(at), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(at + size), 64)
  end.writeUInt32LE(1, 72)
  return end
}
