import { describe, expect, test } from 'vitest'
import { unzip } from '../../../../test/support/unzip.ts'
import { type ZipEntry, zipStream } from './zip-stream.ts'

async function pack(
  entries: AsyncIterable<ZipEntry> | Iterable<ZipEntry>,
  options?: { largeFrom: number },
): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(zipStream(entries, options)))
}

const entries = (): ZipEntry[] => [
  { name: 'a.txt', content: [Buffer.from('hello '), Buffer.from('world')] },
  { name: 'ü/東.txt', content: [Buffer.alloc(200_000, 'x')] },
  { name: 'empty', content: [] },
]

function unpack(zip: Buffer): Record<string, string> {
  return Object.fromEntries(Object.entries(unzip(zip)).map(([name, content]) => [name, String(content)]))
}

const unpacked = { 'a.txt': 'hello world', 'ü/東.txt': 'x'.repeat(200_000), empty: '' }

describe('an archive', () => {
  test('gives back what was put in', async () => {
    expect(unpack(await pack(entries()))).toEqual(unpacked)
  })

  test('gives it back beyond 4 GB too', async () => {
    const zip = await pack(entries(), { largeFrom: 100 })
    expect(zip.includes(Buffer.from('504b0606', 'hex'))).toBe(true)
    expect(unpack(zip)).toEqual(unpacked)
  })

  test('is the same bytes for the same content', async () => {
    expect(await pack(entries())).toEqual(await pack(entries()))
  })

  test('opens an entry only when the one before is written', async () => {
    const opened: string[] = []
    async function* content(name: string) {
      opened.push(name)
      yield Buffer.from(name)
    }
    async function* lazily() {
      for (const name of ['one', 'two']) {
        opened.push(`offered ${name}`)
        yield { name, content: content(name) }
      }
    }
    await pack(lazily())
    expect(opened).toEqual(['offered one', 'one', 'offered two', 'two'])
  })

  test('fails as its content fails', async () => {
    async function* broken() {
      yield Buffer.from('a')
      throw new Error('the database went away')
    }
    await expect(pack([{ name: 'a', content: broken() }])).rejects.toThrow('the database went away')
  })

  test('closes its content when the reader stops early', async () => {
    let closed = false
    async function* endless() {
      try {
        for (let chunk = 0; chunk < 1_000_000; chunk += 1) yield Buffer.alloc(65_536, chunk)
      } finally {
        closed = true
      }
    }
    for await (const chunk of zipStream([{ name: 'a', content: endless() }])) if (chunk.length > 1000) break
    await expect.poll(() => closed).toBe(true)
  })
})
