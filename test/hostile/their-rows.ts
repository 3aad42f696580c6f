import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { NodeProcess } from '../faults/node-process.ts'
import type { World } from '../faults/world.ts'
import { given } from '../support/given.ts'
import { wholeFacts } from '../support/whole-facts.ts'
import { type Ask, askerOf } from './ask.ts'
import { FAST } from './lives.ts'
import { keyOf, OURS, THEIRS } from './visitors.ts'

/** Stands in the other tenant's rows wherever text may, and must never reach us. */
export const CANARY = 'canary-of-beta'

/** A board over two tenants that have rows of every kind, with the same ids where they choose them themselves. */
export async function openTwoTenants(world: World): Promise<NodeProcess> {
  for (const id of [OURS, THEIRS]) await given.client(world.db, { id, name: id })
  // Makes the schedules of both; what they plan, nobody is to do beside the attack.
  const scheduler = await world.start('scheduler', FAST)
  await world.until('both tenants have schedules', 30_000, async () => {
    const { rows } = await sql`select distinct client_id from schedules where client_id is not null`.execute(world.db)
    return rows.length === 2
  })
  await scheduler.kill('SIGTERM')
  const board = await world.start('board', FAST)
  const ask = askerOf(board.url())
  const place = { database: world.database, url: board.url() }
  const { headers } = await keyOf(place, 'admin', null)
  for (const clientId of [OURS, THEIRS]) await givenRows(world, ask, headers, clientId)
  ask.close()
  return board
}

async function givenRows(world: World, ask: Ask, headers: Record<string, string>, clientId: string): Promise<void> {
  const word = clientId === THEIRS ? CANARY : 'nothing of note'
  const send = async (method: string, path: string, body: unknown) => {
    const type = { 'Content-Type': 'application/json' }
    const { status, text } = await ask({ method, path, headers: { ...headers, ...type }, body: JSON.stringify(body) })
    if (status >= 300) throw new Error(`${method} ${path} for ${clientId} answered ${status}: ${text.slice(0, 300)}`)
  }
  for (const [kind, fact] of Object.entries(wholeFacts)) {
    await send('POST', `/api/facts/${kind}?client=${clientId}`, marked(fact, word))
  }
  await send('POST', `/api/facts/customers?client=${clientId}`, { id: `c-${clientId}`, name: word })
  const file = `id,name\nc-${clientId},${word}\n`
  await send('POST', `/api/imports?client=${clientId}&kind=customers&fileName=${encodeURIComponent(word)}.csv`, file)
  const goal = { name: word, metric: 'answered', target: 1, from: '2026-03-01', to: '2026-04-01', owner: word }
  await send('POST', `/api/admin/goals?client=${clientId}`, goal)
  await send('PUT', `/api/admin/thresholds/abandonment?client=${clientId}`, {
    target: 0.05,
    warning: 0.06,
    critical: 0.1,
  })
  await send('POST', '/api/jobs/roll-up-day/runs', { clientId, day: '2026-03-01' })
  await send('POST', '/api/backfills', { clientId, from: '2026-03-01', to: '2026-03-04' })
  await send('DELETE', `/api/admin/customers/c-${clientId}?client=${clientId}`, {})
  await givenReport(world, clientId, word)
  await givenAlert(world, clientId, word)
}

const MARKED = ['name', 'topic', 'comment', 'description', 'reviewer', 'service', 'location']

/** The fact with the word in every field that holds free text. */
function marked(fact: Readonly<Record<string, unknown>>, word: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fact).map(([name, value]) => [
      name,
      MARKED.includes(name) && typeof value === 'string' ? word : value,
    ]),
  )
}

async function givenReport({ db }: World, client_id: string, word: string): Promise<void> {
  const id = randomUUID()
  const window = { window_from: '2026-10-01', window_to: '2026-11-01', time_zone: 'UTC', currency: 'EUR' }
  const figures = JSON.stringify([{ label: word, value: 1, type: 'integer' }])
  await db
    .insertInto('executions')
    .values({ client_id, id, report: 'monthly-revenue', state: 'completed', figures, ...window })
    .execute()
  const file = { format: 'csv', media_type: 'text/csv', size_bytes: 3, sha256: 'x' } as const
  await db
    .insertInto('execution_files')
    .values({ client_id, execution_id: id, object_key: `executions/${id}/x.csv`, file_name: `${word}.csv`, ...file })
    .execute()
}

async function givenAlert({ db }: World, client_id: string, word: string): Promise<void> {
  const about = {
    kind: 'window-late',
    subject_kind: 'run',
    subject_id: randomUUID(),
    title: word,
    message: word,
    advice: word,
  }
  await db
    .insertInto('alerts')
    .values({ client_id, ...about })
    .execute()
}

type TenantTable = { table_name: string; has_id: boolean }

async function tenantTables({ db }: World): Promise<TenantTable[]> {
  const { rows } = await sql<TenantTable>`
    select c.table_name, exists (select from information_schema.columns i where i.table_schema = 'public'
      and i.table_name = c.table_name and i.column_name = 'id') as has_id
    from information_schema.columns c join pg_class t on t.relname = c.table_name and t.relnamespace = 'public'::regnamespace
    where c.table_schema = 'public' and c.column_name = 'client_id' and t.relkind in ('r', 'p') and not t.relispartition
    order by 1`.execute(db)
  return rows
}

/**
 * Ids of rows that only the other tenant has, some of each table; numbers are counted, not chosen, and stand in no
 * address.
 */
export async function theirIds(world: World, perTable: number): Promise<string[]> {
  const ids: string[] = []
  for (const { table_name, has_id } of await tenantTables(world)) {
    if (!has_id) continue
    const table = sql.table(table_name)
    const { rows } = await sql<{ id: string }>`select id::text as id from ${table} where client_id = ${THEIRS}
      and id::text !~ '^[0-9]*$' and id::text not in (select id::text from ${table} where client_id = ${OURS}) order by 1 limit ${perTable}`.execute(
      world.db,
    )
    ids.push(...rows.map(({ id }) => id))
  }
  return [...new Set(ids)]
}

/** Tells two states of all rows of the other tenant apart: by table, how many there are and what they say. */
export async function theirState(world: World): Promise<Map<string, string>> {
  const state = new Map<string, string>()
  for (const { table_name } of await tenantTables(world)) {
    const { rows } = await sql<{ state: string }>`
      select count(*) || ' ' || md5(coalesce(string_agg(t::text, e'\n' order by t::text), '')) as state
      from ${sql.table(table_name)} t where client_id = ${THEIRS}`.execute(world.db)
    state.set(table_name, rows[0]?.state ?? '')
  }
  return state
}
