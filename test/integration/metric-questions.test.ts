import { beforeEach, describe, expect, test } from 'vitest'
import {
  customersTotal,
  gapDays,
  NO_MONEY,
  revenueByCurrency,
  revenueOfPayments,
  rollUpDay,
  topCustomers,
} from '../../src/analytics/metrics/index.ts'
import { askMetrics, hoursOfDay, windowStanding } from '../../src/analytics/questions/index.ts'
import type { DayWindow } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

beforeEach(async () => {
  await emptyDatabase(db)
})

async function rollUp(...days: string[]): Promise<void> {
  await rollUpDays(database, ACME, days)
}

/** What the client is asked about a window, long after it. */
function askAbout(
  range: DayWindow,
  metrics: string[],
  granularity: 'none' | 'hour' | 'day' | 'month',
  dimension: 'client' | 'location' = 'client',
) {
  const at = Temporal.Instant.from('2027-01-01T00:00:00Z')
  return askMetrics(acme, { clientId: ACME, metrics, range, granularity, dimension, filters: {}, compare: [], at })
}

const zurich = { clientId: ACME, timeZone: 'Europe/Zurich', currency: 'EUR' }

describe('sums of a window', () => {
  test('contacts by hour of day put both hours of the same name together, and leave other days out', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-10-24T00:30:00Z', { agent_id: 'anna' }],
      ['2026-10-25T00:30:00Z', { agent_id: 'anna' }],
      ['2026-10-25T01:30:00Z', { agent_id: 'ben' }],
      ['2026-10-25T23:30:00Z', {}],
    ])
    await rollUp('2026-10-24', '2026-10-25', '2026-10-26')
    const days = [
      { from: '2026-10-24', to: '2026-10-25' },
      { from: '2026-10-25', to: '2026-10-26' },
    ]
    const hours = hoursOfDay(await Promise.all(days.map((day) => askAbout(day, ['answered', 'service-level'], 'hour'))))
    const answered = hours.map(({ hour, values }) => [hour, values['answered']?.value, values['service-level']?.value])
    expect(answered.filter(([, count]) => count !== 0)).toEqual([['02', 3, 1]])
    expect(hours).toHaveLength(24)
  })

  test('revenue is asked for in one currency; customers come with their names, most net first, without the unknown', async () => {
    await given.client(db)
    await db
      .insertInto('customers')
      .values([
        { client_id: ACME, id: 'c1', name: 'Ada' },
        { client_id: ACME, id: 'c2', name: null },
      ])
      .execute()
    await given.payments(db, [
      ['2026-01-31T10:00:00Z', { amount_minor: 100, customer_id: 'c1', country: 'CH' }],
      ['2026-02-01T10:00:00Z', { amount_minor: 900, customer_id: 'c2', country: 'DE' }],
      ['2026-02-01T11:00:00Z', { amount_minor: -850, customer_id: 'c2', country: 'DE' }],
      ['2026-02-01T12:00:00Z', { amount_minor: 7000 }],
      ['2026-02-01T12:00:00Z', { amount_minor: 5, currency: 'USD', customer_id: 'c3' }],
    ])
    await rollUp('2026-01-31', '2026-02-01')
    const ask = { ...zurich, timeZone: 'UTC', window: { from: '2026-01-01', to: '2026-03-01' } }
    const c1 = { orders: 1, refunds: 0, gross_minor: 100, refunded_minor: 0 }
    const c2 = { orders: 1, refunds: 1, gross_minor: 900, refunded_minor: -850 }
    const all = { orders: 3, refunds: 1, gross_minor: 8000, refunded_minor: -850 }
    const february = { orders: 2, refunds: 1, gross_minor: 7900, refunded_minor: -850 }
    const months = await askAbout(ask.window, ['orders', 'refund-count', 'net'], 'month')
    expect(months.groups.map(({ bucket, sums }) => [bucket, sums])).toEqual([
      ['2026-01-01', c1],
      ['2026-02-01', february],
    ])
    const countries = await askAbout(ask.window, ['net'], 'none', 'location')
    expect(countries.groups.map(({ member }) => member)).toEqual(['', 'CH', 'DE'])
    expect(await revenueByCurrency(acme, ask)).toEqual([
      { currency: 'EUR', ...all },
      { currency: 'USD', orders: 1, refunds: 0, gross_minor: 5, refunded_minor: 0 },
    ])
    expect(await topCustomers(acme, { ...ask, limit: 5 })).toEqual([
      { customerId: 'c1', name: 'Ada', ...c1 },
      { customerId: 'c2', name: null, ...c2 },
    ])
    expect(await topCustomers(acme, { ...ask, limit: 1 })).toHaveLength(1)
    expect(await customersTotal(acme, ask)).toEqual(all)
    expect(await revenueOfPayments(acme, ask)).toEqual(all)
  })

  test('an empty window is zero everywhere', async () => {
    await given.client(db)
    const ask = { ...zurich, window: { from: '2026-01-01', to: '2026-02-01' } }
    expect(await customersTotal(acme, ask)).toEqual(NO_MONEY)
    expect((await askAbout(ask.window, ['net'], 'day')).groups).toEqual([])
    expect(hoursOfDay([await askAbout(ask.window, ['answered'], 'hour')])).toEqual([])
    expect(await revenueOfPayments(acme, ask)).toEqual(NO_MONEY)
  })

  test('payments that were deleted since are not compared with', async () => {
    await given.client(db)
    await given.payments(db, [
      ['2026-01-10T10:00:00Z', { amount_minor: 100 }],
      ['2026-02-10T10:00:00Z', { amount_minor: 100 }],
      ['2026-03-10T10:00:00Z', { amount_minor: 100 }],
    ])
    await rollUp('2026-01-10', '2026-02-10', '2026-03-10')
    await db.deleteFrom('payments').where('occurred_at', '<', '2026-03-01T00:00:00Z').execute()
    const ask = (from: string, to: string) => ({ ...zurich, timeZone: 'UTC', window: { from, to } })
    expect(await revenueOfPayments(acme, ask('2026-02-01', '2026-03-01'))).toBe(null)
    expect(await revenueOfPayments(acme, ask('2026-03-15', '2026-04-01'))).toEqual(NO_MONEY)
  })
})

