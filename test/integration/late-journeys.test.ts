import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { lateJourneys } from '../../src/analytics/journeys/index.ts'
import { planLateWork } from '../../src/jobs/plan-late-work.ts'
import { prepareJourneys } from '../../src/jobs/prepare-journeys.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { on } from '../../src/queues/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
const { engine, close } = await openTestEngine('postgres', database, [rollUpDay, prepareJourneys])

afterAll(() => close())

const DAY = '2026-06-30'
const NOON = Temporal.Instant.from('2026-07-01T12:00:00Z')
const jobs = { prepare: prepareJourneys.name, rollUp: rollUpDay.name }
const late = (afterMs = 0) => lateJourneys(db, { ...jobs, afterMs })

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
  await given.client(db, { id: 'blue' })
  await rollUp(DAY)
  await prepare()
})

/** A day that is rolled up just now. */
async function rollUp(day: string): Promise<void> {
  await sql`insert into rollup_days (client_id, day, facts_version, rolled_version, rolled_at)
    values (${ACME}, ${day}, 1, 1, clock_timestamp())
    on conflict (client_id, day) do update set rolled_at = clock_timestamp()`.execute(db)
}

/** The night has prepared an answer just now. */
async function prepare(): Promise<void> {
  await sql`insert into prepared_journeys (client_id, question, stamp, day, rows, prepared_at)
    values (${ACME}, 'one', 'a', ${DAY}, '[]', clock_timestamp())
    on conflict (client_id, question) do update set prepared_at = clock_timestamp()`.execute(db)
}

const runs = () => db.selectFrom('runs').select(['job', 'key', 'origin']).execute()

test('what was prepared from days as they are is left alone', async () => {
  expect(await late()).toEqual([])
})

test('a day that is rolled up again has its journeys prepared again, for the client it is of, a while after the last time', async () => {
  await rollUp('2026-06-12')
  expect(await late()).toEqual([{ clientId: ACME, day: DAY }])
  expect(await late(60_000)).toEqual([])
  await prepare()
  expect(await late()).toEqual([])
})

test('a day after those that were prepared changes nothing', async () => {
  await rollUp('2026-07-01')
  expect(await late()).toEqual([])
})

test('it waits for roll-ups that are on their way, and for a preparation that is', async () => {
  await rollUp('2026-06-12')
  for (const request of [
    on(rollUpDay, { clientId: ACME, day: '2026-06-13' }),
    on(prepareJourneys, { clientId: ACME, day: DAY }),
  ]) {
    await engine.ledger.request(request, { origin: 'program', requestedBy: 'a test', again: 'no' })
    expect(await late()).toEqual([])
    await db.deleteFrom('runs').execute()
  }
})

test('a preparation that failed is not asked for again until another day is rolled up', async () => {
  await rollUp('2026-06-12')
  await engine.ledger.request(on(prepareJourneys, { clientId: ACME, day: DAY }), {
    origin: 'program',
    requestedBy: 'a test',
    again: 'no',
  })
  await db.updateTable('runs').set({ state: 'failed', finished_at: sql`clock_timestamp()` }).execute()
  expect(await late()).toEqual([])
  await rollUp('2026-06-14')
  expect(await late()).toEqual([{ clientId: ACME, day: DAY }])
})

test('the scheduler plans it', async () => {
  await db.updateTable('prepared_journeys').set({ prepared_at: sql`clock_timestamp() - interval '1 hour'` }).execute()
  await planLateWork(db, engine.ledger, NOON, null)
  expect(await runs()).toContainEqual({ job: 'prepare-journeys', key: `${ACME}.${DAY}`, origin: 'late-facts' })
})
