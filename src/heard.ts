import type { Readable } from 'node:stream'

/**
 * A stream whose error waits for whoever reads it: one that came before the first read would end the process, for
 * nobody listens yet.
 */
export function heard<Stream extends Readable>(stream: Stream): Stream {
  return stream.on('error', () => undefined)
}
