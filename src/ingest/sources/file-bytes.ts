import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { InputError, messageOf } from '../../errors.ts'
import type { Called } from './called.ts'
import { type FileStart, unreadable } from './file-start.ts'
import type { SourceFile } from './source.ts'

const CHUNK_BYTES = 1 << 16

/** Tables shrink to a tenth, repetitive ones to a fiftieth. What grows by more than this is no table but a trap. */
const GROWTH_MAX = 200
/** Below this nobody is harmed. */
const GROWN_BYTES_MIN = 64 << 20

/** A piece of a file, unpacked, and how far into the file as it lies there it reaches. */
export type FileChunk = { bytes: Buffer; bytesRead: number }

/**
 * The bytes of a file from its beginning, unpacked where gzip packed them. Throws an InputError for what is damaged or
 * a trap.
 */
export async function* readBytes(file: SourceFile, { isPacked }: FileStart): AsyncGenerator<FileChunk, void> {
  const stream = createReadStream(file.path, { highWaterMark: CHUNK_BYTES })
  let grown = 0
  try {
    // Whoever reads hears of an error through the loop; the pipeline's own word of it is the same.
    const content = isPacked ? pipeline(stream, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : stream
    for await (const bytes of content as AsyncIterable<Buffer>) {
      grown += bytes.length
      if (isPacked) checkGrowth(file.called, stream.bytesRead, grown)
      yield { bytes, bytesRead: isPacked ? stream.bytesRead : grown }
    }
  } catch (error) {
    throw error instanceof InputError ? error : damageOf(file.called, error as NodeJS.ErrnoException)
  } finally {
    stream.destroy()
  }
}

/** Throws an InputError when `packed` bytes have become too many. */
export function checkGrowth(name: Called, packed: number, unpacked: number): void {
  if (unpacked <= GROWN_BYTES_MIN || unpacked <= packed * GROWTH_MAX) return
  throw new InputError(
    'zip-bomb',
    `${name} unpacks to more than ${GROWTH_MAX} times its size, as no table does: it is not read.`,
  )
}

function damageOf(name: Called, error: NodeJS.ErrnoException): InputError {
  if (error.code?.startsWith('Z_') !== true) return unreadable(name, error)
  const what = error.code === 'Z_BUF_ERROR' ? 'is cut off' : 'is damaged'
  return new InputError(
    'broken-file',
    `${name} ${what}: it cannot be unpacked to its end (${messageOf(error)}). Get it again; importing rows again is harmless.`,
  )
}
