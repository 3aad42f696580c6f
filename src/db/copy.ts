import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Database } from './database.ts'

/**
 * One connection bound to one client, for loading many rows: COPY into temporary tables, which are gone when it is
 * released. (PostgreSQL refuses COPY into a table with row-level security, so that rows go through a table of the
 * connection's own.)
 */
export type BulkConnection = {
  /** Makes a temporary table, unless this connection has it from before. Only where it is opened to be kept. */
  keep(table: string, create: string): Promise<void>
  /** `affected`: rows that a statement wrote. */
  query<Row>(sql: string, values?: readonly unknown[]): Promise<{ rows: Row[]; affected: number }>
  /** `lines`: COPY's text format. The buffer may be used again when the promise is done. */
  copyInto(table: string, columns: readonly string[], lines: Buffer): Promise<void>
  /** Gives the connection back; an open transaction is undone. */
  release(): Promise<void>
}

/** The temporary tables that a connection of the pool has kept. They are empty between transactions. */
const keptTables = new WeakMap<pg.PoolClient, Set<string>>()

/**
 * Opens a connection that sees and writes only this client's rows. `kept`: its temporary tables and prepared statements
 * stay for whoever has the connection next, for batches that are small and many.
 */
export async function openBulkConnection(database: Database, clientId: string, kept = false): Promise<BulkConnection> {
  const connection = await database.connectAs(clientId)
  const tables = keptTables.get(connection) ?? new Set<string>()
  keptTables.set(connection, tables)
  let lost = false
  const onError = () => {
    // The statement in hand says what happened; without a listener the event would end the process.
    lost = true
  }
  connection.on('error', onError)
  return {
    async keep(table, create) {
      if (tables.has(table)) return
      await connection.query(create)
      tables.add(table)
    },
    async query<Row>(sql: string, values: readonly unknown[] = []) {
      const name = kept && values.length > 0 ? planName(sql) : undefined
      const { rows, rowCount } = await connection.query({ name, text: sql, values: [...values] })
      return { rows: rows as Row[], affected: rowCount ?? 0 }
    },
    async copyInto(table, columns, lines) {
      await pipeline(
        [lines],
        connection.query(copyFrom(`copy ${table} (${columns.map(quoted).join(', ')}) from stdin`)),
      )
    },
    async release() {
      const usable = !lost && connection.getTransactionStatus() === 'I'
      // Anything else (a transaction left open, a statement still running) ends with the connection.
      if (usable && !kept) {
        await connection.query('discard temp')
        tables.clear()
      }
      connection.off('error', onError)
      connection.release(!usable)
    },
  }
}

const planNames = new Map<string, string>()

/** The name under which kept connections have the plan of a statement; there are a few for each kind of fact. */
function planName(sql: string): string {
  const name = planNames.get(sql) ?? `kept_${planNames.size}`
  planNames.set(sql, name)
  return name
}

/** A name as PostgreSQL reads it, whatever is in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The classes of SQLSTATE that say something about the rows: bad data, a broken constraint, a trigger that objects. */
const REFUSALS = /^(22|23|P0001)/

/** What the database has against the rows it was given, or null when the error is about something else. */
export function refusalOf(error: unknown): string | null {
  if (!(error instanceof pg.DatabaseError) || !REFUSALS.test(error.code ?? '')) return null
  return error.detail === undefined ? error.message : `${error.message} (${error.detail})`
}

/** Whether a transaction was broken off because others wrote the same rows in another order: trying again helps. */
export function isCollision(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001')
}

/** Whether a statement waited for a lock that others hold for as long as it was allowed to (lock_timeout). */
export function isWaitOver(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03'
}

const COPY_SPECIAL = /[\\\t\n\r]/
const COPY_ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** One value in COPY's text format; null is SQL's. */
export function copyValue(value: string | null): string {
  if (value === null) return '\\N'
  return COPY_SPECIAL.test(value) ? value.replaceAll(/[\\\t\n\r]/g, (char) => COPY_ESCAPES[char] ?? char) : value
}
