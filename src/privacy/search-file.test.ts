import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { PermanentError } from '../errors.ts'
import { searchFile } from './search-file.ts'

const WORD = 'c-10042'
/** What no packing makes smaller, so that a file of it is really that long. */
const FILLER = randomBytes(300_000).toString('hex')
const TEXT = `id,name\n${WORD},Ada\n`

/** A store that holds one object, whatever it is asked for. */
const holding = (body: Readable, sizeBytes = 1) => ({ get: async () => ({ body, sizeBytes }) })
const search = (content: Buffer | string) => searchFile(holding(Readable.from([Buffer.from(content)])), 'x', [WORD])

/** An archive of one file. Layout: PKWARE APPNOTE 4.3. */
function zip(text: string | Buffer, fileName = 'a.xml'): Buffer {
  const [name, content] = [Buffer.from(fileName), deflateRawSync(text)]
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(8, 4)
  fields.writeUInt32LE(crc32(text), 10)
  fields.writeUInt32LE(content.length, 14)
  fields.writeUInt32LE(Buffer.byteLength(text), 18)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, content])
  const directory = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, Buffer.alloc(14), name])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, directory, end])
}

/** The same bytes, some in the middle made others. */
function damaged(content: Buffer, at = content.length >> 1): Buffer {
  const copy = Buffer.from(content)
  copy.fill(0xff, at, at + 8)
  return copy
}

test('a word is found in texts, workbooks and what gzip packed, and is not found where it is not', async () => {
  const kinds = { text: Buffer.from, gzip: gzipSync, workbook: zip } as const
  for (const [kind, pack] of Object.entries(kinds)) {
    expect(await search(pack(TEXT + FILLER)), kind).toBe('named')
    expect(await search(pack(FILLER)), kind).toBe('not-named')
  }
  expect(await search('%PDF-1.7')).toBe('unread')
  const sealed = Buffer.from('d0cf11e0a1b11ae10000000000000000', 'hex')
  expect(await search(zip(sealed, 'xl/media/logo.png'))).toBe('not-named')
  expect(await search(zip(sealed, 'xl/embeddings/sheet.bin'))).toBe('unread')
  expect(await search('PK_ID,name\n1,Ada\n')).toBe('not-named')
  const missing = async () => Promise.reject(new PermanentError('object-missing', 'no such object'))
  expect(await searchFile({ get: missing }, 'x', [WORD])).toBe('gone')
})

describe('what is damaged is unread, unless the word stood before the damage', () => {
  const packed = gzipSync(FILLER)
  const book = zip(FILLER)
  const cases: [what: string, content: Buffer, found: string][] = [
    ['gzip that is cut off', packed.subarray(0, 100_000), 'unread'],
    ['gzip that is nothing but its beginning', packed.subarray(0, 4), 'unread'],
    ['gzip with other bytes in it', damaged(packed), 'unread'],
    ['gzip that is cut off after the word', gzipSync(TEXT + FILLER).subarray(0, 100_000), 'named'],
    ['a workbook that is cut off', book.subarray(0, 100_000), 'unread'],
    ['a workbook with other bytes in a sheet', damaged(book), 'unread'],
    ['a workbook with other bytes in its directory', damaged(book, book.length - 73), 'unread'],
    ['a workbook whose directory is elsewhere', damaged(book, book.length - 8), 'unread'],
    ['a workbook that is nothing but its beginning', book.subarray(0, 4), 'unread'],
  ]
  test.each(cases)('%s', async (_what, content, found) => {
    expect(await search(content)).toBe(found)
  })
})

describe.each([
  ['a text', Buffer.from(FILLER), Buffer.from(TEXT + FILLER)],
  ['what gzip packed', gzipSync(FILLER), gzipSync(TEXT + FILLER)],
])('%s that comes slowly', (_what, without, withWord) => {
  /** Gives the first 64 kB, and then does what is said. */
  function slow(content: Buffer, then: (stream: Readable) => void): Readable {
    const pieces = [content.subarray(0, 50_000), content.subarray(50_000, 65_536)]
    return new Readable({
      read() {
        const piece = pieces.shift()
        if (piece === undefined) then(this)
        else this.push(piece)
      },
    })
  }

  test('and breaks off is an error of the store, said once', async () => {
    const body = slow(without, (stream) => setImmediate(() => stream.destroy(new Error('connection reset'))))
    await expect(searchFile(holding(body), 'x', [WORD])).rejects.toThrow('connection reset')
  })

  test('is left alone once the word is found', async () => {
    const body = slow(withWord, () => {})
    expect(await searchFile(holding(body), 'x', [WORD])).toBe('named')
    expect(body.destroyed).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
})

test('what grows as no table does is left unread, so that a few kilobytes hold no erasure up', async () => {
  const grown = Buffer.alloc(65 << 20, 'a')
  const kinds = [gzipSync(grown), zip(grown)]
  expect(await Promise.all(kinds.map(search))).toEqual(['unread', 'unread'])
})
