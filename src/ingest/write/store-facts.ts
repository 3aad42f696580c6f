import { setImmediate } from 'node:timers/promises'
import { isCollision, isWaitOver, openBulkConnection } from '../../db/copy.ts'
import type { Database } from '../../db/database.ts'
import { lossOf } from '../../db/lost-connection.ts'
import { RetryLaterError } from '../../errors.ts'
import { type Clock, SECOND_MS } from '../../time.ts'
import { compileJsonFact, type FieldFault, type JsonFact } from '../json/json-fact.ts'
import type { JsonItem } from '../json/json-items.ts'
import type { FactKind } from '../kinds/kind.ts'
import { saysTheSame } from '../mapping/compare-values.ts'
import type { FactValues } from '../mapping/compile-mapping.ts'
import { type Batch, createBatch } from './batch.ts'
import { copyLine } from './convert-rows.ts'
import { createMonthEnsurer, openKeptWriter } from './fact-writers.ts'
import type { Tally } from './staging.ts'
import { createTurns } from './turns.ts'

/** What became of the facts of one batch: received = inserted + updated + unchanged + rejected. */
export type FactCounts = { received: number; inserted: number; updated: number; unchanged: number; rejected: number }

/** Why an item was not stored. `id` null: it says none; `field` is empty when the item as a whole is at fault. */
export type ItemError = { index: number; id: string | null; field: string; reason: string }

export type StoredFacts = { counts: FactCounts; errors: ItemError[] }

/** Whose facts they are, and how that client's times and money read. */
export type FactOwner = { id: string; timeZone: string; currency: string }

/** Stores facts of one kind that came as JSON. The same fact again changes nothing; a bad one costs no other. */
export type FactStore = (owner: FactOwner, kind: FactKind, items: readonly JsonItem[]) => Promise<StoredFacts>

/** Items converted before others get their turn of the processor. */
const ITEMS_AT_ONCE = 500
/** How long a batch waits for others that store facts of its client, such as an import that keeps all or nothing. */
const WAIT_MAX_MS = 10 * SECOND_MS
const COME_BACK_MS = 5 * SECOND_MS
/** Faults named of one item of a batch. */
const FAULTS_SHOWN = 5

/** Throws a RetryLaterError for a batch that waited `waitMaxMs` for others, or that they broke off again and again. */
export function createFactStore(database: Database, clock: Clock, waitMaxMs = WAIT_MAX_MS): FactStore {
  const factOf = factCompiler(clock)
  const ensured = new Set<string>()
  // Two batches of one client would wait for each other in the database, each with a connection that others could use.
  const inTurn = createTurns()

  async function write(owner: FactOwner, fact: JsonFact, converted: Converted, untilMs: number): Promise<Written> {
    const waitMs = untilMs - clock().epochMilliseconds
    if (waitMs <= 0) throw busy()
    try {
      return await writeOnce(owner, fact, converted, waitMs)
    } catch (error) {
      if (isWaitOver(error) || isCollision(error)) throw busy(error)
      throw lossOf(error) ?? error
    }
  }

  async function writeOnce(
    owner: FactOwner,
    fact: JsonFact,
    { batch, months }: Converted,
    waitMs: number,
  ): Promise<Written> {
    const connection = await openBulkConnection(database, owner.id, true)
    try {
      const ensureMonths = createMonthEnsurer(connection, [fact], clock(), ensured)
      const writer = await openKeptWriter({ connection, clientId: owner.id, waitMs }, fact, ensureMonths)
      const refused = await writer.write(batch, months)
      const [tally] = await writer.finish(true)
      return { tally, errors: refused.map(({ line, reason }) => ({ index: line, id: null, field: '', reason })) }
    } finally {
      await connection.release()
    }
  }

  return async (owner, kind, items) => {
    const fact = factOf(kind, owner)
    const untilMs = clock().epochMilliseconds + waitMaxMs
    const converted = await convert(fact, items)
    const isEmpty = converted.batch.rows() === 0
    const written = isEmpty ? NOTHING : await inTurn(owner.id, () => write(owner, fact, converted, untilMs))
    return summary(items, converted, written)
  }
}

