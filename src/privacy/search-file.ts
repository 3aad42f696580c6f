import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { escapeHtml } from '../escape-html.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { words } from './spelling.ts'
import { zipEntries } from './zip-entries.ts'

/** An archive is read whole; a larger one is left unread, and said to be. */
const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024
/** Longer than any word that is looked for, so that none is cut in two between pieces. */
const OVERLAP = 4096

/** unread: a PDF, whose text cannot be searched, or an archive too large or broken. gone: there is no such object. */
export type FileSearch = 'named' | 'not-named' | 'unread' | 'gone'

/** Looks for words in a stored file: texts, workbooks, and texts packed with gzip; what it is, its first bytes say. */
export async function searchFile(storage: ObjectStore, key: string, wanted: readonly string[]): Promise<FileSearch> {
  const object = await storage.get(key).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'object-missing') return null
    throw error
  })
  if (object === null) return 'gone'
  const pattern = words(
    wanted.flatMap((word) => [...new Set([word, escapeHtml(word), JSON.stringify(word).slice(1, -1)])]),
  )
  const { head, whole } = await lookAhead(object.body)
  try {
    if (head.startsWith('%PDF')) return 'unread'
    if (head.startsWith('PK'))
      return object.sizeBytes > ARCHIVE_BYTES_MAX ? 'unread' : await searchArchive(await buffer(whole), pattern)
    const text = head.startsWith('\x1f\x8b') ? whole.pipe(createGunzip()) : whole
    return (await hasWord(text, pattern)) ? 'named' : 'not-named'
  } finally {
    object.body.destroy()
  }
}

async function lookAhead(body: Readable): Promise<{ head: string; whole: Readable }> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>
  const first = await chunks.next()
  const head: Buffer = first.done === true ? Buffer.alloc(0) : first.value
  async function* again(): AsyncGenerator<Buffer> {
    yield head
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return { head: head.toString('latin1', 0, 4), whole: Readable.from(again(), { objectMode: false }) }
}

async function searchArchive(zip: Buffer, pattern: RegExp): Promise<FileSearch> {
  for (const content of zipEntries(zip)) {
    if (content === null) return 'unread'
    if (await hasWord([content], pattern)) return 'named'
  }
  return 'not-named'
}

async function hasWord(chunks: AsyncIterable<Buffer> | Iterable<Buffer>, pattern: RegExp): Promise<boolean> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) {
    text = text.slice(-OVERLAP) + decoder.decode(chunk, { stream: true })
    if (pattern.test(text)) return true
  }
  return false
}
