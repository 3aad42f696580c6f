import { sql } from 'kysely'
import { type BulkConnection, copyValue, openBulkConnection, quoted } from '../src/db/copy.ts'
import type { Database } from '../src/db/database.ts'
import type { Day } from '../src/time.ts'
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
import { scheduleSampleReports } from './report-schedules.ts'
import { dayOfId, ID_PREFIX, SAMPLE_TABLES, type SampleTable } from './rows.ts'

/** What a load wrote; all zero when everything was there. What became of earlier rows is in no count. */
export type LoadedRows = { days: number; rows: Record<SampleTable, number> }

/** Days of one client between two looks at progress. */
const CHUNK_DAYS = 31
/**
 * So many rows of a table are written at once. Of most tables a client has fewer, and one statement writes them all.
 */
const ROWS_AT_ONCE = 5000
/** Tables that the planner must know to be large, and the columns by which they are read. */
const LARGE_TABLES = [
  'interactions (client_id, started_at, customer_id)',
  'customer_satisfaction (client_id, answered_at, customer_id)',
  'payments (client_id, occurred_at, customer_id)',
  'customers (client_id, id, first_contact_at)',
  'agent_status_changes (client_id, changed_at, agent_id)',
  'analytics_events (client_id, occurred_at, customer_id)',
].join(', ')

/**
 * Writes the sample business into the tables: all of it the first time, then only the days that are missing up to
 * `lastDay`. A client's rows commit together, so a load that was killed goes on with the clients that were not
 * finished. `onProgress` counts the days of all clients.
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
  // All at once: the days of one client are made up while the database writes another's.
  const loads = businesses
    .filter(({ dayCount }) => dayCount > 0)
    .map((business) => loadClient(db, business, !storedThrough.has(business.client.id), onWritten, options.signal))
  for (const load of await Promise.allSettled(loads)) if (load.status === 'rejected') throw load.reason
  // The planner knows nothing yet of so many new rows, and the roll-ups come at once.
  if (daysWanted > CHUNK_DAYS) await sql`analyze ${sql.raw(LARGE_TABLES)}`.execute(db.system)
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
    const unwritten = nothingUnwritten()
    for (const chunk of chunksOf(business.days)) {
      signal?.throwIfAborted()
      for (const day of chunk) keep(unwritten, day)
      for (const table of SAMPLE_TABLES)
        if (unwritten[table].rows.size >= ROWS_AT_ONCE) await writeOut(connection, table, unwritten[table])
      onWritten(chunk.length, countRows(chunk))
    }
    for (const table of SAMPLE_TABLES) await writeOut(connection, table, unwritten[table])
    await connection.query('commit')
  } finally {
    await connection.release()
  }
  await scheduleSampleReports(db.system, client.id)
}

async function writeStanding(connection: BulkConnection, { sectors, agents }: SampleBusiness): Promise<void> {
  await insert(connection, 'sectors', sectors)
  await insert(connection, 'agents', agents)
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

/** All rows of a table have the same columns. */
type Row = { id: string } & Record<string, unknown>

/** Rows of a table by their ids, and what became of rows that are written already. */
type Unwritten = { rows: Map<string, Row>; changes: Map<string, Row> }

function nothingUnwritten(): Record<SampleTable, Unwritten> {
  const pairs = SAMPLE_TABLES.map((table) => [table, { rows: new Map(), changes: new Map() }])
  return Object.fromEntries(pairs) as Record<SampleTable, Unwritten>
}

/** What changes before it is written is written as it has become. */
function keep(unwritten: Record<SampleTable, Unwritten>, day: SampleDay): void {
  for (const table of SAMPLE_TABLES) {
    const { rows, changes } = unwritten[table]
    for (const row of day.rows[table] as Row[]) rows.set(row.id, row)
    for (const row of day.changes[table] as Row[]) (rows.has(row.id) ? rows : changes).set(row.id, row)
  }
}

async function writeOut(connection: BulkConnection, table: SampleTable, { rows, changes }: Unwritten): Promise<void> {
  await insert(connection, table, [...rows.values()])
  await update(connection, table, [...changes.values()])
  rows.clear()
  changes.clear()
}

function countRows(days: readonly SampleDay[]): Record<SampleTable, number> {
  const counts = SAMPLE_TABLES.map((table) => [table, days.reduce((sum, { rows }) => sum + rows[table].length, 0)])
  return Object.fromEntries(counts) as Record<SampleTable, number>
}

async function insert(connection: BulkConnection, table: string, rows: readonly Row[]): Promise<void> {
  await stage(connection, table, rows, (staged, list) => `insert into ${table} (${list}) select ${list} from ${staged}`)
}

/**
 * Writes what has become of rows; those that are not there (they are older than the first day that was ever loaded)
 * stay away.
 */
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
