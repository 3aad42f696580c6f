import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countCustomerRows, eraseCustomer, findMentions } from '../../src/privacy/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import {
  ADA,
  audited,
  COMMENTS,
  customers,
  DAYS,
  database,
  db,
  erase,
  never,
  pseudonym,
  ROLL_UPS,
  rollUp,
  storage,
  tables,
} from '../support/erasure-world.ts'
import { givenEveryFact } from '../support/every-fact.ts'
import { ACME, given, table } from '../support/given.ts'
import { requestErasure } from '../support/request-erasure.ts'

const BOB = 'bob-1820@example.com'

const dayStates = () =>
  db
    .selectFrom('rollup_days')
    .select(['client_id', 'day', 'facts_version', 'rolled_version'])
    .orderBy('client_id')
    .orderBy('day')
    .execute()

/** Ada and Bob, each with a fact of every kind on three days, all rolled up. */
async function twoCustomers(): Promise<void> {
  await customers(ADA, BOB)
  for (const [n, day] of DAYS.entries()) {
    await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: `${day}T10:00:00Z`, key: `a${n}` })
    await givenEveryFact(db, { clientId: ACME, customerId: BOB, at: `${day}T11:00:00Z`, key: `b${n}` })
  }
  await rollUp(DAYS)
}

/** Tables of which every fact of a customer has one row. */
const NAMING = [
  'analytics_events',
  'bookings',
  'customer_metrics',
  'customer_satisfaction',
  'customer_tiers',
  'deals',
  'interactions',
  'lead_stage_changes',
  'leads',
  'payments',
  'service_requests',
  'subscriptions',
  'touchpoints',
]

