import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { forecastCallVolume as forecast } from '../../src/analytics/forecasts/index.ts'
import { forecastCallVolume } from '../../src/jobs/forecast-call-volume.ts'
import { planLateWork } from '../../src/jobs/plan-late-work.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { on } from '../../src/queues/index.ts'
import { addDays, daysOf } from '../../src/time.ts'
import { ACME, given, table } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
const { engine, close } = await openTestEngine('postgres', database, [rollUpDay, forecastCallVolume])

afterAll(() => close())

const LAST = '2026-06-30'
const NOON = Temporal.Instant.from('2026-07-01T12:00:00Z')

beforeEach(async () => {
  await sql`truncate runs cascade`.execute(db)
  await db.deleteFrom('clients').execute()
  await given.client(db)
})

/** The night of a client without any roll-up. */
async function givenNight(day = LAST): Promise<void> {
  const asked = { origin: 'program', requestedBy: 'the night', again: 'no' } as const
  await engine.ledger.request(on(forecastCallVolume, { clientId: ACME, day }), asked)
  await end('succeeded')
}

/** Every run that is open has begun and ended. */
async function end(state: 'succeeded' | 'failed' | 'cancelled'): Promise<void> {
  const now = sql<string>`clock_timestamp()`
  const open = db.updateTable('runs').set({ state, started_at: now, finished_at: now })
  await open.where('state', 'in', ['planned', 'queued', 'running']).execute()
}

/** So many days up to LAST, each rolled up just now, with ten contacts. */
async function rollUp(count: number): Promise<void> {
  const days = daysOf({ from: addDays(LAST, 1 - count), to: addDays(LAST, 1) })
  const rolled = { facts_version: 1, rolled_version: 1, rolled_at: sql<string>`clock_timestamp()` }
  await db
    .insertInto('rollup_days')
    .values(days.map((day) => ({ client_id: ACME, day, ...rolled })))
    .onConflict((conflict) => conflict.columns(['client_id', 'day']).doUpdateSet({ rolled_at: sql`clock_timestamp()` }))
    .execute()
  const of = { client_id: ACME, agent_id: '', sector_id: 'sales', channel: 'voice', offered: 10 }
  await db
    .insertInto('agent_metrics')
    .values(days.map((day) => ({ ...of, day, hour_at: `${day}T09:00:00Z` })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function makeForecast(): Promise<void> {
  const acme = database.forClient(ACME)
  const made = await forecast(acme, { clientId: ACME, day: LAST })
  await acme.transaction().execute((tx) => made.store(tx))
}

/** What became of each forecast in a minute of the scheduler: its day, and whether it is open. */
async function afterTick(): Promise<[day: string, isOpen: boolean][]> {
  await planLateWork(db, engine.ledger, NOON, null)
  const runs = db.selectFrom('runs').select(['key', 'state']).where('job', '=', forecastCallVolume.name).orderBy('key')
  return (await runs.execute()).map(({ key, state }) => [
    key.slice(`${ACME}.`.length),
    // The dispatcher is awake: what is planned may be queued already.
    ['planned', 'queued'].includes(state),
  ])
}

test('a forecast that came before its days is planned again when they are there, until there is one', async () => {
  await givenNight()
  expect(await afterTick()).toEqual([[LAST, false]])
  await rollUp(59)
  expect(await afterTick()).toEqual([[LAST, false]])
  await rollUp(60)
  expect(await afterTick()).toEqual([[LAST, true]])
  await makeForecast()
  await end('succeeded')
  expect(await table(db, 'forecasts')).toMatchObject([
    { sector_id: '', made_on: LAST, history_days: 60 },
    { sector_id: 'sales', made_on: LAST, history_days: 60 },
  ])
  await rollUp(60)
  expect(await afterTick()).toEqual([[LAST, false]])
})

test('it waits for the days that are on their way', async () => {
  await givenNight()
  await rollUp(60)
  const early = on(rollUpDay, { clientId: ACME, day: addDays(LAST, -100) })
  await engine.ledger.request(early, { origin: 'program', requestedBy: 'test', again: 'no' })
  expect(await afterTick()).toEqual([[LAST, false]])
  await end('succeeded')
  expect(await afterTick()).toEqual([[LAST, true]])
})

test.each(['succeeded', 'failed'] as const)(
  'one that %s without a forecast comes back with the next roll-up',
  async (state) => {
    await givenNight()
    await rollUp(60)
    expect(await afterTick()).toEqual([[LAST, true]])
    await end(state)
    expect(await afterTick()).toEqual([[LAST, false]])
    await rollUp(61)
    expect(await afterTick()).toEqual([[LAST, true]])
  },
)

test('one that somebody cancelled stays so until days change', async () => {
  await givenNight()
  await rollUp(60)
  await afterTick()
  const run = db.selectFrom('runs').select('id').where('job', '=', forecastCallVolume.name)
  const { id } = await run.executeTakeFirstOrThrow()
  await engine.ledger.cancel(id, 'somebody')
  expect(await afterTick()).toEqual([[LAST, false]])
  await rollUp(61)
  expect(await afterTick()).toEqual([[LAST, true]])
})

test('of a client’s forecasts only the newest comes back', async () => {
  await givenNight(addDays(LAST, -1))
  await givenNight()
  await rollUp(70)
  expect(await afterTick()).toEqual([
    [addDays(LAST, -1), false],
    [LAST, true],
  ])
})
