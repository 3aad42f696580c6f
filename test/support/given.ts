/**
 * Tiny worlds: `await given.calls(db, [['2026-03-01T23:59:59Z', { talk_s: 60 }]])`. What a row does not say is the same
 * everywhere.
 */
import type { Insertable } from 'kysely'
import type { SystemDatabase } from '../../src/db/database.ts'
import type { DB } from '../../src/db/schema.ts'

/** The client that rows belong to unless they say otherwise. */
export const ACME = 'acme'

/** Tables whose rows are keyed by client and id. */
type FactTable = { [Name in keyof DB]: DB[Name] extends { client_id: unknown; id: unknown } ? Name : never }[keyof DB]
type Rows<Table extends keyof DB> = [instant: string, row: Partial<Insertable<DB[Table]>>][]

/** Rows an insert takes at once: PostgreSQL allows 65,535 parameters. */
const BATCH = 1000

let serial = 0

/** An id nobody else has. */
function nextId(kind: string): string {
  serial += 1
  return `${kind}-${serial}`
}

async function client(db: SystemDatabase, row: Partial<Insertable<DB['clients']>> = {}): Promise<string> {
  const values = { id: ACME, name: 'Acme', time_zone: 'UTC', currency: 'EUR', ...row }
  await db.insertInto('clients').values(values).execute()
  return values.id
}

async function calls(db: SystemDatabase, rows: Rows<'interactions'>): Promise<void> {
  for (const batch of batches(rows)) {
    const values = batch.map(([started_at, row]) => ({
      client_id: ACME,
      id: nextId('call'),
      started_at,
      status: 'answered' as const,
      wait_s: 0,
      ...row,
    }))
    await db.insertInto('interactions').values(values).execute()
  }
}

async function payments(db: SystemDatabase, rows: Rows<'payments'>): Promise<void> {
  for (const batch of batches(rows)) {
    const values = batch.map(([occurred_at, row]) => ({
      client_id: ACME,
      id: nextId('payment'),
      occurred_at,
      kind: (row.amount_minor ?? 0) < 0 ? ('refund' as const) : ('charge' as const),
      amount_minor: 0,
      currency: 'EUR',
      ...row,
    }))
    await db.insertInto('payments').values(values).execute()
  }
}

async function surveys(db: SystemDatabase, rows: Rows<'customer_satisfaction'>): Promise<void> {
  for (const batch of batches(rows)) {
    const values = batch.map(([answered_at, row]) => ({ client_id: ACME, id: nextId('survey'), answered_at, ...row }))
    await db.insertInto('customer_satisfaction').values(values).execute()
  }
}

/**
 * Rows of any table of facts:
 * `given.facts(db, 'deals', [{ opened_at: '2026-03-01T10:00:00Z', amount_minor: 100, currency: 'EUR' }])`.
 */
async function facts<Name extends FactTable>(
  db: SystemDatabase,
  name: Name,
  rows: (Omit<Insertable<DB[Name]>, 'client_id' | 'id'> & { client_id?: string; id?: string })[],
): Promise<void> {
  for (const batch of batches(rows)) {
    const values = batch.map((row) => ({ client_id: ACME, id: nextId(name), ...row }))
    await db
      .insertInto(name as 'customers')
      .values(values)
      .execute()
  }
}

function* batches<T>(rows: T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += BATCH) yield rows.slice(at, at + BATCH)
}

export const given = { client, calls, payments, surveys, facts }

/** Every row of a table, in an order that depends on nothing but the rows. */
export async function table<Name extends keyof DB>(db: SystemDatabase, name: Name) {
  const rows = await db
    .selectFrom(name as 'clients')
    .selectAll()
    .execute()
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) as unknown as Record<string, unknown>[]
}
