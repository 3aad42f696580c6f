import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../db/database.ts'
import type { CustomerOf } from './mentions.ts'
import type { TextTable } from './text-columns.ts'

/**
 * What a row of the customer's loses beside the name: free text, and what a person could be known by. Everything else stays, because sums
 * stand on it: times, amounts, results, topics, tags, campaign, location, role, country and the first contact; and the reference of a
 * payment, which the books must keep.
 */
const EMPTIED: Record<string, Record<string, RawBuilder<unknown>>> = {
  customers: { name: sql`null`, attributes: sql`'{}'`, erased_at: sql`now()` },
  customer_satisfaction: { comment: sql`null` },
  analytics_events: { properties: sql`'{}'`, session_id: sql`null` },
}

/** What was written about the customer's contacts, in tables that name the contact only. */
const ABOUT_CONTACTS = [
  ['call_quality_scores', 'comment'],
  ['call_quality_issues', 'description'],
] as const

/**
 * Puts a pseudonym in the place of a customer's id, in every table that names one, and empties what was free text. No sum changes, and no
 * day becomes dirty. Returns the rows changed by table. Twice is the same as once.
 *
 * Roll-ups and tiers read a customer's name here and write it there; they wait until this transaction is over, or this one until they
 * are, so that neither puts the old name back.
 */
export async function renameCustomer(
  tx: Transaction,
  tables: readonly TextTable[],
  customer: CustomerOf,
  pseudonym: string,
): Promise<Record<string, number>> {
  const { clientId, customerId } = customer
  await sql`select set_config('daybreak.erasing', 'on', true)`.execute(tx)
  for (const turn of ['roll-up-day:', 'refresh-tiers:'])
    await sql`select pg_advisory_xact_lock(hashtextextended(${turn} || ${clientId}::text, 0))`.execute(tx)
  const counts: Record<string, number> = {}
  for (const [table, column] of ABOUT_CONTACTS)
    counts[`${table}.${column}`] = await emptyAboutContacts(tx, table, column, customer)
  for (const { name, customerColumn } of tables) {
    if (customerColumn === null) continue
    const column = sql.ref(customerColumn)
    const changes = Object.entries(EMPTIED[name] ?? {}).map(([key, value]) => sql`${sql.ref(key)} = ${value}`)
    const { numAffectedRows } = await sql`
      update ${sql.table(name)} set ${sql.join([sql`${column} = ${pseudonym}`, ...changes])}
      where client_id = ${clientId} and ${column} = ${customerId}`.execute(tx)
    counts[name] = Number(numAffectedRows ?? 0)
  }
  return Object.fromEntries(Object.entries(counts).filter(([, rows]) => rows > 0))
}

async function emptyAboutContacts(
  tx: Transaction,
  table: string,
  column: string,
  { clientId, customerId }: CustomerOf,
): Promise<number> {
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = null
    where client_id = ${clientId} and ${sql.ref(column)} is not null and interaction_id in (
      select id from interactions where client_id = ${clientId} and customer_id = ${customerId})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