describe('erasing one customer', () => {
  test('takes the id out of every table, and puts on record what was done, but not of whom', async () => {
    await twoCustomers()
    await db
      .updateTable('customers')
      .set({ attributes: JSON.stringify({ friend: ADA }) })
      .where('id', '=', BOB)
      .execute()
    await audited(ACME, { target: `customer:${ADA}`, after: [{ [ADA]: 1 }] })
    const own = await countCustomerRows(database, { clientId: ACME, customerId: ADA })
    expect(own).toEqual({ ...Object.fromEntries(NAMING.map((name) => [name, 3])), customers: 1 })
    const { rowCounts, id } = await erase(ADA)
    const elsewhere = { 'customers (mentions)': 1, 'analytics_audit_log (mentions)': 1 }
    expect(rowCounts).toEqual({ ...own, ...elsewhere, ...COMMENTS })
    expect(await findMentions(database, { clientId: ACME, customerId: ADA })).toEqual({ mentions: [], namesakes: [] })
    const [erasure] = await db.selectFrom('erasures').selectAll().execute()
    const { erasure_salt: salt } = await db.selectFrom('clients').select('erasure_salt').executeTakeFirstOrThrow()
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${salt}:${ADA}`))
    expect(erasure).toEqual({
      client_id: ACME,
      id,
      customer_hash: Buffer.from(digest),
      requested_at: expect.any(String),
      requested_by: 'tester',
      pending_id: null,
      pending_name: null,
      row_counts: rowCounts,
      reports: expect.any(Object),
      verification_count: 0,
      finished_at: expect.any(String),
    })
    const [entry] = await db.selectFrom('analytics_audit_log').select(['target', 'after']).execute()
    expect(entry?.target).toMatch(/^customer:erased-/)
  })

  test('empties names and free text, keeps what sums stand on, and leaves other customers as they are', async () => {
    await twoCustomers()
    await erase(ADA)
    const rows = await db.selectFrom('customers').selectAll().orderBy('id').execute()
    const same = {
      client_id: ACME,
      role: 'client',
      country: 'CH',
      attributes: {},
      first_contact_at: `${DAYS[0]}T08:00:00Z`,
    }
    expect(rows).toEqual([
      { ...same, id: BOB, name: `Name of ${BOB}`, erased_at: null },
      { ...same, id: pseudonym, name: null, erased_at: expect.any(String) },
    ])
    const events = await db
      .selectFrom('analytics_events')
      .selectAll()
      .where('id', 'in', ['a0', 'b0'])
      .orderBy('id')
      .execute()
    expect(events).toMatchObject([
      { customer_id: rows[1]?.id, name: 'visit', properties: {}, session_id: null },
      { customer_id: BOB, name: 'visit', properties: { customer: BOB }, session_id: 's' },
    ])
    const surveys = await db
      .selectFrom('customer_satisfaction')
      .selectAll()
      .where('id', 'in', ['a0', 'b0'])
      .orderBy('id')
      .execute()
    expect(surveys).toMatchObject([
      { customer_id: rows[1]?.id, comment: null, csat: 5 },
      { customer_id: BOB, comment: `I am ${BOB}.`, csat: 5 },
    ])
  })

  test('empties what was written about the customer’s contacts where only the contact is named, or its review', async () => {
    await customers(ADA, BOB)
    await given.calls(db, [
      [`${DAYS[0]}T10:00:00Z`, { id: 'of-ada', customer_id: ADA }],
      [`${DAYS[0]}T10:00:00Z`, { id: 'of-bob', customer_id: BOB }],
    ])
    const contacts = ['of-ada', 'of-bob']
    await given.surveys(
      db,
      contacts.map((id) => [
        `${DAYS[0]}T11:00:00Z`,
        { id, interaction_id: id, csat: 1, comment: 'I live at 5 Elm Street' },
      ]),
    )
    for (const id of contacts) {
      const who = { client_id: ACME, id }
      await db
        .insertInto('call_quality_scores')
        .values({ ...who, reviewed_at: `${DAYS[0]}T12:00:00Z`, interaction_id: id, overall: 50 })
        .execute()
      await db
        .insertInto('call_quality_issues')
        .values({
          ...{ ...who, noted_at: `${DAYS[0]}T12:00:00Z`, score_id: id },
          ...{ category: 'tone', severity: 'minor', description: 'Rude to whoever lives at 5 Elm Street' },
        })
        .execute()
    }
    await rollUp(DAYS.slice(0, 1))
    const before = await tables(ROLL_UPS)
    const states = await dayStates()
    const { rowCounts } = await erase(ADA)
    const written = { 'customer_satisfaction.comment': 1, 'call_quality_issues.description': 1 }
    expect(rowCounts).toMatchObject({ interactions: 1, ...written })
    const surveys = await db.selectFrom('customer_satisfaction').selectAll().orderBy('id').execute()
    expect(surveys.map(({ id, csat, comment }) => [id, csat, comment])).toEqual([
      ['of-ada', 1, null],
      ['of-bob', 1, 'I live at 5 Elm Street'],
    ])
    const issues = await db.selectFrom('call_quality_issues').select('description').orderBy('id').execute()
    expect(issues).toEqual([{ description: null }, { description: 'Rude to whoever lives at 5 Elm Street' }])
    expect([await tables(ROLL_UPS), await dayStates()]).toEqual([before, states])
  })

  test('changes no roll-up of any day, dirties none, and rolled up again they are the same but for the name', async () => {
    await twoCustomers()
    const before = await tables(ROLL_UPS)
    for (const name of ['agent_metrics', 'daily_metrics']) expect(before[name]?.length, name).toBeGreaterThan(0)
    const states = await dayStates()
    await erase(ADA)
    expect(await tables(ROLL_UPS)).toEqual(before)
    expect(await dayStates()).toEqual(states)
    const renamed = await table(db, 'customer_metrics')
    await rollUp(DAYS)
    expect(await tables(ROLL_UPS)).toEqual(before)
    expect(await table(db, 'customer_metrics')).toEqual(renamed)
  })

  test('in random worlds no roll-up changes either', async () => {
    const fact = fc.record({
      customer: fc.constantFrom(ADA, BOB, 'third-3@example.com'),
      minute: fc.integer({ min: 0, max: 3 * 24 * 60 - 1 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { minLength: 1, maxLength: 8 }), async (facts) => {
        await emptyDatabase(db)
        await given.client(db, { time_zone: 'Asia/Kathmandu' })
        await customers(ADA, BOB)
        const start = Temporal.Instant.from(`${DAYS[0]}T00:00:00Z`)
        const keys = new Set<string>()
        for (const [n, { customer, minute }] of facts.entries()) {
          const at = start.add({ minutes: minute }).toString()
          // A tier is entered once a day.
          if (keys.has(customer + at.slice(0, 10))) continue
          keys.add(customer + at.slice(0, 10))
          await givenEveryFact(db, { clientId: ACME, customerId: customer, at, key: `f${n}` })
        }
        const days = (await dayStates()).map(({ day }) => day)
        await rollUp(days)
        const before = await tables(ROLL_UPS)
        if (!facts.some(({ customer }) => customer === ADA)) return
        await erase(ADA)
        await rollUp(days)
        expect(await tables(ROLL_UPS)).toEqual(before)
      }),
      { numRuns: 4, seed: 20261121, endOnFailure: true },
    )
  })

  test('leaves another client’s customer of the same id alone, in every table', async () => {
    await given.client(db, { id: 'blue' })
    for (const clientId of [ACME, 'blue']) {
      await db.insertInto('customers').values({ client_id: clientId, id: ADA, name: 'Ada' }).execute()
      await givenEveryFact(db, { clientId, customerId: ADA, at: `${DAYS[0]}T10:00:00Z`, key: 'x' })
      await rollUp(DAYS.slice(0, 1), clientId)
    }
    await audited('blue', { target: `customer:${ADA}` })
    const blue = { clientId: 'blue', customerId: ADA }
    const before = await findMentions(database, blue)
    await erase(ADA)
    expect(await findMentions(database, blue)).toEqual(before)
    expect(before.mentions.map(({ table: name }) => name)).toContain('analytics_audit_log')
    expect(await db.selectFrom('customers').select('name').where('client_id', '=', 'blue').execute()).toEqual([
      { name: 'Ada' },
    ])
  })

  test('what comes in under the id later is a new customer, who can be erased again', async () => {
    await customers(ADA)
    await erase(ADA)
    await given.payments(db, [['2026-03-05T10:00:00Z', { customer_id: ADA, amount_minor: 5 }]])
    const own = await countCustomerRows(database, { clientId: ACME, customerId: ADA })
    expect(own).toEqual({ payments: 1 })
    const second = await erase(ADA)
    expect(second.rowCounts).toEqual(own)
    const hashes = await db.selectFrom('erasures').select('customer_hash').execute()
    expect(hashes.length).toBe(2)
    expect(hashes[0]).toEqual(hashes[1])
    const names = await db.selectFrom('payments').select('customer_id').execute()
    const [customer] = await db.selectFrom('customers').select('id').execute()
    expect(names[0]?.customer_id).not.toBe(customer?.id)
  })

  test('of nobody is refused, without a word of the id', async () => {
    const refused = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester').catch(
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: 'no-such-customer', status: 404 })
    expect(String(refused)).not.toContain(ADA)
  })

  test('asked for twice at once is one erasure, done once', async () => {
    await customers(ADA)
    const ask = () => requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    const asked = await Promise.all([ask(), ask(), ask()])
    expect(new Set(asked.map(({ erasureId }) => erasureId)).size).toBe(1)
    const [{ erasureId }] = asked
    const run = () => eraseCustomer({ database, storage, signal: never }, { clientId: ACME, erasureId })
    const [first, second] = await Promise.all([run(), run()])
    expect(first.rowCounts).toEqual({ customers: 1 })
    expect([second, await run()]).toEqual([first, first])
  })
})
