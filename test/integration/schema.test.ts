import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { databaseTypes } from '../../scripts/docs/database-types.ts'
import { DIMENSIONS } from '../../src/analytics/metrics/index.ts'
import { REPEAT_HOURS } from '../../src/analytics/questions/metrics-asked.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { url, database } = await createTestDatabase()

/** Tables of the whole system, out of reach of a client's connection, with the reason. */
const SYSTEM_TABLES: Record<string, string> = {
  analytics_audit_log: 'changes of every client and of none; the board shows a client its own through a query',
  api_keys: 'a key is looked up before it is known whose it is',
  client_logins: 'the passwords with which work for one client signs in',
  client_proofs: 'what a session proves with that it may work for a client',
  daily_performance_summary: 'materialized views know no row-level security; a client reads own_daily_performance',
  fact_tables: 'which tables hold facts; no row of any client',
  idempotency_keys: 'kept by person or key, who may act for several clients',
  known_addresses: 'looked up before anybody is known',
  nodes: 'the processes that are running',
  own_daily_performance: 'a view that shows a client its own rows of the summary',
  own_sector_performance: 'a view that shows a client its own rows of the summary',
  schema_files: 'what has been done to the schema',
  sector_performance_summary: 'see daily_performance_summary',
  sessions: 'looked up before it is known who asks',
  sign_in_failures: 'kept by address of the machine and name that was tried, before anybody is known',
  users: 'a person may act for several clients',
}

/** Those of them that a client's connection may read, and nothing else. */
const READABLE = ['fact_tables', 'own_daily_performance', 'own_sector_performance']

/** Keys without client_id on tables of clients, with the reason. */
const KEYS_WITHOUT_CLIENT: Record<string, string> = {
  clients_pkey: 'its id is the client',
  runs_pkey: 'a run is named by its id alone, in queues, links and logs; some runs belong to no client',
  runs_job_key_key: 'the key of a job begins with the client',
  runs_schedule_id_fkey: 'see schedules_pkey',
  schedules_pkey: 'its id begins with the client; some schedules belong to no client',
  run_attempts_pkey: 'belongs to a run',
  run_attempts_run_id_fkey: 'belongs to a run',
  run_dependencies_pkey: 'belongs to a run',
  run_dependencies_run_id_fkey: 'belongs to a run',
  run_logs_pkey: 'belongs to a run',
  run_logs_run_id_fkey: 'belongs to a run',
  backfills_pkey: 'belongs to the ledger; its runs name it by its id',
  runs_backfill_id_fkey: 'see backfills_pkey',
  backfills_schedule_id_fkey: 'see schedules_pkey',
  alerts_pkey: 'belongs to the ledger; some alerts are about the whole system',
  alert_notices_pkey: 'belongs to an alert',
  alert_notices_alert_id_fkey: 'belongs to an alert',
}

async function unprotectedTables(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class c
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm') and not relispartition
      and not (relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))
    order by relname`.execute(database.system)
  return rows.map(({ name }) => name)
}

/** Primary, unique and foreign keys without client_id, of tables with row-level security. */
async function keysWithoutClient(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    with keys (table_id, name, columns) as (
      select indrelid, indexrelid::regclass::text, indkey::int2[] from pg_index where indisunique
      union all select conrelid, conname, conkey from pg_constraint where contype = 'f' and conparentid = 0)
    select keys.name from keys join pg_class c on c.oid = keys.table_id
    where c.relnamespace = 'public'::regnamespace and c.relrowsecurity and not exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'client_id' and a.attnum = any (keys.columns))
    order by keys.name`.execute(database.system)
  return rows.map(({ name }) => name)
}

