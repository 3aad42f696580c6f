import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { observeLtv, prepareJourneys, standingQuestions } from '../../src/analytics/journeys/index.ts'
import { createQuestions } from '../../src/analytics/questions/index.ts'
import type { JobTools } from '../../src/jobs/job-tools.ts'
import { prepareJourneys as job } from '../../src/jobs/prepare-journeys.ts'
import { createLog } from '../../src/log.ts'
import { perform } from '../../src/queues/index.ts'
import { addDays } from '../../src/time.ts'
import { ACME, given, table } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const tools = { database, log: createLog('silent'), jobTools: {} as JobTools }
const never = new AbortController().signal

/** The night of the 19th prepares what pages ask on the 20th. */
const DAY = '2026-03-19'
const TODAY = addDays(DAY, 1)
const client = (clientId = ACME) => ({ clientId, timeZone: 'UTC', currency: 'EUR', today: TODAY })
const lifetime = { clientId: ACME, window: { from: addDays(TODAY, -30), to: TODAY }, today: TODAY, top: 10 }

beforeEach(async () => {
  for (const name of [
    'interactions',
    'payments',
    'touchpoints',
    'bookings',
    'customers',
    'erasures',
    'clients',
  ] as const)
    await db.deleteFrom(name).execute()
  await given.client(db)
  await given.client(db, { id: 'blue' })
})

/** As a process that has just started. */
const lifetimeNow = () => observeLtv(database.forClient(ACME), lifetime, createQuestions(database).rows)

async function answers(clientId: string, kept: 'kept' | 'computed'): Promise<Record<string, unknown>> {
  const { rows } = createQuestions(database)
  const said: Record<string, unknown> = {}
  for (const { name, ask } of standingQuestions(client(clientId)))
    said[name] = await ask(database.forClient(clientId), kept === 'kept' ? rows : null)
  return said
}

const buy = async (customer: string, day: string, amount: number) => {
  await given.calls(db, [[`${day}T10:00:00Z`, { customer_id: customer }]])
  await given.payments(db, [[`${day}T11:00:00Z`, { customer_id: customer, amount_minor: amount }]])
}

const rollUp = async (clientId = ACME) => {
  const days = await db.selectFrom('rollup_days').select('day').where('client_id', '=', clientId).execute()
  await rollUpDays(
    database,
    clientId,
    days.map(({ day }) => day),
  )
}

const prepare = (clientId = ACME) => perform(job, { clientId, day: DAY }, tools)

/** Changes what answers are made of behind the back of the marks: an answer that is read again shows it. */
async function changeUnseen(): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql`update payments set amount_minor = amount_minor + 1`.execute(tx)
    await sql`update customer_metrics set gross_minor = gross_minor + 1`.execute(tx)
    await sql`delete from interactions`.execute(tx)
  })
}

const drawnFact = fc.record({
  customer: fc.constantFrom('c1', 'c2', 'c3', 'c4'),
  day: fc.integer({ min: 1, max: 400 }),
  amount: fc.integer({ min: 1, max: 100_000 }),
  campaign: fc.constantFrom('spring', 'autumn', null),
})

test('what is prepared is what is computed, exactly, and is given without being computed again', async () => {
  const worlds = fc.asyncProperty(fc.array(drawnFact, { minLength: 1, maxLength: 25 }), async (facts) => {
    for (const name of ['interactions', 'payments', 'touchpoints', 'clients'] as const)
      await db.deleteFrom(name).execute()
    await given.client(db)
    for (const { customer, day, amount, campaign } of facts) {
      const on = addDays(TODAY, -day)
      await buy(customer, on, amount)
      const touch = { customer_id: customer, touched_at: `${addDays(on, -1)}T09:00:00Z`, channel: 'web', kind: 'ad' }
      await given.facts(db, 'touchpoints', [{ ...touch, campaign_id: campaign }])
    }
    await rollUp()
    const computed = await answers(ACME, 'computed')
    await prepare()
    await changeUnseen()
    expect(await answers(ACME, 'kept')).toEqual(computed)
    expect(await answers(ACME, 'computed')).not.toEqual(computed)
  })
  await fc.assert(worlds, { numRuns: 8 })
}, 120_000)

