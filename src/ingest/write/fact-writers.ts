import { type BulkConnection, refusalOf } from '../../db/copy.ts'
import type { FactShape } from '../mapping/compile-mapping.ts'
import type { Reject } from '../sources/source.ts'
import { againOnCollision } from './again-on-collision.ts'
import type { Batch } from './batch.ts'
import {
  addTallies,
  compareStaged,
  createStagings,
  keepStaging,
  mergeStaged,
  type Staging,
  stage,
  type Tally,
} from './staging.ts'

/**
 * Takes converted rows, batch by batch. Four of them: keep each batch, keep all or nothing, keep nothing but say what
 * would be, keep nothing but say what the database refuses.
 */
export type FactWriter = {
  /** Rows that the database refuses come back. `months`: those of all facts so far. */
  write(batch: Batch, months: ReadonlySet<string>): Promise<Reject[]>
  /** Ends the work. `complete`: every row of the file was taken. Returns what became of its facts. */
  finish(complete: boolean): Promise<Tally[]>
  /** What became of the facts that stay, whatever happens from now on. */
  kept(): Tally[]
}

export type WriterOptions = { connection: BulkConnection; clientId: string; facts: readonly FactShape[] }

/** Each batch is a transaction of its own. */
export async function createBatchWriter(options: WriterOptions, ensureMonths: EnsureMonths): Promise<FactWriter> {
  return batchWriter(options, await createStagings(options, 'import'), ensureMonths, {
    guards: GUARDS,
    ending: 'commit',
  })
}

/** The same, undone after each batch: for the names of the rows that the database refuses. */
export async function createTryingWriter(options: WriterOptions, ensureMonths: EnsureMonths): Promise<FactWriter> {
  const stagings = await createStagings(options, 'import')
  const writer = batchWriter(options, stagings, ensureMonths, { guards: GUARDS, ending: 'rollback' })
  return { ...writer, finish: async () => [], kept: () => [] }
}

/**
 * The batch writer for one batch of one kind; what the connection has from the batch before is used again. Who waits
 * for a lock longer than `waitMs` is told so (isWaitOver).
 */
export async function openKeptWriter(
  { connection, clientId, waitMs }: { connection: BulkConnection; clientId: string; waitMs: number },
  fact: FactShape,
  ensureMonths: EnsureMonths,
): Promise<FactWriter> {
  const options = { connection, clientId, facts: [fact] }
  const guards = `${EACH_BY_INDEX}; set local lock_timeout = ${waitMs}`
  return batchWriter(options, [await keepStaging(connection, fact)], ensureMonths, { guards, ending: 'commit' })
}

function batchWriter(
  options: WriterOptions,
  stagings: readonly Staging[],
  ensureMonths: EnsureMonths,
  { guards, ending }: { guards: string; ending: 'commit' | 'rollback' },
): FactWriter {
  const { connection, clientId } = options
  let tallies: Tally[] = []
  const transaction = {
    open: () => begin(connection, clientId, guards),
    end: () => connection.query(ending),
    undo: () => connection.query('rollback'),
  }
  return {
    async write(batch, months) {
      await ensureMonths(months)
      const outcome = await mergeRows(options, stagings, transaction, { batch, from: 0, to: batch.rows() })
      tallies = addTallies(tallies, outcome.tallies)
      return outcome.rejects
    },
    finish: async () => tallies,
    kept: () => tallies,
  }
}

/** Stages everything and compares it with what is there. */
export async function createComparingWriter(options: WriterOptions): Promise<FactWriter> {
  const { connection, clientId } = options
  const stagings = await createStagings(options, 'import')
  return {
    async write(batch) {
      await stageBatch(connection, stagings, batch)
      return []
    },
    async finish() {
      let tallies: Tally[] = []
      await connection.query(`begin; ${GUARDS}`)
      for (const staging of stagings) {
        tallies = addTallies(tallies, [await compareStaged(connection, staging, clientId)])
      }
      await connection.query('rollback')
      return tallies
    },
    kept: () => [],
  }
}

/** Adds a whole batch to what the staging tables hold. */
export async function stageBatch(
  connection: BulkConnection,
  stagings: readonly Staging[],
  batch: Batch,
): Promise<void> {
  for (const [index, staging] of stagings.entries()) {
    await stage(connection, staging, batch.lines(index, 0, batch.rows()))
  }
}

