import { type Selectable, sql } from 'kysely'
import type { ClientDatabase, ClientTransaction, Database } from '../db/database.ts'
import type { DB } from '../db/schema.ts'
import { InputError, PermanentError, RetryLaterError } from '../errors.ts'
import { newPseudonym } from '../ingest/index.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { SECOND_MS } from '../time.ts'
import { type ErasedFiles, eraseFiles } from './erase-files.ts'
import { type CustomerOf, countCustomerRows, type Found, findMentions, handleFor, renameMentions } from './mentions.ts'
import { renameCustomer } from './rename-customer.ts'
import { type TextTable, textTables } from './text-columns.ts'

/** An erasure as it is on record; nothing in it tells who the customer was. */
export type Erasure = {
  id: string
  /** SHA-256 of the client's salt, ':' and the customer's id, in hexadecimal. */
  customerHash: string
  requestedBy: string
  requestedAt: string
  finishedAt: string | null
  /** How often the id was found in the end. */
  verificationCount: number | null
  rowCounts: Record<string, number>
  files: ErasedFiles | null
}

/** How often what came in meanwhile is cleared before somebody else gets a turn. */
const PASSES_MAX = 3
const BUSY_RETRY_MS = 30 * SECOND_MS

/**
 * The rows that name a customer who is to be erased, by table. Throws InputError `no-such-customer`, which does not
 * repeat the id.
 */
export async function rowsToErase(database: Database, customer: CustomerOf): Promise<Record<string, number>> {
  const rows = await countCustomerRows(database, customer)
  if (Object.keys(rows).length > 0) return rows
  throw new InputError('no-such-customer', `Nothing of ${customer.clientId} names a customer of this id.`, 404)
}

/**
 * Puts the erasure of a customer on record, in the transaction that plans its run (job erase-customer); the same
 * customer twice is one erasure while it is in progress. Returns its id.
 */
export async function recordErasure(
  tx: ClientTransaction,
  { clientId, customerId }: CustomerOf,
  requestedBy: string,
): Promise<string> {
  const { rows: made } = await sql<{ id: string }>`
    insert into erasures (client_id, customer_hash, requested_by, pending_id, pending_name)
    select l.id, sha256(convert_to(l.erasure_salt || ':' || ${customerId}::text, 'UTF8')), ${requestedBy}, ${customerId}, c.name
    from clients l left join customers c on c.client_id = l.id and c.id = ${customerId}
    where l.id = ${clientId}
    on conflict (client_id, customer_hash) where finished_at is null do update set requested_by = erasures.requested_by
    returning id`.execute(tx)
  const id = made[0]?.id
  if (id === undefined) throw new InputError('no-such-client', `There is no client "${clientId}".`)
  return id
}

/**
 * Erases one customer of one client: in every table that names one a random pseudonym takes the place of the id, and
 * names, attributes, comments and the properties of events are emptied; stored files that name the customer are
 * deleted; whatever else mentions the id is rewritten. Rows themselves stay, for sums depend on them: no roll-up of a
 * day changes, also when it is made again. Facts that come in under the id later are those of a new customer, unrelated
 * to the pseudonym; so are those that come in while it is in progress, which are cleared as well, under another
 * pseudonym. A fact that was there before and is sent again keeps the pseudonym (src/ingest).
 *
 * Before it is finished every text of the client is searched (findMentions); it is on record how often the id was
 * found, which must be 0, and then the id and the name are forgotten; which pseudonym took their place was never on
 * record. Broken off anywhere, it is taken up again by calling it again; called after it is finished, it does nothing.
 *
 * @throws RetryLaterError when facts of the customer keep coming in.
 */
export async function eraseCustomer(
  { database, storage, signal }: { database: Database; storage: ObjectStore; signal: AbortSignal },
  { clientId, erasureId }: { clientId: string; erasureId: string },
): Promise<Erasure> {
  const db = database.forClient(clientId)
  const row = await findRow(db, clientId, erasureId)
  const { pending_id: customerId, pending_name: name } = row
  if (customerId !== null) {
    const customer = { clientId, customerId, name }
    if (!('reports' in (row.reports as object)))
      await noteFiles(db, erasureId, await eraseFiles({ db, storage, signal }, customer, null))
    await clear(database, { erasureId, customer, signal })
    // What was being rendered or uploaded meanwhile.
    const { files: before } = erasureOf(await findRow(db, clientId, erasureId))
    const after = await eraseFiles({ db, storage, signal }, customer, row.requested_at)
    await noteFiles(db, erasureId, before === null ? after : bothFiles(before, after))
    await finish(db, erasureId)
  }
  return erasureOf(await findRow(db, clientId, erasureId))
}

