import type { Reject } from '../sources/source.ts'
import { type Batch, createBatch } from '../write/batch.ts'
import type { FactWriter } from '../write/fact-writers.ts'
import type { RejectsFile } from './rejects-file.ts'

const BATCH_ROWS = 10_000
/**
 * Rows of the usual width take a few megabytes; wide ones are fewer to a batch, so that memory does not grow with them.
 */
const BATCH_BYTES = 16_000_000

/** Two batches: one is written while the other is filled. */
export type Batches = {
  /** The batch to fill. */
  current(): Batch
  /** To be called after each row: writes the batch when it is full. */
  writeWhenFull(): Promise<void>
  /** Writes what has gathered and waits for it. Returns how many rows the database refused in all. */
  flush(): Promise<number>
  /** Waits for the batch that is being written and drops what has gathered since. */
  stop(): Promise<{ refused: number; dropped: number; doneLine: number }>
  /** Waits for the batch that is being written, however it ends: for whoever has an error of their own to tell. */
  abandon(): Promise<void>
}

export function createBatches(
  writer: FactWriter,
  factCount: number,
  months: ReadonlySet<string>,
  rejects: RejectsFile,
): Batches {
  let filling = createBatch(factCount)
  let written = createBatch(factCount)
  let writing: Promise<Reject[]> = Promise.resolve([])
  let doneLine = 0
  let refused = 0

  async function settle(): Promise<void> {
    const refusals = await writing
    writing = Promise.resolve([])
    refused += refusals.length
    if (written.rows() > 0) doneLine = written.origin(written.rows() - 1).line
    written.clear()
    await rejects.add(refusals)
  }

  async function start(): Promise<void> {
    await settle()
    const empty = written
    written = filling
    filling = empty
    writing = writer.write(written, months)
    // It is awaited with the next batch; meanwhile its failure must not count as one that nobody handles.
    writing.catch(() => {})
  }

  return {
    current: () => filling,
    async writeWhenFull() {
      if (filling.rows() >= BATCH_ROWS || filling.bytes() >= BATCH_BYTES) await start()
    },
    async flush() {
      if (filling.rows() > 0) await start()
      await settle()
      return refused
    },
    async stop() {
      await settle()
      const dropped = filling.rows()
      filling.clear()
      return { refused, dropped, doneLine }
    },
    async abandon() {
      await Promise.allSettled([writing])
    },
  }
}