export type EnsureMonths = (months: ReadonlySet<string>) => Promise<void>

/** Months that are given partitions: a mistyped year must not make a thousand tables. */
const PARTITIONED_MONTHS = { before: 240, after: 24 }

/**
 * Makes the partitions of months that are not known to have them; `ensured` keeps what is known for the next one.
 * Months far from `now` stay in the default partition.
 */
export function createMonthEnsurer(
  connection: BulkConnection,
  facts: readonly FactShape[],
  now: Temporal.Instant,
  ensured: Set<string> = new Set(),
): EnsureMonths {
  const thisMonth = now.toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth()
  const from = thisMonth.subtract({ months: PARTITIONED_MONTHS.before }).toString()
  const to = thisMonth.add({ months: PARTITIONED_MONTHS.after }).toString()
  const tables = facts.flatMap(({ kind }) => (kind.time === null ? [] : [kind.table]))
  return async (months) => {
    for (const month of months) {
      if (ensured.has(`${month} ${tables.join()}`) || month < from || month > to) continue
      await againOnCollision(() =>
        connection.query(
          "select ensure_fact_partitions($1::date, ($1::date + interval '1 month' - interval '1 day')::date, $2)",
          [`${month}-01`, tables],
        ),
      )
      ensured.add(`${month} ${tables.join()}`)
    }
  }
}

/** Opens a transaction. Imports of one client take turns, so that two of them cannot wait for each other's days. */
export async function begin(connection: BulkConnection, clientId: string, guards: string): Promise<void> {
  await connection.query(`begin; ${guards}`)
  await connection.query("select pg_advisory_xact_lock(hashtextextended('import ' || $1, 0))", [clientId])
}

/**
 * Statistics that are out of date must not make the planner compare all rows with all others, nor sort a whole history;
 * and compiling a statement costs more than a batch has for it to save.
 */
export const GUARDS = 'set local enable_nestloop = off; set local enable_sort = off; set local jit = off'

/** Whatever the statistics say, the facts of a batch of a few are looked up one by one in the index of their key. */
const EACH_BY_INDEX =
  'set local enable_nestloop = off; set local enable_mergejoin = off; set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off; set local jit = off'

/** What rows are merged in. */
type Scope = { open(): Promise<unknown>; end(): Promise<unknown>; undo(): Promise<unknown> }

/** Rows `[from, to)` of a batch. */
type Rows = { batch: Batch; from: number; to: number }

/**
 * Merges rows; when the database refuses one of them, all are tried again with care, and then halves, until only the
 * refused ones are left out.
 */
async function mergeRows(
  options: WriterOptions,
  stagings: readonly Staging[],
  scope: Scope,
  rows: Rows,
  carefully = false,
): Promise<{ tallies: Tally[]; rejects: Reject[] }> {
  const { batch, from, to } = rows
  try {
    const tallies = await againOnCollision(() => mergeOnce(options, stagings, scope, rows, carefully), scope.undo)
    return { tallies, rejects: [] }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === null) throw error
    await scope.undo()
    if (!carefully) return mergeRows(options, stagings, scope, rows, true)
    if (to - from === 1) return { tallies: [], rejects: [refusedRow(batch, from, refusal)] }
    const middle = Math.ceil((from + to) / 2)
    const first = await mergeRows(options, stagings, scope, { batch, from, to: middle }, true)
    const second = await mergeRows(options, stagings, scope, { batch, from: middle, to }, true)
    return { tallies: addTallies(first.tallies, second.tallies), rejects: [...first.rejects, ...second.rejects] }
  }
}

async function mergeOnce(
  { connection, clientId }: WriterOptions,
  stagings: readonly Staging[],
  scope: Scope,
  { batch, from, to }: Rows,
  carefully: boolean,
): Promise<Tally[]> {
  await scope.open()
  const tallies: Tally[] = []
  for (const [index, staging] of stagings.entries()) {
    await stage(connection, staging, batch.lines(index, from, to))
    tallies.push(await mergeStaged(connection, staging, clientId, carefully))
  }
  await scope.end()
  return addTallies([], tallies)
}

function refusedRow(batch: Batch, row: number, refusal: string): Reject {
  return { ...batch.origin(row), column: '', value: '', reason: `is refused by the database: ${refusal}` }
}
