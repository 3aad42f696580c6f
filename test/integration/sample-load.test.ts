import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { generateSampleBusiness } from '../../sample/business.ts'
import { loadSampleBusiness } from '../../sample/load.ts'
import { SAMPLE_TABLES, type SampleTable } from '../../sample/rows.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

const SEED = 'a test'
const TABLES = ['clients', 'sectors', 'agents', 'schedules', 'schedule_recipients', ...SAMPLE_TABLES]
const WHENS = ['created_at', 'added_at', 'planned_until', 'next_due_at', 'in_force_since', 'erasure_salt']
const NOTHING = { days: 0, rows: Object.fromEntries(SAMPLE_TABLES.map((table) => [table, 0])) }

beforeEach(async () => {
  await sql`truncate ${sql.join(TABLES.map((name) => sql.ref(name)))} cascade`.execute(db)
})

/** Every row of every table the sample fills, as one hash a table and client. */
async function contents(): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {}
  for (const name of TABLES) {
    const client = name === 'clients' ? sql`t.id` : sql`t.client_id`
    // These are when, not what, and no two clients have the same salt.
    const { rows } = await sql<{ client: string; count: number; hash: string }>`
      select ${client} as client, count(*) as count, md5(string_agg(row::text, ' ' order by row::text collate "C")) as hash
      from ${sql.table(name)} t, lateral (select to_jsonb(t) - ${WHENS}::text[] as row) stated group by 1`.execute(db)
    for (const row of rows) hashes[`${name} ${row.client}`] = `${row.count} ${row.hash}`
  }
  return hashes
}

describe('loadSampleBusiness', () => {
  test('writes every generated row once, and nothing the second time', async () => {
    const progress: number[][] = []
    // Campaigns run in April.
    const options = { seed: SEED, lastDay: '2026-04-22', days: 20 }
    const loaded = await loadSampleBusiness(database, { ...options, onProgress: (...counts) => progress.push(counts) })
    const first = await contents()
    const again = await loadSampleBusiness(database, options)

    const days = generateSampleBusiness(options).flatMap(({ days: each }) => [...each])
    const counts = await rowCounts()
    const made = (table: SampleTable) => days.reduce((sum, { rows }) => sum + rows[table].length, 0)
    const byDays = SAMPLE_TABLES.filter((table) => table !== 'customers' && table !== 'campaigns')
    expect(loaded.days).toBe(60)
    expect(counts).toEqual({
      clients: 3,
      sectors: 12,
      agents: 25,
      schedules: 6,
      schedule_recipients: 18,
      ...loaded.rows,
    })
    expect(byDays.map((table) => [table, counts[table]])).toEqual(byDays.map((table) => [table, made(table)]))
    expect(Object.entries(counts).filter(([, count]) => count === 0)).toEqual([])
    expect(progress.at(-1)).toEqual([60, 60])
    expect(again).toEqual(NOTHING)
    expect(await contents()).toEqual(first)
  })

  test('a later last day appends what a load of the whole would have written', async () => {
    await loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-28', days: 17 })
    const { days } = await loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-31', days: 20 })
    const inTwoSteps = await contents()
    await sql`truncate ${sql.join(TABLES.map((name) => sql.ref(name)))} cascade`.execute(db)
    await loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-31', days: 20 })

    expect(days).toBe(9)
    expect(inTwoSteps).toEqual(await contents())
  })

  test('an earlier last day than the one stored writes nothing', async () => {
    await loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-31', days: 5 })

    expect(await loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-30', days: 5 })).toEqual(NOTHING)
  })

  test('every fact lies on a day that is marked for roll-up, and none in a default partition', async () => {
    await loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-31', days: 5 })

    const days = await db
      .selectFrom('rollup_days')
      .select(['client_id', 'day'])
      // Appointments lie ahead.
      .where('day', '<=', '2026-03-31')
      .orderBy('client_id')
      .orderBy('day')
      .execute()
    const wanted = ['harbor-pine', 'morgenrot', 'nilkantha'].flatMap((client_id) =>
      ['27', '28', '29', '30', '31'].map((day) => ({ client_id, day: `2026-03-${day}` })),
    )
    const stray = await factsWithoutMonth()
    expect(days).toEqual(wanted)
    expect(stray).toEqual([])
  })

  test('a load that is stopped leaves nothing of the client it was at', async () => {
    const stop = AbortSignal.abort(new Error('enough'))

    await expect(
      loadSampleBusiness(database, { seed: SEED, lastDay: '2026-03-31', days: 5, signal: stop }),
    ).rejects.toThrow('enough')

    expect(await rowCounts()).toMatchObject({ interactions: 0, customers: 0, sectors: 0, schedules: 0 })
  })
})

/** Rows of any fact in a default partition. */
async function factsWithoutMonth(): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string }>`select name from fact_tables order by name`.execute(db)
  const stray = tables.map(({ name }) => sql<{ id: string }>`select id from ${sql.table(`${name}_default`)}`)
  const { rows } = await sql<{ id: string }>`${sql.join(stray, sql` union all `)}`.execute(db)
  return rows.map(({ id }) => id)
}

async function rowCounts(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of TABLES) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(db)
    counts[name] = rows[0]?.count ?? 0
  }
  return counts
}
