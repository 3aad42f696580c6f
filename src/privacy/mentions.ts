import { type RawBuilder, sql } from 'kysely'
import type { AnyDatabase, AnyTransaction, Database } from '../db/database.ts'
import { databaseWord, isTelling } from './spelling.ts'
import { type TextColumn, type TextTable, textTables } from './text-columns.ts'

/** In how many rows of a column something was found. */
export type Found = { table: string; column: string; rows: number }

/**
 * `mentions`: columns that name the customer. `namesakes`: columns of somebody or something else (see NAMESAKES) that
 * read the same; they are told, and left alone.
 */
export type Search = { mentions: Found[]; namesakes: Found[] }

/** A customer of a client, by id. */
export type CustomerOf = { clientId: string; customerId: string }

/**
 * Looks for a customer's id in every text, list of texts and JSON document of a client, in every table: what proves
 * that an erased customer is named nowhere. Columns of customers' ids are compared whole. Elsewhere an id that tells
 * (see isTelling) is looked for as a word; any other id only as a value in JSON under a key that speaks of a customer.
 * What lies in the object store, in mails that were sent and in backups is not seen from here.
 */
export async function findMentions(database: Database, customer: CustomerOf): Promise<Search> {
  const search: Search = { mentions: [], namesakes: [] }
  for (const table of await textTables(database.system)) {
    const db = handleFor(database, table, customer.clientId)
    search.mentions.push(...(await countIn(db, table, customer, mentionsOf(table, customer))))
    search.namesakes.push(
      ...(await countIn(
        db,
        table,
        customer,
        table.namesakes.map((column) => same(column, customer)),
      )),
    )
  }
  return search
}

/** Rows that a customer's own columns name, by table: what an erasure is about. */
export async function countCustomerRows(database: Database, customer: CustomerOf): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of await textTables(database.system)) {
    if (table.customerColumn === null) continue
    const db = handleFor(database, table, customer.clientId)
    const [found] = await countIn(db, table, customer, [own(table.customerColumn, customer)])
    if (found) counts[table.name] = found.rows
  }
  return counts
}

/**
 * Calls a customer otherwise wherever else a table of the client mentions it. Returns the rows changed. Twice is the
 * same as once.
 */
export async function renameMentions(
  tx: AnyTransaction,
  table: TextTable,
  customer: CustomerOf,
  pseudonym: string,
): Promise<number> {
  const columns = table.columns.filter((column) => canMention(column, customer))
  if (columns.length === 0) return 0
  const changes = columns.map((column) => sql`${sql.ref(column.name)} = ${renamed(column, customer, pseudonym)}`)
  const conditions = columns.map((column) => mentions(column, customer))
  const { numAffectedRows } = await sql`
    update ${sql.table(table.name)} set ${sql.join(changes)}
    where ${ofClient(table, customer)} and (${sql.join(conditions, sql` or `)})`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

/** The handle that sees the rows of one client in a table, and no others. */
export function handleFor(database: Database, table: TextTable, clientId: string): AnyDatabase {
  return table.scope === 'log' ? database.unhurried : database.forClient(clientId)
}

type Condition = RawBuilder<boolean>
type Look = { column: string; condition: Condition }

function mentionsOf(table: TextTable, customer: CustomerOf): Look[] {
  const columns = table.columns.filter((column) => canMention(column, customer))
  return [
    ...(table.customerColumn === null ? [] : [own(table.customerColumn, customer)]),
    ...columns.map((column) => ({ column: column.name, condition: mentions(column, customer) })),
  ]
}

function own(column: string, { customerId }: CustomerOf): Look {
  return { column, condition: sql<boolean>`${sql.ref(column)} = ${customerId}` }
}

function same({ name, kind }: TextColumn, { customerId }: CustomerOf): Look {
  const column = sql.ref(name)
  const texts = {
    text: sql`${column} = ${customerId}`,
    list: sql`${customerId} = any(${column})`,
    json: sql`${column} @> to_jsonb(${customerId}::text)`,
  }
  return { column: name, condition: sql<boolean>`${texts[kind]}` }
}

async function countIn(db: AnyDatabase, table: TextTable, customer: CustomerOf, looks: Look[]): Promise<Found[]> {
  if (looks.length === 0) return []
  const counts = looks.map(
    ({ condition }, index) => sql`count(*) filter (where ${condition}) as ${sql.ref(`n${index}`)}`,
  )
  const { rows } = await sql<Record<string, number>>`
    select ${sql.join(counts)} from ${sql.table(table.name)}
    where ${ofClient(table, customer)} and (${sql.join(
      looks.map(({ condition }) => condition),
      sql` or `,
    )})`.execute(db)
  const found = looks.map(({ column }, index) => ({ table: table.name, column, rows: rows[0]?.[`n${index}`] ?? 0 }))
  return found.filter((each) => each.rows > 0)
}

/** The database hides other clients' rows; the log it does not hide says whose they are. */
function ofClient({ scope }: TextTable, { clientId }: CustomerOf): Condition {
  return scope === 'log' ? sql<boolean>`client_id = ${clientId}` : sql<boolean>`true`
}

/** An id that is like other words stands for the customer in JSON only. */
function canMention({ kind }: TextColumn, { customerId }: CustomerOf): boolean {
  return kind === 'json' || isTelling(customerId)
}

/** A cheap look for the letters first: hardly any row has them. */
function mentions({ name, kind }: TextColumn, { customerId }: CustomerOf): Condition {
  const column = sql.ref(name)
  const word = databaseWord(customerId)
  if (kind === 'text') return sql<boolean>`(strpos(${column}, ${customerId}) > 0 and ${column} ~ ${word})`
  if (kind === 'list')
    return sql<boolean>`exists (select from unnest(${column}) as item where strpos(item, ${customerId}) > 0 and item ~ ${word})`
  const inJson = JSON.stringify(customerId).slice(1, -1)
  return sql<boolean>`(strpos(${column}::text, ${inJson}) > 0 and ${renamed({ name, kind }, { clientId: '', customerId }, '')} <> ${column})`
}

function renamed({ name, kind }: TextColumn, { customerId }: CustomerOf, pseudonym: string): RawBuilder<unknown> {
  const column = sql.ref(name)
  const word = databaseWord(customerId)
  if (kind === 'text') return sql`regexp_replace(${column}, ${word}, ${pseudonym}, 'g')`
  if (kind === 'list')
    return sql`array(select regexp_replace(item, ${word}, ${pseudonym}, 'g') from unnest(${column}) with ordinality as items (item, place) order by place)`
  return sql`rename_in_json(${column}, ${customerId}, ${isTelling(customerId) ? word : null}, ${pseudonym})`
}
