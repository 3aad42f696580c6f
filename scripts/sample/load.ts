import { sql } from 'kysely'
import { type BulkConnection, copyValue, openBulkConnection, quoted } from '../../src/db/copy.ts'
import type { Database } from '../../src/db/database.ts'
import type { Day } from '../../src/time.ts'
import {
  firstSampleDay,
  generateSampleBusiness,
  type LastDay,
  lastDayIn,
  type SampleBusiness,
  type SampleDay,
} from './business.ts'
import { sampleClients } from './clients/index.ts'
import { BOOKED_DAYS_MAX } from './marketplace.ts'
import { dayOfId, ID_PREFIX, SAMPLE_TABLES, type SampleTable } from './rows.ts'
import { subscriptionRows } from './subscriptions.ts'

/** What a load wrote; all zero when everything was there. What became of earlier rows is in no count. */
export type LoadedRows = { days: number; rows: Record<SampleTable, number> }

/** Days of one client that one statement per table writes. */
const CHUNK_DAYS = 31

/**
 * Writes the sample business into the tables: all of it the first time, then only the days that are missing up to `lastDay`. A
 * client's rows commit together, so a load that was killed is taken up at the next client. `onProgress` counts the days of all clients.
 */
export async function loadSampleBusiness(
  db: Database,
  options: {
    seed: string
    lastDay: LastDay
    days?: number
    signal?: AbortSignal
    onProgress?: (days: number, daysTotal: number) => void
  },
): Promise<LoadedRows> {
  const storedThrough = await findStoredDays(db)
  const businesses = generateSampleBusiness({ ...options, storedThrough })
  const total: LoadedRows = { days: 0, rows: countRows([]) }
  const daysWanted = businesses.reduce((sum, { dayCount }) => sum + dayCount, 0)
  if (daysWanted === 0) return total
  await preparePartitions(db, options.lastDay, options.days)
  const onWritten = (days: number, counts: Partial<Record<SampleTable, number>>) => {
    total.days += days
    for (const table of SAMPLE_TABLES) total.rows[table] += counts[table] ?? 0
    options.onProgress?.(total.days, daysWanted)
  }
  for (const business of businesses) {
    if (business.dayCount > 0)
      await loadClient(db, business, !storedThrough.has(business.client.id), onWritten, options.signal)
  }
  // The planner knows nothing yet of so many new rows, and the roll-ups come at once.
  if (daysWanted > CHUNK_DAYS)
    await sql`analyze ${sql.join(SAMPLE_TABLES.map((table) => sql.table(table)))}`.execute(db.system)
  return total
}

/** How far each client is stored, read off the highest id: ids are in order of local days. */
async function findStoredDays(db: Database): Promise<Map<string, Day>> {
  const { rows } = await sql<{ client_id: string; last_id: string | null }>`
    select c.id as client_id,
      (select max(i.id) from interactions i where i.client_id = c.id and i.id like ${`${ID_PREFIX}%`}) as last_id
    from clients c where c.id = any(${sampleClients.map(({ id }) => id)})`.execute(db.system)
  return new Map(rows.flatMap((row) => (row.last_id === null ? [] : [[row.client_id, dayOfId(row.last_id)]])))
}

/** Months for every day that a row may be of: appointments lie ahead. */
async function preparePartitions(db: Database, lastDay: LastDay, days: number | undefined): Promise<void> {
  const lastDays = sampleClients.map(({ timeZone }) => lastDayIn(lastDay, timeZone)).sort()
  const [earliest = '', latest = ''] = [lastDays[0], lastDays.at(-1)]
  await sql`select ensure_fact_partitions(${firstSampleDay(earliest, days)}, ${latest}::date + ${BOOKED_DAYS_MAX}::integer,
    ${[...SAMPLE_TABLES]})`.execute(db.system)
}

