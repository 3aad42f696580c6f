import { brotliDecompressSync } from 'node:zlib'

/** Position in the directory of known tags (WOFF2 specification, 5.1): the only ones that matter here. */
const GLYF = 10
const LOCA = 11
const CMAP = 0
const ARBITRARY_TAG = 63
const HEADER_BYTES = 48

/**
 * The characters a WOFF2 font has glyphs for, read from its cmap (formats 4 and 12). A font's declared unicode-range
 * says what it may hold; only the cmap says what it does.
 */
export function coverageOf(woff2: Buffer): Set<number> {
  if (woff2.toString('latin1', 0, 4) !== 'wOF2') throw new Error('not a WOFF2 font')
  return readCmap(readCmapTable(woff2))
}

function readCmapTable(woff2: Buffer): Buffer {
  const tableCount = woff2.readUInt16BE(12)
  const compressedBytes = woff2.readUInt32BE(20)
  let at = HEADER_BYTES
  let offset = 0
  let cmap: { from: number; to: number } | undefined
  const number = () => {
    const read = readBase128(woff2, at)
    at = read.next
    return read.value
  }
  for (let table = 0; table < tableCount; table += 1) {
    const flags = woff2.readUInt8(at)
    at += 1
    const tag = flags & 0x3f
    if (tag === ARBITRARY_TAG) at += 4
    const length = number()
    const stored = isTransformed(tag, flags >> 6) ? number() : length
    if (tag === CMAP) cmap = { from: offset, to: offset + length }
    offset += stored
  }
  if (cmap === undefined) throw new Error('the font has no cmap')
  return brotliDecompressSync(woff2.subarray(at, at + compressedBytes)).subarray(cmap.from, cmap.to)
}

/** glyf and loca are transformed unless their version is 3, every other table unless it is 0. */
function isTransformed(tag: number, version: number): boolean {
  return tag === GLYF || tag === LOCA ? version !== 3 : version !== 0
}

function readBase128(bytes: Buffer, from: number): { value: number; next: number } {
  let value = 0
  for (let at = from; at < from + 5; at += 1) {
    const byte = bytes.readUInt8(at)
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) return { value, next: at + 1 }
  }
  throw new Error('the font’s table directory is broken')
}

function readCmap(cmap: Buffer): Set<number> {
  const covered = new Set<number>()
  const subtables = cmap.readUInt16BE(2)
  for (let index = 0; index < subtables; index += 1) {
    const at = cmap.readUInt32BE(4 + index * 8 + 4)
    const format = cmap.readUInt16BE(at)
    if (format === 4) readSegments(cmap.subarray(at), covered)
    if (format === 12) readGroups(cmap.subarray(at), covered)
  }
  return covered
}

function readSegments(table: Buffer, covered: Set<number>): void {
  const bytes = table.readUInt16BE(6)
  for (let segment = 0; segment < bytes; segment += 2) {
    const last = table.readUInt16BE(14 + segment)
    const first = table.readUInt16BE(16 + bytes + segment)
    const delta = table.readUInt16BE(16 + 2 * bytes + segment)
    const rangeAt = 16 + 3 * bytes + segment
    const range = table.readUInt16BE(rangeAt)
    for (let code = first; code <= last && code !== 0xffff; code += 1) {
      const stored = range === 0 ? code : table.readUInt16BE(rangeAt + range + 2 * (code - first))
      if (stored !== 0 && ((stored + delta) & 0xffff) !== 0) covered.add(code)
    }
  }
}

function readGroups(table: Buffer, covered: Set<number>): void {
  const groups = table.readUInt32BE(12)
  for (let group = 0; group < groups; group += 1) {
    const at = 16 + group * 12
    const last = table.readUInt32BE(at + 4)
    for (let code = table.readUInt32BE(at); code <= last; code += 1) covered.add(code)
  }
}
