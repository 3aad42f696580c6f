import { crc32, inflateRawSync } from 'node:zlib'

const LARGE = 0xffffffff

/**
 * The files of a ZIP archive by name, read by its central directory as programs do, ZIP64 fields followed; throws when
 * a size or a checksum is not what it says.
 */
export function unzip(zip: Buffer): Record<string, Buffer> {
  const { count, directory } = directoryOf(zip)
  const files: Record<string, Buffer> = {}
  let at = directory
  for (let index = 0; index < count; index += 1) {
    const { name, size, packed, start, crc, length } = entryAt(zip, at)
    const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28)
    const content = inflateRawSync(zip.subarray(data, data + packed))
    if (content.length !== size || crc32(content) !== crc) throw new Error(`${name} is broken in the archive`)
    files[name] = content
    at += length
  }
  return files
}

function directoryOf(zip: Buffer): { count: number; directory: number } {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'))
  if (zip.readUInt32LE(end + 16) !== LARGE)
    return { count: zip.readUInt16LE(end + 10), directory: zip.readUInt32LE(end + 16) }
  const large = Number(zip.readBigUInt64LE(end - 12))
  return { count: Number(zip.readBigUInt64LE(large + 32)), directory: Number(zip.readBigUInt64LE(large + 48)) }
}

function entryAt(zip: Buffer, at: number) {
  const nameLength = zip.readUInt16LE(at + 28)
  const extraLength = zip.readUInt16LE(at + 30)
  const large = at + 46 + nameLength + 4
  const field = (plain: number, position: number) => {
    const small = zip.readUInt32LE(at + plain)
    return small === LARGE ? Number(zip.readBigUInt64LE(large + position * 8)) : small
  }
  return {
    name: zip.toString('utf8', at + 46, at + 46 + nameLength),
    size: field(24, 0),
    packed: field(20, 1),
    start: field(42, 2),
    crc: zip.readUInt32LE(at + 16),
    length: 46 + nameLength + extraLength,
  }
}