async function reachableTables(names: string[], privileges = 'select, insert, update, delete'): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${names}::text[]) as name
    where has_table_privilege('daybreak_client', name, ${privileges})`.execute(database.system)
  return rows.map(({ name }) => name)
}

describe("every table that is not the system's own is under row-level security", () => {
  test('here', async () => {
    const tables = await unprotectedTables()
    expect(tables).toEqual(Object.keys(SYSTEM_TABLES))
    expect(await reachableTables(tables)).toEqual(READABLE)
    expect(await reachableTables(tables, 'insert, update, delete')).toEqual([])
  })

  test('partitions cannot be read around it', async () => {
    const { rows } = await sql<{ name: string }>`
      select relname as name from pg_class where relispartition and relkind = 'r' order by 1`.execute(database.system)
    expect(rows.length).toBeGreaterThan(0)
    expect(await reachableTables(rows.map(({ name }) => name))).toEqual([])
  })

  test('it would be noticed', async () => {
    await sql`create table leak (client_id text primary key)`.execute(database.system)
    const noticed = await unprotectedTables()
    await sql`drop table leak`.execute(database.system)
    expect(noticed).toContain('leak')
  })
})

describe("every key of a client's table contains client_id", () => {
  test('here', async () => {
    const keys = await keysWithoutClient()
    expect(keys.filter((key) => !(key in KEYS_WITHOUT_CLIENT))).toEqual([])
  })

  test('it would be noticed', async () => {
    await sql`create table loose (client_id text, id text primary key, unique (client_id, id))`.execute(database.system)
    await sql`select secure_tenant_table('loose')`.execute(database.system)
    const noticed = await keysWithoutClient()
    await sql`drop table loose`.execute(database.system)
    expect(noticed).toContain('loose_pkey')
    expect(noticed).not.toContain('loose_client_id_id_key')
  })
})

test('a client sees and writes its own rows only', async () => {
  const clients = ['acme', 'blue'].map((id) => ({ id, name: id, time_zone: 'UTC', currency: 'EUR' }))
  await database.system.insertInto('clients').values(clients).execute()
  const sectors = clients.map(({ id }) => ({ client_id: id, id: 'sales', name: id }))
  await database.system.insertInto('sectors').values(sectors).execute()
  const acme = database.forClient('acme')
  expect(await acme.selectFrom('clients').select('id').execute()).toEqual([{ id: 'acme' }])
  expect(await acme.selectFrom('sectors').selectAll().execute()).toEqual([
    { client_id: 'acme', id: 'sales', name: 'acme' },
  ])
  await expect(
    acme.insertInto('sectors').values({ client_id: 'blue', id: 'spam', name: 'x' }).execute(),
  ).rejects.toThrow('row-level security')
  await acme.updateTable('sectors').set({ name: 'mine' }).execute()
  expect(
    await database.system.selectFrom('sectors').select(['client_id', 'name']).orderBy('client_id').execute(),
  ).toEqual([
    { client_id: 'acme', name: 'mine' },
    { client_id: 'blue', name: 'blue' },
  ])
})

test('a repeat counts as long in SQL as in TypeScript', async () => {
  const { rows } = await sql`select extract(epoch from repeat_window())::integer / 3600 as hours`.execute(
    database.system,
  )
  expect(rows).toEqual([{ hours: REPEAT_HOURS }])
})

test('src/db/schema.ts is what `npm run docs` would write now', async () => {
  const committed = await readFile(join(import.meta.dirname, '../../src/db/schema.ts'), 'utf8')
  expect(committed).toBe(await databaseTypes(url))
})

test('daily_metrics takes the dimensions that are declared, and no other', async () => {
  const { rows } = await sql<{ rule: string }>`select pg_get_constraintdef(oid) as rule from pg_constraint
    where conrelid = 'daily_metrics'::regclass and contype = 'c' and pg_get_constraintdef(oid) like '%dimension%'`.execute(
    database.system,
  )
  expect(rows.flatMap(({ rule }) => [...rule.matchAll(/'([\w-]+)'::text/g)].map(([, name]) => name))).toEqual(
    DIMENSIONS,
  )
})
