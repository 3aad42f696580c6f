import fc from 'fast-check'
import type { Insertable } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { type FunnelStep, measureFunnel } from '../../src/analytics/journeys/index.ts'
import { rollUpDay, wilsonInterval } from '../../src/analytics/metrics/index.ts'
import type { DB } from '../../src/db/schema.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

const event = (name: string): FunnelStep => ({ kind: 'event', name, property: null })
const visit = event('visit')
const sign = event('sign')
const buy: FunnelStep = { kind: 'payment' }
const march = { from: '2026-03-01', to: '2026-04-01' }
const asked = {
  clientId: ACME,
  timeZone: 'UTC',
  window: march,
  steps: [visit, sign, buy],
  conversionDays: 7,
  split: 'none',
  keptFrom: { events: null, facts: null },
} as const

type Event = Partial<Insertable<DB['analytics_events']>>
let serial = 0

async function events(rows: [at: string, name: string, customer: string | null, more?: Event][]): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map(([occurred_at, name, customer_id, more]) => {
    serial += 1
    return { client_id: ACME, id: `e${serial}`, occurred_at, name, customer_id, ...more }
  })
  await db.insertInto('analytics_events').values(values).execute()
}

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

const counts = (stages: { customers: number }[]) => stages.map(({ customers }) => customers)

