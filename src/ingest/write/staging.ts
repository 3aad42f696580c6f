import { type BulkConnection, quoted } from '../../db/copy.ts'
import type { FactShape } from '../mapping/compile-mapping.ts'
import { type Lookup, type MergeStatements, type MoveStatements, mergeStatements } from './merge-statements.ts'

/**
 * What became of the facts of one kind. Rows that only come along are counted when they are new or change, not
 * otherwise.
 */
export type Tally = { kind: string; table: string; inserted: number; updated: number; unchanged: number }

/** A temporary table for the facts of one batch, and the statements that take them from there to where they belong. */
export type Staging = {
  fact: FactShape
  table: string
  statements: MergeStatements
  /** `each`: for a batch that is its transaction's only one; the table empties itself when that ends. */
  lookup: Lookup
}

/** Makes a temporary table for each fact of a mapping; they live until the connection is released. */
export async function createStagings(
  { connection, facts }: { connection: BulkConnection; facts: readonly FactShape[] },
  name: string,
): Promise<Staging[]> {
  const stagings: Staging[] = []
  for (const [index, fact] of facts.entries()) {
    await connection.query(`create temporary table ${name}_${index} as ${selectNothing(fact)}`)
    stagings.push(stagingOf(fact, `${name}_${index}`, 'list'))
  }
  return stagings
}

/** The same on a connection that is kept: the table is made once and serves every batch of the kind. */
export async function keepStaging(connection: BulkConnection, fact: FactShape): Promise<Staging> {
  const name = `kept_${fact.kind.table}`
  await connection.keep(name, `create temporary table ${name} on commit delete rows as ${selectNothing(fact)}`)
  return stagingOf(fact, name, 'each')
}

function selectNothing({ kind, columns }: FactShape): string {
  return `select ${columns.map(quoted).join(', ')} from ${kind.table} with no data`
}

function stagingOf(fact: FactShape, name: string, lookup: Lookup): Staging {
  const table = `pg_temp.${name}`
  return { fact, table, statements: mergeStatements(fact, table, lookup), lookup }
}

/** Adds lines of COPY's text to what the staging table holds. */
export async function stage(connection: BulkConnection, { fact, table }: Staging, lines: Buffer): Promise<void> {
  if (lines.length > 0) await connection.copyInto(table, fact.columns, lines)
}

/**
 * Takes what is staged to the client's facts. Doing the same twice changes nothing. `carefully`: also where others, who
 * take no turns, write the same facts meanwhile.
 */
export async function mergeStaged(
  connection: BulkConnection,
  staging: Staging,
  clientId: string,
  carefully: boolean,
): Promise<Tally> {
  const { fact, table, statements } = staging
  const { rows } = await connection.query<{ ids: string | null; erased: boolean }>(statements.touched, [clientId])
  const { ids, erased } = rows[0] ?? { ids: null, erased: false }
  const clientAndIds = staging.lookup === 'list' ? [clientId, ids] : [clientId]
  if (ids !== null && erased && statements.keepErased !== null) {
    await connection.query(statements.keepErased.inBatch, clientAndIds)
  }
  const found = ids === null ? null : await findKnown(connection, statements, clientAndIds)
  if (found !== null && found.moved > 0 && statements.move !== null) {
    await moveStaged(connection, statements.move, clientAndIds)
  }
  const isNew = found === null || found.known === 0
  const write = isNew && !carefully ? statements.insert : statements.upsert
  const { affected } = await connection.query(write, [clientId])
  if (staging.lookup === 'list') await connection.query(`truncate ${table}`)
  const inserted = found === null ? affected : found.ids - found.known
  const updated = affected - inserted + (found?.moved ?? 0)
  const unchanged = fact.onlyMissing || found === null ? 0 : found.known - updated
  return { kind: fact.kind.name, table: fact.kind.table, inserted, updated, unchanged }
}

type Found = { ids: number; known: number; moved: number }

async function findKnown(
  connection: BulkConnection,
  { known }: MergeStatements,
  clientAndIds: readonly unknown[],
): Promise<Found | null> {
  const { rows } = await connection.query<Found>(known, clientAndIds)
  return rows[0] ?? null
}

async function moveStaged(
  connection: BulkConnection,
  move: MoveStatements,
  clientAndIds: readonly unknown[],
): Promise<void> {
  const { rows } = await connection.query<{ id: string; at: string }>(move.find, clientAndIds)
  const old = [clientAndIds[0], rows.map(({ id }) => id), rows.map(({ at }) => at)]
  await connection.query(move.index)
  await connection.query(move.update, old)
  await connection.query(move.dropStrays, old)
}

/** What merging all that is staged would do. */
export async function compareStaged(connection: BulkConnection, staging: Staging, clientId: string): Promise<Tally> {
  const { fact, table, statements } = staging
  // Temporary tables are never analysed by themselves, and this one may hold a whole file.
  await connection.query(`analyze ${table}`)
  if (statements.keepErased !== null) await connection.query(statements.keepErased.inFile, [clientId])
  const { rows } = await connection.query<{ inserted: number; updated: number; ids: number }>(statements.compare, [
    clientId,
  ])
  const { inserted, updated, ids } = rows[0] ?? { inserted: 0, updated: 0, ids: 0 }
  const unchanged = fact.onlyMissing ? 0 : ids - inserted - updated
  return { kind: fact.kind.name, table: fact.kind.table, inserted, updated, unchanged }
}

/** Adds tallies of the same kind, in the order they were first seen. */
export function addTallies(total: readonly Tally[], more: readonly Tally[]): Tally[] {
  const sums = new Map(total.map((tally) => [tally.kind, { ...tally }]))
  for (const tally of more) {
    const sum = sums.get(tally.kind)
    if (sum === undefined) sums.set(tally.kind, { ...tally })
    else {
      sum.inserted += tally.inserted
      sum.updated += tally.updated
      sum.unchanged += tally.unchanged
    }
  }
  return [...sums.values()]
}