test('after a late fact the answer is that of the night and says so, until the next preparation', async () => {
  await buy('c1', '2026-03-02', 1000)
  await rollUp()
  await prepare()
  const night = await lifetimeNow()
  expect([night.netMinor, night.trust.asOf]).toEqual([1000, null])
  await buy('c2', '2026-03-03', 500)
  await rollUp()
  const [{ prepared_at }] = (await table(db, 'prepared_journeys')) as [{ prepared_at: string }]
  const late = await lifetimeNow()
  expect([late.netMinor, late.top.length, late.trust.asOf, late.trust.provisional]).toEqual([
    1000,
    1,
    prepared_at,
    true,
  ])
  await prepare()
  const after = await lifetimeNow()
  expect([after.netMinor, after.top.length, after.trust.asOf]).toEqual([1500, 2, null])
})

test('a projection that the night has refused is refused as of the night, once something has changed', async () => {
  const refusals = async () =>
    Object.entries(await answers(ACME, 'kept')).flatMap(([name, said]) =>
      name.startsWith('lifetime value projected') ? [(said as { refused: string }).refused] : [],
    )
  await buy('c1', '2026-03-02', 1000)
  await rollUp()
  await prepare()
  const night = await refusals()
  await buy('c2', '2026-03-03', 500)
  await rollUp()
  const [{ prepared_at }] = (await table(db, 'prepared_journeys')) as [{ prepared_at: string }]
  expect(await refusals()).toEqual(night.map((words) => `${words} This is as of ${prepared_at}.`))
})

test('what comes in today changes nothing of a projection, which counts no day that is not over', async () => {
  const projected = async () =>
    Object.entries(await answers(ACME, 'kept')).filter(([name]) => name.startsWith('lifetime value projected'))
  await buy('c1', '2026-03-02', 1000)
  await rollUp()
  await prepare()
  const night = await projected()
  await buy('c1', TODAY, 500)
  expect(await projected()).toEqual(night)
})

test('a night that is made again later leaves what a later one has prepared', async () => {
  await buy('c1', '2026-03-02', 1000)
  await rollUp()
  await prepare()
  const before = await table(db, 'prepared_journeys')
  await perform(job, { clientId: ACME, day: addDays(DAY, -1) }, tools)
  expect(await table(db, 'prepared_journeys')).toEqual(before)
})

test('an erasure drops what was prepared, and what was being prepared meanwhile is not stored', async () => {
  await buy('c1', '2026-03-02', 1000)
  await buy('c2', '2026-03-02', 1000)
  await rollUp()
  await prepare()
  expect(JSON.stringify(await table(db, 'prepared_journeys'))).toContain('c1')
  const underWay = await prepareJourneys(database.forClient(ACME), { clientId: ACME, day: DAY, signal: never })
  await sql`insert into erasures (client_id, customer_hash, requested_by, finished_at)
    values (${ACME}, sha256('c1'), 'tester', now())`.execute(db)
  expect(await table(db, 'prepared_journeys')).toEqual([])
  const store = database.forClient(ACME).transaction().execute(underWay.store)
  await expect(store).rejects.toThrow('was erased while its journeys were prepared')
  expect(await table(db, 'prepared_journeys')).toEqual([])
})

test('a client is given nothing that was prepared for another', async () => {
  await buy('c1', '2026-03-02', 1000)
  await rollUp()
  await rollUpDays(database, 'blue', ['2026-03-02'])
  const computed = await answers('blue', 'computed')
  await prepare()
  expect(await answers('blue', 'kept')).toEqual(computed)
  await prepare('blue')
  expect(await answers('blue', 'kept')).toEqual(computed)
  const seen = await database.forClient('blue').selectFrom('prepared_journeys').select('client_id').distinct().execute()
  expect(seen).toEqual([{ client_id: 'blue' }])
})

test('a preparation that dies leaves what the one before had made', async () => {
  await buy('c1', '2026-03-02', 1000)
  await rollUp()
  await prepare()
  const before = await table(db, 'prepared_journeys')
  await buy('c2', '2026-03-03', 500)
  await rollUp()
  const stop = new AbortController()
  stop.abort()
  const stopped = prepareJourneys(database.forClient(ACME), { clientId: ACME, day: DAY, signal: stop.signal })
  await expect(stopped).rejects.toThrow('aborted')
  const { store } = await prepareJourneys(database.forClient(ACME), { clientId: ACME, day: DAY, signal: never })
  const killed = database
    .forClient(ACME)
    .transaction()
    .execute(async (tx) => {
      await store(tx)
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
    })
  await expect(killed).rejects.toThrow()
  expect(await table(db, 'prepared_journeys')).toEqual(before)
})
