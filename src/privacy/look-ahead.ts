/** More than enough of a file to tell by it what it is. */
const HEAD_BYTES = 4096

/**
 * The beginning of a stream, or all of it where it is shorter; and the whole of it, the beginning included, to be read
 * once.
 */
export async function lookAhead(
  pieces: AsyncIterable<Buffer>,
): Promise<{ head: Buffer; whole: AsyncIterable<Buffer> }> {
  const rest = pieces[Symbol.asyncIterator]()
  const read: Buffer[] = []
  for (let bytes = 0; bytes < HEAD_BYTES; ) {
    const next = await rest.next()
    if (next.done === true) break
    read.push(next.value)
    bytes += next.value.length
  }
  const head = Buffer.concat(read)
  async function* whole(): AsyncGenerator<Buffer> {
    try {
      yield head
      yield* { [Symbol.asyncIterator]: () => rest }
    } finally {
      await rest.return?.()
    }
  }
  return { head, whole: whole() }
}
