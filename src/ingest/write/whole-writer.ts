import { type BulkConnection, quoted, refusalOf } from '../../db/copy.ts'
import { againOnCollision } from './again-on-collision.ts'
import { begin, type EnsureMonths, type FactWriter, GUARDS, stageBatch, type WriterOptions } from './fact-writers.ts'
import { addTallies, createStagings, mergeStaged, type Staging, type Tally } from './staging.ts'

/**
 * Who is told how far the merge is, and says when it is to stop: then it throws the signal's reason, and nothing is
 * kept.
 */
export type MergeWatch = {
  signal: AbortSignal
  onMerged(done: { bytes: number; bytesTotal: number; facts: number }): void
}

/**
 * All facts or none. They are staged while the file is read, in no transaction, so that nobody waits for the file; when
 * it is complete, one transaction takes them to where they belong. An error says what the database refuses, not of
 * which row.
 */
export async function createWholeWriter(
  options: WriterOptions,
  ensureMonths: EnsureMonths,
  watch: MergeWatch,
): Promise<FactWriter> {
  const { connection } = options
  const wholes = await createStagings(options, 'whole')
  const slices = await createStagings(options, 'import')
  let months: ReadonlySet<string> = new Set()
  return {
    async write(batch, seen) {
      months = seen
      await stageBatch(connection, wholes, batch)
      return []
    },
    async finish(complete) {
      if (!complete) return []
      // Before the transaction: a partition is made under a lock that must not be held for the length of a merge.
      await ensureMonths(months)
      const parts = await measure(connection, wholes, slices)
      return mergeWhole(options, parts, watch)
    },
    kept: () => [],
  }
}

/** What is staged of one fact of the mapping, and the table from which it is merged, slice by slice. */
type Part = { whole: Staging; slice: Staging; blocks: number; blockBytes: number }

/** About as many facts as an import's batch has. */
const SLICE_BLOCKS = 200

async function measure(
  connection: BulkConnection,
  wholes: readonly Staging[],
  slices: readonly Staging[],
): Promise<Part[]> {
  const parts: Part[] = []
  for (const [index, whole] of wholes.entries()) {
    const { rows } = await connection.query<{ bytes: number; block: number }>(
      "select pg_relation_size($1::regclass)::float8 as bytes, current_setting('block_size')::int as block",
      [whole.table],
    )
    const { bytes, block } = rows[0] ?? { bytes: 0, block: 1 }
    const slice = slices[index]
    if (slice !== undefined) parts.push({ whole, slice, blocks: bytes / block, blockBytes: block })
  }
  return parts
}

async function mergeWhole(options: WriterOptions, parts: readonly Part[], watch: MergeWatch): Promise<Tally[]> {
  const undo = () => options.connection.query('rollback')
  try {
    return await againOnCollision(() => mergeOnce(options, parts, watch, false), undo)
  } catch (error) {
    if (refusalOf(error) === null) throw error
    await undo()
  }
  return againOnCollision(() => mergeOnce(options, parts, watch, true), undo)
}

async function mergeOnce(
  { connection, clientId, facts }: WriterOptions,
  parts: readonly Part[],
  { signal, onMerged }: MergeWatch,
  carefully: boolean,
): Promise<Tally[]> {
  let tallies = facts.map(({ kind }) => ({ kind: kind.name, table: kind.table, inserted: 0, updated: 0, unchanged: 0 }))
  const bytesTotal = parts.reduce((sum, { blocks, blockBytes }) => sum + blocks * blockBytes, 0)
  const done = { bytes: 0, bytesTotal, facts: 0 }
  await begin(connection, clientId, GUARDS)
  for (const part of parts) {
    for (let from = 0; from < part.blocks; from += SLICE_BLOCKS) {
      signal.throwIfAborted()
      done.facts += await takeSlice(connection, part, from)
      tallies = addTallies(tallies, [await mergeStaged(connection, part.slice, clientId, carefully)])
      done.bytes += Math.min(SLICE_BLOCKS, part.blocks - from) * part.blockBytes
      onMerged(done)
    }
  }
  await connection.query('commit')
  return tallies
}

/** Copies the facts of some blocks of what is staged, in the order they came. Returns how many they are. */
async function takeSlice(connection: BulkConnection, { whole, slice }: Part, from: number): Promise<number> {
  const columns = whole.fact.columns.map(quoted).join(', ')
  const { affected } = await connection.query(
    `insert into ${slice.table} (${columns}) select ${columns} from ${whole.table} where ctid >= $1::tid and ctid < $2::tid`,
    [`(${from},0)`, `(${from + SLICE_BLOCKS},0)`],
  )
  return affected
}
