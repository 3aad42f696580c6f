import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { lateDays, rollUpDay as rollUp } from '../../src/analytics/metrics/index.ts'
import { planLateWork } from '../../src/jobs/plan-late-work.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { on } from '../../src/queues/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
const { engine, close } = await openTestEngine('postgres', database, [rollUpDay])

afterAll(() => close())

beforeEach(async () => {
  await emptyDatabase(db)
})

const NOON = Temporal.Instant.from('2026-01-20T12:00:00Z')

function late(limit: number, at = NOON, factDays: number | null = null) {
  return lateDays(db, { rollUp: rollUpDay.name, at, factDays, limit })
}

function plan(factDays: number | null = null): Promise<void> {
  return planLateWork(db, engine.ledger, NOON, factDays)
}

async function runs() {
  const found = await db.selectFrom('runs').select(['key', 'state']).orderBy('key').execute()
  // The dispatcher is awake: what is planned may be queued already.
  return found.map(({ key, state }) => [key, state === 'queued' ? 'planned' : state])
}

test('days of all clients are late, each client’s oldest first, without the day that is still going on in the client’s zone', async () => {
  await given.client(db, { id: 'auckland', time_zone: 'Pacific/Auckland' })
  await given.client(db, { id: 'honolulu', time_zone: 'Pacific/Honolulu' })
  for (const client_id of ['auckland', 'honolulu'])
    await given.calls(db, [
      ['2026-01-02T08:00:00Z', { client_id }],
      ['2026-01-03T08:00:00Z', { client_id }],
    ])
  // 2026-01-03T12:00Z: in Auckland it is the 4th, in Honolulu the 3rd.
  const at = Temporal.Instant.from('2026-01-03T12:00:00Z')
  const all = [
    { clientId: 'auckland', day: '2026-01-02' },
    { clientId: 'honolulu', day: '2026-01-01' },
    { clientId: 'auckland', day: '2026-01-03' },
    { clientId: 'honolulu', day: '2026-01-02' },
  ]
  expect(await late(10, at)).toEqual(all)
  expect(await late(3, at)).toEqual(all.slice(0, 3))
  expect(await late(10, Temporal.Instant.from('2026-01-03T09:59:59Z'))).toEqual(all.slice(0, 2))
  await database
    .forClient('auckland')
    .transaction()
    .execute((tx) => rollUp(tx, { clientId: 'auckland', day: '2026-01-02' }))
  expect(await late(10, at)).toEqual([all[2], all[1], all[3]])
})

test('days on which nothing happened, between others, are late; none whose facts are past their time is', async () => {
  await given.client(db)
  await given.calls(db, [
    ['2025-12-01T10:00:00Z', {}],
    ['2026-01-17T10:00:00Z', {}],
    ['2026-01-19T10:00:00Z', {}],
  ])
  const days = async (factDays: number | null) => (await late(100, NOON, factDays)).map(({ day }) => day)
  expect(await days(null)).toHaveLength(50)
  expect(await days(5)).toEqual(['2026-01-16', '2026-01-17', '2026-01-18', '2026-01-19'])
  expect(await days(3)).toEqual(['2026-01-18', '2026-01-19'])
  expect(await days(1)).toEqual([])
})

test('what is in progress is late no more, so that a client after one with many late days is planned', async () => {
  for (const id of ['acme', 'bolt']) await given.client(db, { id })
  await given.calls(db, [
    ['2026-01-01T10:00:00Z', {}],
    ['2026-01-04T10:00:00Z', {}],
    ['2026-01-02T10:00:00Z', { client_id: 'bolt' }],
  ])
  await engine.ledger.requestAll(
    ['2026-01-01', '2026-01-03'].map((day) => on(rollUpDay, { clientId: ACME, day })),
    { origin: 'program', requestedBy: 'test', again: 'no' },
  )
  expect(await late(2)).toEqual([
    { clientId: ACME, day: '2026-01-02' },
    { clientId: 'bolt', day: '2026-01-02' },
  ])
  await plan()
  expect((await runs()).map(([key]) => key)).toEqual([
    ...['acme.2026-01-01', 'acme.2026-01-02', 'acme.2026-01-03', 'acme.2026-01-04'],
    'bolt.2026-01-02',
  ])
  expect(await late(100)).toEqual([])
})

test('a roll-up that was done, and whose second time somebody cancelled, is planned again when its day changes, and not before', async () => {
  await given.client(db)
  await given.calls(db, [['2026-01-01T10:00:00Z', {}]])
  await plan()
  const done = { state: 'succeeded', finished_at: sql<string>`clock_timestamp()` } as const
  await db.updateTable('runs').set(done).execute()
  await given.calls(db, [['2026-01-01T11:00:00Z', {}]])
  await plan()
  const { id } = await db.selectFrom('runs').select('id').executeTakeFirstOrThrow()
  await engine.ledger.cancel(id, 'somebody')
  expect(await runs()).toEqual([['acme.2026-01-01', 'succeeded']])
  await plan()
  expect(await runs()).toEqual([['acme.2026-01-01', 'succeeded']])
  await given.calls(db, [['2026-01-01T12:00:00Z', {}]])
  await plan()
  expect(await runs()).toEqual([['acme.2026-01-01', 'planned']])
})

test('a roll-up that failed for good is tried again when its day changes, and not before', async () => {
  await given.client(db)
  await given.calls(db, [['2026-01-01T10:00:00Z', {}]])
  await plan()
  for (const state of ['failed', 'cancelled'] as const) {
    await db.updateTable('runs').set({ state, finished_at: sql`clock_timestamp()` }).execute()
    await plan()
    expect(await runs()).toEqual([['acme.2026-01-01', state]])
    await given.calls(db, [['2026-01-01T11:00:00Z', {}]])
    await plan()
    expect(await runs()).toEqual([['acme.2026-01-01', 'planned']])
  }
})
