import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import {
  attributeConversions,
  type FunnelStep,
  measureCohorts,
  measureFunnel,
  observeLtv,
  projectLtv,
} from '../../src/analytics/journeys/index.ts'
import { createQuestions } from '../../src/analytics/questions/index.ts'
import type { Day } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)
const { rows } = createQuestions(database)

const march = { from: '2026-03-01', to: '2026-04-01' }
const keptFrom = { events: null, facts: null }
const asked = { clientId: ACME, timeZone: 'UTC', window: march, today: '2026-03-20', keptFrom } as const
const steps: FunnelStep[] = [{ kind: 'interaction', channel: null }, { kind: 'payment' }]

/** What each question says, in a number. */
const QUESTIONS = {
  async funnel() {
    const { stages } = await measureFunnel(acme, { ...asked, steps, conversionDays: 7, split: 'none' }, rows)
    return stages[0]?.customers
  },
  async attribution() {
    const question = { ...asked, currency: 'EUR', conversion: 'payment', model: 'last', by: 'campaign' } as const
    return (await attributeConversions(acme, { ...question, lookbackDays: 5, halfLifeDays: 7 }, rows)).totalMinor
  },
  async cohorts() {
    const { cohorts } = await measureCohorts(acme, { ...asked, grain: 'month', activity: 'order', periods: 1 }, rows)
    return cohorts[0]?.netMinor
  },
  async observed() {
    return (await observeLtv(acme, { ...asked, top: 0 }, rows)).netMinor
  },
  async projected() {
    const projection = await projectLtv(acme, { ...asked, today: '2026-04-20', horizonMonths: 12 }, rows)
    return 'refused' in projection ? projection.refused : projection.customers
  },
}

async function answers(): Promise<Record<string, unknown>> {
  const said = Object.entries(QUESTIONS).map(async ([name, ask]) => [name, await ask()])
  return Object.fromEntries(await Promise.all(said))
}

async function rollUp(day: Day): Promise<void> {
  await rollUpDays(database, ACME, [day])
}

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

const buy = async (day: Day) => {
  await given.calls(db, [[`${day}T10:00:00Z`, { customer_id: `c-${day}` }]])
  await given.payments(db, [[`${day}T11:00:00Z`, { customer_id: `c-${day}`, amount_minor: 1000 }]])
}

test('an answer on journeys is kept until a day that it depends on gets facts or is rolled up again', async () => {
  await buy('2026-03-02')
  await rollUp('2026-03-02')
  const first = await answers()
  expect(first).toMatchObject({ funnel: 1, attribution: 1000, cohorts: 1000, observed: 1000 })
  // Behind the back of the marks: what is kept does not see it.
  await db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql`update payments set amount_minor = 7777`.execute(tx)
    await sql`update customer_metrics set gross_minor = 7777`.execute(tx)
    await sql`insert into interactions (client_id, id, started_at, channel, status, wait_s, customer_id)
      values (${ACME}, 'unseen', '2026-03-03T10:00:00Z', 'voice', 'answered', 1, 'c9')`.execute(tx)
  })
  expect(await answers()).toEqual(first)
  await buy('2026-03-05')
  // Facts are seen at once; what is rolled up, when it is.
  expect(await answers()).toMatchObject({ funnel: 3, attribution: 8777, cohorts: 7777, observed: 7777 })
  await rollUp('2026-03-05')
  expect(await answers()).toMatchObject({ funnel: 3, attribution: 8777, cohorts: 8777, observed: 8777 })
})

test('facts that come in all day leave what was rolled up as it is until the day is rolled up', async () => {
  await buy('2026-03-02')
  await rollUp('2026-03-02')
  await buy('2026-03-20')
  await QUESTIONS.cohorts()
  await sql`update customer_metrics set gross_minor = 7777`.execute(db)
  await buy('2026-03-20')
  expect(await QUESTIONS.cohorts()).toBe(1000)
  await rollUp('2026-03-20')
  expect(await QUESTIONS.cohorts()).toBe(9777)
})

test('a conversion or a touchpoint outside the days of a question drops nothing', async () => {
  await buy('2026-03-02')
  const before = await QUESTIONS.attribution()
  await db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql`update payments set amount_minor = 7777`.execute(tx)
  })
  await buy('2026-04-20')
  expect([before, await QUESTIONS.attribution()]).toEqual([1000, 1000])
})

test('the names of the best customers are read again', async () => {
  await db.insertInto('customers').values({ client_id: ACME, id: 'c-2026-03-02', name: 'Ada' }).execute()
  await buy('2026-03-02')
  await rollUp('2026-03-02')
  const top = async () =>
    (await observeLtv(acme, { ...asked, top: 1 }, rows)).top.map((row) => [row.name, row.gross_minor])
  expect(await top()).toEqual([['Ada', 1000]])
  await db.updateTable('customers').set({ name: null }).execute()
  await sql`update customer_metrics set gross_minor = 7777`.execute(db)
  expect(await top()).toEqual([[null, 1000]])
})

test('roles are read again, for no day knows of them', async () => {
  await db.insertInto('customers').values({ client_id: ACME, id: 'c-2026-03-02', role: 'client' }).execute()
  await buy('2026-03-02')
  const keys = async () => {
    const { groups } = await measureFunnel(acme, { ...asked, steps, conversionDays: 7, split: 'role' }, rows)
    return groups.map(({ key }) => key)
  }
  expect(await keys()).toEqual(['client'])
  await db.updateTable('customers').set({ role: 'ca' }).execute()
  expect(await keys()).toEqual(['ca'])
})
