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
import { dayOfId, ID_PREFIX } from './rows.ts'
import { subscriptionRows } from './subscriptions.ts'

/** What a load wrote; all zero when everything was there. */
export type LoadedRows = {
  days: number
  customers: number
  interactions: number
  satisfaction: number
  payments: number
}

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
  const total: LoadedRows = { days: 0, customers: 0, interactions: 0, satisfaction: 0, payments: 0 }
  const daysWanted = businesses.reduce((sum, { dayCount }) => sum + dayCount, 0)
  if (daysWanted === 0) return total
  await preparePartitions(db, options.lastDay, options.days)
  const onDays = (rows: LoadedRows) => {
    for (const name of Object.keys(total) as (keyof LoadedRows)[]) total[name] += rows[name]
    options.onProgress?.(total.days, daysWanted)
  }
  for (const business of businesses) {
    if (business.dayCount > 0)
      await loadClient(db, business, !storedThrough.has(business.client.id), onDays, options.signal)
  }
  // The planner knows nothing yet of so many new rows, and the roll-ups come at once.
  if (daysWanted > CHUNK_DAYS)
    await sql`analyze interactions, customer_satisfaction, payments, customers`.execute(db.system)
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

/** The tables of facts that the sample has rows for. */
const SAMPLE_TABLES = ['interactions', 'customer_satisfaction', 'payments']

async function preparePartitions(db: Database, lastDay: LastDay, days: number | undefined): Promise<void> {
  const lastDays = sampleClients.map(({ timeZone }) => lastDayIn(lastDay, timeZone)).sort()
  const [earliest = '', latest = ''] = [lastDays[0], lastDays.at(-1)]
  await sql`select ensure_fact_partitions(${firstSampleDay(earliest, days)}, ${latest}, ${SAMPLE_TABLES})`.execute(
    db.system,
  )
}

async function loadClient(
  db: Database,
  business: SampleBusiness,
  isNew: boolean,
  onDays: (rows: LoadedRows) => void,
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
    await write(connection, 'customers', earlier)
    onDays({ ...countRows([]), customers: earlier.length })
    for (const chunk of chunksOf(business.days)) {
      signal?.throwIfAborted()
      await writeDays(connection, chunk)
      onDays(countRows(chunk))
    }
    await connection.query('commit')
  } finally {
    await connection.release()
  }
}

async function writeStanding(connection: BulkConnection, { client, sectors, agents }: SampleBusiness): Promise<void> {
  await write(connection, 'sectors', sectors)
  await write(connection, 'agents', agents)
  await write(connection, 'report_subscriptions', subscriptionRows(client.id))
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
  await write(
    connection,
    'customers',
    days.flatMap(({ customers }) => customers),
  )
  await write(
    connection,
    'interactions',
    days.flatMap(({ interactions }) => interactions),
  )
  await write(
    connection,
    'customer_satisfaction',
    days.flatMap(({ satisfaction }) => satisfaction),
  )
  await write(
    connection,
    'payments',
    days.flatMap(({ payments }) => payments),
  )
}

function countRows(days: readonly SampleDay[]): LoadedRows {
  const count = (name: 'customers' | 'interactions' | 'satisfaction' | 'payments') =>
    days.reduce((sum, day) => sum + day[name].length, 0)
  return {
    days: days.length,
    customers: count('customers'),
    interactions: count('interactions'),
    satisfaction: count('satisfaction'),
    payments: count('payments'),
  }
}

/** By way of a table of the connection's own, because COPY does not go into a table with row-level security. */
async function write(connection: BulkConnection, table: string, rows: readonly object[]): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first)
  const list = columns.map(quoted).join(', ')
  const staged = quoted(`staged_${table}`)
  await connection.query(
    `create temporary table if not exists ${staged} on commit drop as select ${list} from ${table} with no data`,
  )
  const lines = rows.map((row) => `${Object.values(row).map(copyText).join('\t')}\n`)
  await connection.copyInto(staged, columns, Buffer.from(lines.join('')))
  await connection.query(`insert into ${table} (${list}) select ${list} from ${staged}`)
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
