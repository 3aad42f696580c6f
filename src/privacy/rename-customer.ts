import { type RawBuilder, sql } from 'kysely'
import type { ClientTransaction } from '../db/database.ts'
import { EMPTIED_OF_FACTS, WRITTEN_OF_CONTACTS } from '../ingest/index.ts'
import type { CustomerOf } from './mentions.ts'
import type { TextTable } from './text-columns.ts'

/**
 * What a row of the customer's loses beside the name: free text, and what a person could be known by. Everything else
 * stays, because sums depend on it: times, amounts, results, topics, tags, campaign, location, role, country and the
 * first contact; and the reference of a payment, which the books must keep.
 */
const EMPTIED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...EMPTIED_OF_FACTS,
  customers: { name: 'null', attributes: "'{}'", erased_at: 'now()' },
}

/**
 * Puts a pseudonym in the place of a customer's id, in every table that names one, and empties what was free text. No
 * sum changes, and no day becomes dirty. Returns the rows changed by table. Twice is the same as once.
 *
 * Roll-ups and tiers read a customer's name here and write it there; they wait until this transaction is over, or this
 * one until they are, so that neither puts the old name back.
 */
export async function renameCustomer(
  tx: ClientTransaction,
  tables: readonly TextTable[],
  customer: CustomerOf,
  pseudonym: string,
): Promise<Record<string, number>> {
  const { clientId, customerId } = customer
  await sql`select set_config('daybreak.erasing', 'on', true)`.execute(tx)
  for (const turn of ['roll-up-day:', 'refresh-tiers:'])
    await sql`select pg_advisory_xact_lock(hashtextextended(${turn} || ${clientId}::text, 0))`.execute(tx)
  const counts: Record<string, number> = {}
  for (const about of aboutContacts(customer))
    counts[`${about.table}.${about.column}`] = await emptyColumn(tx, clientId, about)
  for (const { name, customerColumn } of tables) {
    if (customerColumn === null) continue
    const column = sql.ref(customerColumn)
    const changes = Object.entries(EMPTIED[name] ?? {}).map(([key, value]) => sql`${sql.ref(key)} = ${sql.raw(value)}`)
    const { numAffectedRows } = await sql`
      update ${sql.table(name)} set ${sql.join([sql`${column} = ${pseudonym}`, ...changes])}
      where client_id = ${clientId} and ${column} = ${customerId}`.execute(tx)
    counts[name] = Number(numAffectedRows ?? 0)
  }
  return Object.fromEntries(Object.entries(counts).filter(([, rows]) => rows > 0))
}

type About = { table: string; column: string; condition: RawBuilder<unknown> }

/** What was written about the customer's contacts, in rows that may name the contact only, or the review of it. */
function aboutContacts({ clientId, customerId }: CustomerOf): About[] {
  const contacts = sql`select id from interactions where client_id = ${clientId} and customer_id = ${customerId}`
  const reviews = sql`select id from call_quality_scores where client_id = ${clientId} and interaction_id in (${contacts})`
  const ofContact = sql`interaction_id in (${contacts})`
  return Object.entries(WRITTEN_OF_CONTACTS).map(([table, column]) => {
    const condition = table === 'call_quality_issues' ? sql`${ofContact} or score_id in (${reviews})` : ofContact
    return { table, column, condition }
  })
}

async function emptyColumn(
  tx: ClientTransaction,
  clientId: string,
  { table, column, condition }: About,
): Promise<number> {
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = null
    where client_id = ${clientId} and ${sql.ref(column)} is not null and (${condition})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
