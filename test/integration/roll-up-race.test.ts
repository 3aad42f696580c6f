import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import type { ClientTransaction, SystemDatabase } from '../../src/db/database.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { naiveRollUps } from '../support/naive-roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase({ connectionsMax: 16 })
const db = database.system

const DAY = '2026-03-02'
const NOON = `${DAY}T12:00:00Z`

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

function inTransaction<T>(work: (tx: ClientTransaction) => Promise<T>): Promise<T> {
  return database.forClient(ACME).transaction().execute(work)
}

function rollUp(day = DAY) {
  return inTransaction((tx) => rollUpDay(tx, { clientId: ACME, day }))
}

/** A promise and the function that keeps it. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Waits until as many sessions of this database as that wait for somebody else's lock. */
async function untilWaiting(sessions: number): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { rows } = await sql<{ waiting: number }>`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
    if ((rows[0]?.waiting ?? 0) >= sessions) return
    await new Promise((done) => setTimeout(done, 10))
  }
  throw new Error(`no ${sessions} sessions came to wait`)
}

async function state() {
  const [day] = await table(db, 'rollup_days')
  const answered = (await table(db, 'agent_metrics')).reduce((sum, row) => sum + Number(row['answered']), 0)
  return { answered, dirty: Number(day?.['facts_version']) > Number(day?.['rolled_version']) }
}

test('a roll-up waits for a fact that is being committed, and counts it', async () => {
  await given.calls(db, [[NOON, {}]])
  const written = gate()
  const mayCommit = gate()
  const writer = db.transaction().execute(async (tx) => {
    await given.calls(tx, [[NOON, {}]])
    written.open()
    await mayCommit.opened
  })
  await written.opened
  const rolled = rollUp()
  await untilWaiting(1)
  mayCommit.open()
  await Promise.all([writer, rolled])
  expect(await state()).toEqual({ answered: 2, dirty: false })
})

test('a fact that comes while its day is being rolled up waits, is not counted, and leaves the day dirty', async () => {
  await given.calls(db, [[NOON, {}]])
  const rolledUp = gate()
  const mayCommit = gate()
  const rolled = inTransaction(async (tx) => {
    await rollUpDay(tx, { clientId: ACME, day: DAY })
    rolledUp.open()
    await mayCommit.opened
  })
  await rolledUp.opened
  const writer = given.calls(db, [[NOON, {}]])
  await untilWaiting(1)
  mayCommit.open()
  await Promise.all([writer, rolled])
  expect(await state()).toEqual({ answered: 1, dirty: true })
  await rollUp()
  expect(await state()).toEqual({ answered: 2, dirty: false })
})

test('the first fact of a day that is being rolled up for the first time leaves it dirty', async () => {
  const rolledUp = gate()
  const mayCommit = gate()
  const rolled = inTransaction(async (tx) => {
    await rollUpDay(tx, { clientId: ACME, day: DAY })
    rolledUp.open()
    await mayCommit.opened
  })
  await rolledUp.opened
  const writer = given.calls(db, [[NOON, {}]])
  await untilWaiting(1)
  mayCommit.open()
  await Promise.all([writer, rolled])
  expect(await state()).toEqual({ answered: 0, dirty: true })
})

test('two roll-ups of one day at once are the same as one', async () => {
  await given.calls(db, [[NOON, { customer_id: 'c1', resolved: true }]])
  await rollUp()
  const once = await table(db, 'agent_metrics')
  await Promise.all([rollUp(), rollUp(), rollUp()])
  expect(await table(db, 'agent_metrics')).toEqual(once)
})

test('a day whose contacts repeat those of another waits for the roll-up of the other', async () => {
  const resolved = { customer_id: 'c1', resolved: true }
  await given.calls(db, [['2026-03-01T12:00:00Z', resolved]])
  await rollUp('2026-03-01')
  const rolledUp = gate()
  const mayCommit = gate()
  const earlier = inTransaction(async (tx) => {
    await rollUpDay(tx, { clientId: ACME, day: '2026-03-01' })
    rolledUp.open()
    await mayCommit.opened
  })
  await rolledUp.opened
  await given.calls(db, [[NOON, resolved]])
  const later = rollUp(DAY)
  await untilWaiting(1)
  mayCommit.open()
  await Promise.all([earlier, later])
  const counts = (await table(db, 'agent_metrics')).map((row) => [row['day'], row['resolved_first']])
  expect(counts).toEqual([
    ['2026-03-01', 0],
    [DAY, 1],
  ])
})

test('a fact that is being written while its client changes its zone has its day in the new zone rolled up', async () => {
  const written = gate()
  const mayCommit = gate()
  // In Tokyo it is the 3rd already, a day nobody knows of.
  const writer = db.transaction().execute(async (tx) => {
    await given.calls(tx, [[`${DAY}T20:00:00Z`, {}]])
    written.open()
    await mayCommit.opened
  })
  await written.opened
  const moved = db.updateTable('clients').set({ time_zone: 'Asia/Tokyo' }).execute()
  await Promise.race([moved, untilWaiting(1)])
  mayCommit.open()
  await Promise.all([writer, moved])
  const days = await db.selectFrom('rollup_days').select('day').orderBy('day').execute()
  expect(days.map(({ day }) => day)).toEqual([DAY, '2026-03-03'])
})

test('a fact that comes while its client changes its zone waits, and is marked by the new zone', async () => {
  const changed = gate()
  const mayCommit = gate()
  const moved = db.transaction().execute(async (tx) => {
    await tx.updateTable('clients').set({ time_zone: 'Asia/Tokyo' }).execute()
    changed.open()
    await mayCommit.opened
  })
  await changed.opened
  const writer = given.calls(db, [[`${DAY}T20:00:00Z`, {}]])
  await Promise.race([writer, untilWaiting(1)])
  mayCommit.open()
  await Promise.all([moved, writer])
  expect((await table(db, 'rollup_days')).map(({ day }) => day)).toEqual(['2026-03-03'])
})

/** In one snapshot: every day that calls itself clean holds exactly what its facts say. */
async function expectCleanDaysToBeRight(snapshot: SystemDatabase): Promise<void> {
  const days = await table(snapshot, 'rollup_days')
  const rolled = await table(snapshot, 'agent_metrics')
  const facts = await table(snapshot, 'interactions')
  for (const { day, facts_version, rolled_version } of days) {
    if (Number(facts_version) > Number(rolled_version)) continue
    const answered = rolled.filter((row) => row['day'] === day).reduce((sum, row) => sum + Number(row['answered']), 0)
    expect([day, answered]).toEqual([
      day,
      facts.filter((row) => String(row['started_at']).startsWith(String(day))).length,
    ])
  }
}

test('whoever looks at any moment while facts stream in and days are rolled up sees no clean day that is wrong', async () => {
  const days = ['2026-03-01', '2026-03-02', '2026-03-03']
  const someDay = (n: number) => days[n % days.length] ?? DAY
  const writing = new AbortController()
  const until = (turns: number) => (turn: number) => turn < turns && !writing.signal.aborted
  const writers = [0, 1, 2].map(async (writer) => {
    for (let n = 0; n < 40; n += 1)
      await given.calls(db, [
        [`${someDay(n + writer)}T0${n % 10}:00:00Z`, { customer_id: `c${n % 7}`, resolved: true }],
      ])
  })
  const goesOn = until(1000)
  const rollers = [0, 1].map(async (roller) => {
    for (let n = roller; goesOn(n); n += 1) await rollUp(someDay(n))
  })
  const watch = async () => {
    let looks = 0
    for (; goesOn(looks); looks += 1)
      await db.transaction().setIsolationLevel('repeatable read').execute(expectCleanDaysToBeRight)
    return looks
  }
  const watcher = watch()
  await Promise.all(writers)
  writing.abort()
  const [looks] = await Promise.all([watcher, ...rollers])
  expect(looks).toBeGreaterThan(5)
  for (const day of days) await rollUp(day)
  const [client] = await table(db, 'clients')
  const calls = await table(db, 'interactions')
  const expected = naiveRollUps({ client: client as never, calls: calls as never, surveys: [], payments: [] })
  const resolvedFirst = (rows: Record<string, unknown>[]) =>
    rows.map((row) => `${row['hour_at']} ${Number(row['answered'] ?? 0)} ${Number(row['resolved_first'] ?? 0)}`).sort()
  expect(resolvedFirst(await table(db, 'agent_metrics'))).toEqual(resolvedFirst(expected.agent_metrics))
})