describe('by hand', () => {
  test('steps that may be gone make the answer provisional: events and contacts have their times, books have none', async () => {
    const before = async (...kinds: FunnelStep[]) => {
      const keptFrom = { events: '2026-03-10', facts: '2026-03-05' }
      return (await measureFunnel(acme, { ...asked, steps: kinds, keptFrom })).trust.incompleteBefore
    }
    const call: FunnelStep = { kind: 'interaction', channel: null }
    expect(await before(visit, buy)).toBe('2026-03-10')
    expect(await before(call, buy)).toBe('2026-03-05')
    expect(await before(call, sign)).toBe('2026-03-10')
    expect(await before({ kind: 'lead-stage', stage: 'new' }, buy)).toBe(null)
  })

  test('five visit, three of them sign, one of those pays; shares, intervals and the middle of the waits', async () => {
    await events([
      ['2026-03-01T10:00:00Z', 'visit', 'a'],
      ['2026-03-01T10:01:00Z', 'sign', 'a'],
      ['2026-03-02T10:00:00Z', 'visit', 'b'],
      ['2026-03-02T10:10:00Z', 'sign', 'b'],
      ['2026-03-03T10:00:00Z', 'visit', 'c'],
      ['2026-03-03T11:00:00Z', 'sign', 'c'],
      ['2026-03-04T10:00:00Z', 'visit', 'd'],
      ['2026-03-05T10:00:00Z', 'visit', 'e'],
      ['2026-03-05T10:00:00Z', 'visit', null],
    ])
    await given.payments(db, [
      ['2026-03-01T12:01:00Z', { customer_id: 'a', amount_minor: 500 }],
      ['2026-03-01T13:00:00Z', { customer_id: 'b', amount_minor: 500 }],
      ['2026-03-02T13:00:00Z', { customer_id: 'b', amount_minor: -500 }],
      ['2026-03-02T13:00:00Z', { customer_id: 'c', amount_minor: 0 }],
    ])
    const { stages, groups } = await measureFunnel(acme, asked)
    const share = (part: number, n: number) => ({ share: part / n, ...wilsonInterval(part, n) })
    expect(stages).toEqual([
      { customers: 5, ofFirst: share(5, 5), ofPrevious: share(5, 5), medianToNextS: 600 },
      { customers: 3, ofFirst: share(3, 5), ofPrevious: share(3, 5), medianToNextS: 7200 },
      { customers: 1, ofFirst: share(1, 5), ofPrevious: share(1, 3), medianToNextS: null },
    ])
    expect(groups).toEqual([])
  })

  test('steps in the wrong order, or at the same instant, are not after one another', async () => {
    await events([
      ['2026-03-02T10:00:00Z', 'sign', 'a'],
      ['2026-03-02T10:00:01Z', 'visit', 'a'],
      ['2026-03-03T10:00:00Z', 'visit', 'b'],
      ['2026-03-03T10:00:00Z', 'sign', 'b'],
      ['2026-03-04T10:00:00.000000Z', 'visit', 'c'],
      ['2026-03-04T10:00:00.000001Z', 'sign', 'c'],
    ])
    expect(counts((await measureFunnel(acme, asked)).stages)).toEqual([3, 1, 0])
  })

  test('all steps fit into the conversion window, which ends just before its last instant', async () => {
    await events([
      ['2026-03-02T10:00:00Z', 'visit', 'a'],
      ['2026-03-09T09:59:59.999Z', 'sign', 'a'],
      ['2026-03-02T10:00:00Z', 'visit', 'b'],
      ['2026-03-09T10:00:00Z', 'sign', 'b'],
    ])
    expect(counts((await measureFunnel(acme, asked)).stages)).toEqual([2, 1, 0])
  })

  test('a customer who enters twice counts once, with the entry that leads furthest', async () => {
    await events([
      ['2026-03-01T10:00:00Z', 'visit', 'a'],
      ['2026-03-20T10:00:00Z', 'visit', 'a'],
      ['2026-03-20T11:00:00Z', 'visit', 'a'],
      ['2026-03-20T12:00:00Z', 'sign', 'a'],
      ['2026-03-20T13:00:00Z', 'sign', 'a'],
    ])
    const { stages } = await measureFunnel(acme, asked)
    expect(stages.map(({ customers, medianToNextS }) => [customers, medianToNextS])).toEqual([
      [1, 7200],
      [1, null],
      [0, null],
    ])
  })

  test('the window holds the first step, by the days of the client; what follows may come after it', async () => {
    await db.updateTable('clients').set({ time_zone: 'Asia/Kathmandu' }).execute()
    await events([
      ['2026-02-28T18:14:59.999Z', 'visit', 'before'],
      ['2026-02-28T18:15:00Z', 'visit', 'first'],
      ['2026-03-31T18:14:59.999Z', 'visit', 'last'],
      ['2026-03-31T18:15:00Z', 'visit', 'after'],
      ['2026-04-02T00:00:00Z', 'sign', 'last'],
      ['2026-04-02T00:00:00Z', 'sign', 'after'],
    ])
    const { stages } = await measureFunnel(acme, { ...asked, timeZone: 'Asia/Kathmandu' })
    expect(counts(stages)).toEqual([2, 1, 0])
  })

  test('an event may be asked for by one of its properties, compared as text', async () => {
    await events([
      ['2026-03-02T10:00:00Z', 'visit', 'a', { properties: JSON.stringify({ plan: 'pro', seats: 3 }) }],
      ['2026-03-02T10:00:00Z', 'visit', 'b', { properties: JSON.stringify({ plan: 'free' }) }],
      ['2026-03-03T10:00:00Z', 'visit', 'c'],
    ])
    const of = async (key: string, value: string) => {
      const step = { kind: 'event', name: 'visit', property: { key, value } } as const
      return counts((await measureFunnel(acme, { ...asked, steps: [step, buy] })).stages)[0]
    }
    expect([await of('plan', 'pro'), await of('seats', '3'), await of('nothing', 'x')]).toEqual([1, 1, 0])
  })

  test('contacts, stages of leads, bookings and payments are steps as well', async () => {
    await given.calls(db, [
      ['2026-03-01T10:00:00Z', { customer_id: 'a', channel: 'web' }],
      ['2026-03-01T10:00:00Z', { customer_id: 'b' }],
      // Contradicts itself, and is left out.
      ['2026-03-01T10:00:00Z', { customer_id: 'c', answered_at: '2026-03-01T09:00:00Z' }],
    ])
    const lead = { client_id: ACME, created_at: '2026-03-02T10:00:00Z', stage: 'won' }
    await db
      .insertInto('leads')
      .values([
        { ...lead, id: 'l1', customer_id: 'a' },
        { ...lead, id: 'l2', customer_id: 'b' },
      ])
      .execute()
    await db
      .insertInto('lead_stage_changes')
      // It names the lead only: whose it is, the lead says.
      .values({ client_id: ACME, id: 's1', changed_at: '2026-03-03T10:00:00Z', lead_id: 'l1', to_stage: 'qualified' })
      .execute()
    const booking = {
      client_id: ACME,
      starts_at: '2026-03-06T10:00:00Z',
      ends_at: '2026-03-06T11:00:00Z',
      customer_id: 'a',
    }
    await db
      .insertInto('bookings')
      .values([
        { ...booking, id: 'b1', state: 'completed', booked_at: '2026-03-04T10:00:00Z' },
        { ...booking, id: 'b2', state: 'no-show', booked_at: '2026-02-01T10:00:00Z' },
      ])
      .execute()
    await given.payments(db, [['2026-03-06T11:00:01Z', { customer_id: 'a', amount_minor: 5 }]])
    const steps: FunnelStep[] = [
      { kind: 'interaction', channel: null },
      { kind: 'lead-stage', stage: 'new' },
      { kind: 'lead-stage', stage: 'qualified' },
      { kind: 'booking', state: 'scheduled' },
      { kind: 'booking', state: 'completed' },
      buy,
    ]
    const { stages } = await measureFunnel(acme, { ...asked, steps })
    expect(counts(stages)).toEqual([2, 2, 1, 1, 1, 1])
    expect(stages.map(({ medianToNextS }) => medianToNextS)).toEqual([86_400, 86_400, 86_400, 49 * 3600, 1, null])
    const web = await measureFunnel(acme, { ...asked, steps: [{ kind: 'interaction', channel: 'web' }, buy] })
    expect(counts(web.stages)).toEqual([1, 1])
  })

  test('groups by role, channel and campaign add up to the whole, the largest first', async () => {
    await db
      .insertInto('customers')
      .values([
        { client_id: ACME, id: 'a', role: 'client' },
        { client_id: ACME, id: 'b', role: 'ca' },
        { client_id: ACME, id: 'c', role: 'ca' },
      ])
      .execute()
    await events([
      ['2026-03-01T10:00:00Z', 'visit', 'a', { channel: 'web', campaign_id: 'spring' }],
      ['2026-03-01T11:00:00Z', 'sign', 'a', { channel: 'voice', campaign_id: 'other' }],
      ['2026-03-01T10:00:00Z', 'visit', 'b', { channel: 'web' }],
      ['2026-03-01T10:00:00Z', 'visit', 'c', { channel: 'email' }],
      ['2026-03-01T11:00:00Z', 'sign', 'c'],
      ['2026-03-01T11:00:00Z', 'visit', 'unlisted'],
    ])
    const by = async (split: 'role' | 'channel' | 'campaign') =>
      (await measureFunnel(acme, { ...asked, split })).groups.map(({ key, stages }) => [key, ...counts(stages)])
    expect(await by('role')).toEqual([
      ['ca', 2, 1, 0],
      ['', 1, 0, 0],
      ['client', 1, 1, 0],
    ])
    expect(await by('channel')).toEqual([
      ['web', 2, 1, 0],
      ['', 1, 0, 0],
      ['email', 1, 1, 0],
    ])
    expect(await by('campaign')).toEqual([
      ['', 3, 1, 0],
      ['spring', 1, 1, 0],
    ])
  })

  test('it says which days it reads may still change, those of the conversion window included', async () => {
    await events([['2026-03-01T10:00:00Z', 'visit', 'a']])
    const window = { from: '2026-03-01', to: '2026-03-02' }
    await acme.transaction().execute((tx) => rollUpDay(tx, { clientId: ACME, day: '2026-03-01' }))
    const { trust } = await measureFunnel(acme, { ...asked, window, conversionDays: 2 })
    expect(trust).toMatchObject({ provisional: true, provisionalDays: ['2026-03-02', '2026-03-03'] })
  })

  test('an empty world has no customers and no shares', async () => {
    expect((await measureFunnel(acme, { ...asked, split: 'role' })).stages).toEqual(
      [1, 2, 3].map(() => ({ customers: 0, ofFirst: null, ofPrevious: null, medianToNextS: null })),
    )
  })
})