async function loadClient(
  db: Database,
  business: SampleBusiness,
  isNew: boolean,
  onWritten: (days: number, counts: Partial<Record<SampleTable, number>>) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  // A client's own connection may not make clients.
  const { client } = business
  await db.system
    .insertInto('clients')
    .values(client)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const connection = await openBulkConnection(db, client.id)
  try {
    await connection.query('begin')
    if (isNew) await writeStanding(connection, business)
    const earlier = [...business.earlierCustomers]
    await insert(connection, 'customers', earlier)
    await insert(connection, 'campaigns', business.campaigns)
    onWritten(0, { customers: earlier.length, campaigns: business.campaigns.length })
    for (const chunk of chunksOf(business.days)) {
      signal?.throwIfAborted()
      await writeDays(connection, chunk)
      onWritten(chunk.length, countRows(chunk))
    }
    await connection.query('commit')
  } finally {
    await connection.release()
  }
}

async function writeStanding(connection: BulkConnection, { client, sectors, agents }: SampleBusiness): Promise<void> {
  await insert(connection, 'sectors', sectors)
  await insert(connection, 'agents', agents)
  await insert(connection, 'report_subscriptions', subscriptionRows(client.id))
}

function* chunksOf(days: Iterable<SampleDay>): Generator<SampleDay[]> {
  let chunk: SampleDay[] = []
  for (const day of days) {
    chunk.push(day)
    if (chunk.length < CHUNK_DAYS) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

async function writeDays(connection: BulkConnection, days: readonly SampleDay[]): Promise<void> {
  for (const table of SAMPLE_TABLES) {
    const changed = new Map<string, Row>()
    // Of several changes the last one counts.
    for (const row of days.flatMap(({ changes }) => changes[table] as Row[])) changed.set(row.id, row)
    const rows = days.flatMap(({ rows: made }) => made[table] as Row[])
    await insert(
      connection,
      table,
      rows.map((row) => changed.get(row.id) ?? row),
    )
    for (const { id } of rows) changed.delete(id)
    await update(connection, table, [...changed.values()])
  }
}

function countRows(days: readonly SampleDay[]): Record<SampleTable, number> {
  const counts = SAMPLE_TABLES.map((table) => [table, days.reduce((sum, { rows }) => sum + rows[table].length, 0)])
  return Object.fromEntries(counts) as Record<SampleTable, number>
}

/** All rows of a table have the same columns. */
type Row = { id: string } & Record<string, unknown>

async function insert(connection: BulkConnection, table: string, rows: readonly Row[]): Promise<void> {
  await stage(connection, table, rows, (staged, list) => `insert into ${table} (${list}) select ${list} from ${staged}`)
}

/** Writes what has become of rows; those that are not there (they are older than the first day that was ever loaded) stay away. */
async function update(connection: BulkConnection, table: string, rows: readonly Row[]): Promise<void> {
  await stage(
    connection,
    table,
    rows,
    (staged, list) =>
      `update ${table} t set (${list}) = (select ${list} from ${staged} s where s.id = t.id) from ${staged} known
      where t.client_id = known.client_id and t.id = known.id`,
  )
}

/** By way of a table of the connection's own, because COPY does not go into a table with row-level security. */
async function stage(
  connection: BulkConnection,
  table: string,
  rows: readonly Row[],
  statement: (staged: string, list: string) => string,
): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first)
  const list = columns.map(quoted).join(', ')
  const staged = quoted(`staged_${table}`)
  await connection.query(
    `create temporary table if not exists ${staged} on commit drop as select ${list} from ${table} with no data`,
  )
  const lines = rows.map((row) => `${columns.map((column) => copyText(row[column])).join('\t')}\n`)
  await connection.copyInto(staged, columns, Buffer.from(lines.join('')))
  await connection.query(statement(staged, list))
  await connection.query(`truncate ${staged}`)
}

function copyText(value: unknown): string {
  if (value === null) return copyValue(null)
  if (typeof value === 'string') return copyValue(value)
  if (typeof value === 'number' || typeof value === 'boolean') return copyValue(`${value}`)
  // PostgreSQL's own notation of an array.
  if (Array.isArray(value)) return copyValue(`{${value.map((item) => JSON.stringify(item)).join(',')}}`)
  throw new TypeError(`a ${typeof value} cannot be written as a column's text`)
}