function busy(cause?: unknown): RetryLaterError {
  const message =
    'Others are storing facts of this client, such as an import of a file. Sending these again later is harmless.'
  return new RetryLaterError(COME_BACK_MS, message, { cause })
}

/** Compiled once for each kind, zone and currency: there are few. */
function factCompiler(clock: Clock): (kind: FactKind, owner: FactOwner) => JsonFact {
  const facts = new Map<string, JsonFact>()
  return (kind, { timeZone, currency }) => {
    const key = `${kind.name} ${timeZone} ${currency}`
    const known = facts.get(key)
    if (known !== undefined) return known
    const fact = compileJsonFact(kind, { timeZone, currency, clock })
    facts.set(key, fact)
    return fact
  }
}

type Converted = { batch: Batch; months: Set<string>; repeated: number; errors: ItemError[] }
type Written = { tally: Tally | undefined; errors: ItemError[] }

const NOTHING: Written = { tally: undefined, errors: [] }

/** Makes the batch of the items that are good, each under its index. */
async function convert(fact: JsonFact, items: readonly JsonItem[]): Promise<Converted> {
  const converted: Converted = { batch: createBatch(1), months: new Set(), repeated: 0, errors: [] }
  const read = fact.openReader()
  const seen = new Map<string, { index: number; values: FactValues }>()
  const idAt = fact.columns.indexOf('id')
  const timeAt = fact.kind.time === null ? -1 : fact.columns.indexOf(fact.kind.time)
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % ITEMS_AT_ONCE === 0) await setImmediate()
    const faults: FieldFault[] = []
    const values = 'reason' in item ? refusedItem(item.reason, faults) : read(item.value, faults)
    if (values === null) {
      converted.errors.push(...errorsOf(index, item, faults))
      continue
    }
    const id = values[idAt] ?? ''
    const earlier = seen.get(id)
    if (earlier === undefined) {
      seen.set(id, { index, values })
      if (timeAt !== -1) converted.months.add((values[timeAt] ?? '').slice(0, 7))
      converted.batch.add(index, '', [copyLine(values)])
    } else if (saysTheSame(fact, earlier.values, values)) {
      converted.repeated += 1
    } else {
      const reason = `is the id of another item of this batch, at index ${earlier.index}, which says something else`
      converted.errors.push({ index, id, field: 'id', reason })
    }
  }
  return converted
}

function refusedItem(reason: string, faults: FieldFault[]): null {
  faults.push({ field: '', reason })
  return null
}

function errorsOf(index: number, item: JsonItem, faults: readonly FieldFault[]): ItemError[] {
  const id = idOf(item)
  return faults.slice(0, FAULTS_SHOWN).map(({ field, reason }) => ({ index, id, field, reason }))
}

const ID_SHOWN_MAX = 200

function idOf(item: JsonItem | undefined): string | null {
  const value = item !== undefined && 'value' in item ? item.value : null
  const { id } = (value ?? {}) as { id?: unknown }
  return typeof id === 'string' ? id.slice(0, ID_SHOWN_MAX).toWellFormed() : null
}

function summary(items: readonly JsonItem[], { repeated, errors }: Converted, written: Written): StoredFacts {
  const { inserted = 0, updated = 0, unchanged = 0 } = written.tally ?? {}
  const refused = written.errors.map((error) => ({ ...error, id: idOf(items[error.index]) }))
  const all = [...errors, ...refused].sort((a, b) => a.index - b.index)
  const rejected = new Set(all.map(({ index }) => index)).size
  const counts = { received: items.length, inserted, updated, unchanged: unchanged + repeated, rejected }
  return { counts, errors: all }
}