async function findRow(db: ClientDatabase, clientId: string, erasureId: string): Promise<Selectable<DB['erasures']>> {
  const query = db.selectFrom('erasures').selectAll().where('client_id', '=', clientId).where('id', '=', erasureId)
  const row = await query.executeTakeFirst()
  if (row === undefined) throw new PermanentError('unknown-erasure', `there is no erasure ${erasureId} of ${clientId}`)
  return row
}

/** null: the client has no such erasure. */
export async function readErasure(db: ClientDatabase, clientId: string, erasureId: string): Promise<Erasure | null> {
  const row = await db
    .selectFrom('erasures')
    .selectAll()
    .where('client_id', '=', clientId)
    .where('id', '=', erasureId)
    .executeTakeFirst()
  return row === undefined ? null : erasureOf(row)
}

function erasureOf(row: Selectable<DB['erasures']>): Erasure {
  const files = row.reports as ErasedFiles | Record<string, never>
  return {
    id: row.id,
    customerHash: row.customer_hash.toString('hex'),
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at,
    verificationCount: row.verification_count,
    rowCounts: row.row_counts as Record<string, number>,
    files: 'reports' in files ? (files as ErasedFiles) : null,
  }
}

type Clearing = { erasureId: string; customer: CustomerOf; signal: AbortSignal }

/** Renames until nothing is found any more. */
async function clear(database: Database, clearing: Clearing): Promise<void> {
  const { erasureId, customer, signal } = clearing
  const tables = await textTables(database.system)
  let left: Found[] = []
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    await renameOnce(database, tables, clearing)
    signal.throwIfAborted()
    left = (await findMentions(database, customer)).mentions
    if (left.length === 0) return
  }
  const places = left.map(({ table, column }) => `${table}.${column}`).join(', ')
  const message = `the customer of erasure ${erasureId} is still named in ${places}: facts keep coming in; it goes on later`
  throw new RetryLaterError(BUSY_RETRY_MS, message)
}

/**
 * Under a pseudonym of its own: who has come in since the last time is another customer, of whom there may be rows with
 * the same keys.
 */
async function renameOnce(
  database: Database,
  tables: TextTable[],
  { erasureId, customer, signal }: Clearing,
): Promise<void> {
  const pseudonym = newPseudonym()
  await database
    .forClient(customer.clientId)
    .transaction()
    .execute(async (tx) => noteRows(tx, erasureId, await renameCustomer(tx, tables, customer, pseudonym)))
  for (const table of tables) {
    signal.throwIfAborted()
    const rows = await handleFor(database, table, customer.clientId)
      .transaction()
      .execute(async (tx) => {
        await sql`select set_config('daybreak.erasing', 'on', true)`.execute(tx)
        return renameMentions(tx, table, customer, pseudonym)
      })
    if (rows > 0)
      await noteRows(database.forClient(customer.clientId), erasureId, { [`${table.name} (mentions)`]: rows })
  }
}

/** Adds to what is on record, so that a second try does not forget what the first one did. */
async function noteRows(
  db: ClientDatabase | ClientTransaction,
  erasureId: string,
  counts: Record<string, number>,
): Promise<void> {
  await sql`
    update erasures set row_counts = coalesce((
      select jsonb_object_agg(key, rows) from (
        select key, sum(value::bigint) as rows
        from (select * from jsonb_each_text(row_counts) union all select * from jsonb_each_text(${JSON.stringify(counts)}::jsonb)) both_counts
        group by key) summed), '{}')
    where id = ${erasureId}`.execute(db)
}

async function noteFiles(db: ClientDatabase, erasureId: string, files: ErasedFiles): Promise<void> {
  await db
    .updateTable('erasures')
    .set({ reports: JSON.stringify(files) })
    .where('id', '=', erasureId)
    .execute()
}

function bothFiles(before: ErasedFiles, after: ErasedFiles): ErasedFiles {
  const both = (kind: 'reports' | 'imports') => ({
    deleted: [...new Set([...before[kind].deleted, ...after[kind].deleted])],
    unread: [...new Set([...before[kind].unread, ...after[kind].unread])],
  })
  return { reports: both('reports'), imports: both('imports') }
}

async function finish(db: ClientDatabase, erasureId: string): Promise<void> {
  await db
    .updateTable('erasures')
    .set({ pending_id: null, pending_name: null, verification_count: 0, finished_at: sql`clock_timestamp()` })
    .where('id', '=', erasureId)
    .where('finished_at', 'is', null)
    .execute()
}
