import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import yauzl from 'yauzl'
import { escapeHtml } from '../html.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { lookAhead } from './look-ahead.ts'
import { type Budget, searchText } from './search-text.ts'
import { words } from './spelling.ts'

/** An archive is read whole, to find its parts; a larger one is left unread, and said to be. */
const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024
/** What is longer when unpacked is left unread, too: a few kilobytes can be made to unpack for days. */
const UNPACKED_BYTES_MAX = 4 * 1024 * 1024 * 1024
/** An import reads no file that grows by more, beyond so many bytes; nor is an erasure held up by one. */
const GROWTH_MAX = 200
const GROWN_BYTES_MIN = 64 * 1024 * 1024
/** Parts of a workbook that are no text and name nobody: pictures, macros, and the settings of printers. */
const WORDLESS = /\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf)$|(?:vbaProject|printerSettings\d*)\.bin$/i

/**
 * unread: a PDF, whose text cannot be searched, a file too large, one that is damaged (an upload that is cut off, say),
 * or no text at all. gone: there is no such object.
 */
export type FileSearch = 'named' | 'not-named' | 'unread' | 'gone'

/**
 * Looks for words in a stored file: texts, workbooks, and texts packed with gzip; what it is, its first bytes say.
 * Throws what the store throws, and nothing for what somebody else put into the file.
 */
export async function searchFile(
  storage: Pick<ObjectStore, 'get'>,
  key: string,
  wanted: readonly string[],
): Promise<FileSearch> {
  const object = await storage.get(key).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'object-missing') return null
    throw error
  })
  if (object === null) return 'gone'
  try {
    // Words that nobody knows stand nowhere, and anywhere.
    if (wanted.length === 0) return 'unread'
    const pattern = words(
      wanted.flatMap((word) => [...new Set([word, escapeHtml(word), JSON.stringify(word).slice(1, -1)])]),
    )
    const { head, whole } = await lookAhead(object.body)
    const start = head.toString('latin1', 0, 4)
    if (start === '%PDF') return 'unread'
    if (start === 'PK\x03\x04')
      return object.sizeBytes > ARCHIVE_BYTES_MAX
        ? 'unread'
        : await searchArchive(await buffer(whole), pattern, budgetOf(object.sizeBytes))
    const text = start.startsWith('\x1f\x8b') ? unpacked(whole) : whole
    return await searchText(text, pattern, budgetOf(object.sizeBytes))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') === true) return 'unread'
    throw error
  } finally {
    object.body.destroy()
  }
}

/** Throws an error whose code begins with Z_ for what is no gzip to its end. */
async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // Whoever reads hears of an error through the loop; the pipeline's own word of it is the same.
  yield* pipeline(packed, createGunzip(), () => {}) as AsyncIterable<Buffer>
}

function budgetOf(sizeBytes: number): Budget {
  return { bytesLeft: Math.min(UNPACKED_BYTES_MAX, Math.max(GROWN_BYTES_MIN, sizeBytes * GROWTH_MAX)) }
}

async function searchArchive(archive: Buffer, pattern: RegExp, budget: Budget): Promise<FileSearch> {
  let isWhole = true
  try {
    const zip = await yauzl.fromBufferPromise(archive, { decodeStrings: false })
    for await (const entry of zip.eachEntry()) {
      if (WORDLESS.test(entry.fileName)) continue
      const found = await searchText(await zip.openReadStreamPromise(entry), pattern, budget)
      if (found === 'named') return found
      if (found === 'unread') isWhole = false
    }
    return isWhole ? 'not-named' : 'unread'
  } catch {
    // All of it is here: nothing but the archive itself can be at fault.
    return 'unread'
  }
}
