import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { heard } from '../heard.ts'

/**
 * Counts and hashes what is read `through` it; `read` tells the bytes' number and SHA-256 (hex) once all have passed.
 */
export type Meter = {
  /** Throws what the source throws, or the signal's reason; the source is destroyed however this ends. */
  through(source: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer>
  read(): { sizeBytes: number; sha256: string }
}

export function createMeter(): Meter {
  const hash = createHash('sha256')
  let sizeBytes = 0
  async function* metered(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      hash.update(bytes)
      sizeBytes += bytes.length
      yield bytes
    }
  }
  return {
    through(source, signal) {
      return metered(untilAborted(heard(source), signal))
    },
    read: () => ({ sizeBytes, sha256: hash.digest('hex') }),
  }
}

/**
 * Destroying is not enough: a stream made of a generator that hangs cannot be destroyed, and would hold its reader too.
 */
async function* untilAborted(source: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer | string> {
  const aborted = Promise.withResolvers<never>()
  // Raced below; when nobody is racing any more there is nobody to tell.
  aborted.promise.catch(() => undefined)
  const abort = () => aborted.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    signal?.throwIfAborted()
    const chunks: AsyncIterator<Buffer | string> = source[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted.promise])
      if (next.done) return
      yield next.value
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    source.destroy()
  }
}