describe('how fresh a window is', () => {
  test('dirty days wait for a roll-up, unrolled days were never seen, and the data is as of the oldest roll-up', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-01-01T10:00:00Z', {}],
      ['2026-01-02T10:00:00Z', {}],
      ['2026-01-04T10:00:00Z', {}],
    ])
    const window = { from: '2026-01-01', to: '2026-01-06' }
    expect(await windowStanding(acme, ACME, window)).toEqual({
      dirtyDays: ['2026-01-01', '2026-01-02', '2026-01-04'],
      unrolledDays: ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05'],
      provisionalDays: ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05'],
      dataAsOf: null,
      quarantined: 0,
    })
    const first = await acme.transaction().execute((tx) => rollUpDay(tx, { clientId: ACME, day: '2026-01-01' }))
    await rollUp('2026-01-02', '2026-01-03')
    await given.calls(db, [['2026-01-02T11:00:00Z', {}]])
    expect(await windowStanding(acme, ACME, window)).toEqual({
      dirtyDays: ['2026-01-02', '2026-01-04'],
      unrolledDays: ['2026-01-04', '2026-01-05'],
      provisionalDays: ['2026-01-02', '2026-01-04', '2026-01-05'],
      dataAsOf: first.rolledAt,
      quarantined: 0,
    })
  })

  test('a day without facts between others that have some is a gap', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-01-02T10:00:00Z', {}],
      ['2026-01-06T10:00:00Z', {}],
    ])
    await rollUp('2026-01-03')
    expect(await gapDays(acme, ACME, { from: '2026-01-01', to: '2026-02-01' })).toEqual(['2026-01-04', '2026-01-05'])
    expect(await gapDays(acme, ACME, { from: '2026-01-01', to: '2026-01-05' })).toEqual(['2026-01-04'])
  })

  test('a client without facts has none', async () => {
    await given.client(db)
    await rollUp('2026-01-03')
    expect(await gapDays(acme, ACME, { from: '2026-01-01', to: '2026-02-01' })).toEqual([])
  })
})