test('a client sees its own customers only, even where another has the same ids', async () => {
  await given.client(db, { id: 'blue' })
  const at = '2026-03-01T10:00:00Z'
  const row = { id: 'e', occurred_at: at, name: 'visit', customer_id: 'a' }
  await db
    .insertInto('analytics_events')
    .values([
      { ...row, client_id: ACME },
      { ...row, client_id: 'blue' },
      { ...row, client_id: 'blue', id: 'f', name: 'sign', occurred_at: '2026-03-01T11:00:00Z' },
    ])
    .execute()
  expect(counts((await measureFunnel(acme, asked)).stages)).toEqual([1, 0, 0])
  expect(counts((await measureFunnel(database.forClient('blue'), { ...asked, clientId: 'blue' })).stages)).toEqual([
    1, 1, 0,
  ])
  expect(counts((await measureFunnel(acme, { ...asked, clientId: 'blue' })).stages)).toEqual([0, 0, 0])
})

type Hit = { minute: number; step: number; customer: string }

/** Every entry of every customer, step by step, as the doc comment says it. */
function naiveFunnel(hits: Hit[], steps: number, entryMinutes: number, limitMinutes: number) {
  const journeys = [...Map.groupBy(hits, (hit) => hit.customer).values()].flatMap((own) => {
    const entries = own.filter((hit) => hit.step === 1 && hit.minute < entryMinutes).sort((a, b) => a.minute - b.minute)
    const paths = entries.map((entry) => {
      const path = [entry.minute]
      for (let step = 2; step <= steps; step += 1) {
        const later = own.filter((hit) => hit.step === step && hit.minute > (path.at(-1) ?? 0)).map((hit) => hit.minute)
        if (later.length === 0 || Math.min(...later) >= entry.minute + limitMinutes) break
        path.push(Math.min(...later))
      }
      return path
    })
    const longest = Math.max(...paths.map((path) => path.length))
    return paths.filter((path) => path.length === longest).slice(0, 1)
  })
  return Array.from({ length: steps }, (_, index) => {
    const waits = journeys.flatMap((path) =>
      path.length > index + 1 ? [(path[index + 1] ?? 0) - (path[index] ?? 0)] : [],
    )
    waits.sort((a, b) => a - b)
    const middle = ((waits[Math.floor((waits.length - 1) / 2)] ?? 0) + (waits[Math.floor(waits.length / 2)] ?? 0)) / 2
    return [journeys.filter((path) => path.length > index).length, waits.length === 0 ? null : middle * 60]
  })
}

test('in random worlds a funnel equals a walk along every journey one by one', async () => {
  const DAY = 24 * 60
  const hit = fc.record({
    // Few instants, so that ties are many, and some just on the edge of the conversion window.
    minute: fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 4 }).map((days) => days * DAY),
    ),
    step: fc.integer({ min: 1, max: 3 }),
    customer: fc.constantFrom('a', 'b', 'c', 'd'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(hit, { maxLength: 30 }), async (hits) => {
      await db.deleteFrom('analytics_events').execute()
      const start = Temporal.Instant.from('2026-03-01T00:00:00Z')
      await events(
        hits.map(({ minute, step, customer }) => [start.add({ minutes: minute }).toString(), `s${step}`, customer]),
      )
      const { stages } = await measureFunnel(acme, {
        ...asked,
        window: { from: '2026-03-01', to: '2026-03-03' },
        steps: [event('s1'), event('s2'), event('s3')],
        conversionDays: 2,
      })
      const measured = stages.map(({ customers, medianToNextS }) => [customers, medianToNextS])
      expect(measured).toEqual(naiveFunnel(hits, 3, 2 * DAY, 2 * DAY))
    }),
    { numRuns: 100, seed: 20261121 },
  )
})
