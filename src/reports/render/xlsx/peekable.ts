/** Rows read one by one with a look at the next: who splits a stream must know whether there is more of it. */
export type Peekable<Item> = {
  /** The next item without taking it; undefined at the end. */
  peek(): Item | undefined
  take(): Promise<Item | undefined>
  /** Ends the source early. */
  close(): Promise<void>
}

export async function peekable<Item>(source: AsyncIterable<Item>): Promise<Peekable<Item>> {
  const iterator = source[Symbol.asyncIterator]()
  const read = async () => {
    const { done, value } = await iterator.next()
    return done === true ? undefined : value
  }
  let next = await read()
  return {
    peek: () => next,
    async take() {
      const taken = next
      if (taken !== undefined) next = await read()
      return taken
    },
    async close() {
      await iterator.return?.()
    },
  }
}
