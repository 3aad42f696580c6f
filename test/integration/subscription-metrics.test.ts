import { describe, expect, test } from 'vitest'
import { askMetrics } from '../../src/analytics/questions/index.ts'
import type { Granularity, Values } from '../../src/analytics/questions/question.ts'
import { type Day } from '../../src/time.ts'
import { client, database, db, dirtyDays, metrics, rollUp, rollUpDirtyDays } from '../support/business-world.ts'
import { ACME, given } from '../support/given.ts'

describe('subscriptions', () => {
  /** `[customer, from, to, amount]`, each a monthly subscription unless it says otherwise. */
  async function subscribed(...rows: [string, string, string | null, number, object?][]): Promise<void> {
    await given.facts(
      db,
      'subscriptions',
      rows.map(([customer_id, starts_at, ends_at, amount_minor, more]) => {
        return { customer_id, starts_at, ends_at, amount_minor, currency: 'EUR', ...more }
      }),
    )
  }

  test('what a customer changes within a day is one movement, and what is changed back is none', async () => {
    await given.client(db)
    await subscribed(
      ['anna', '2026-03-02T09:00:00Z', '2026-03-10T08:00:00Z', 1000],
      ['anna', '2026-03-10T08:00:00Z', '2026-03-10T09:00:00Z', 5000], // upgrade …
      ['anna', '2026-03-10T09:00:00Z', null, 1500], // … and down again
      ['ben', '2026-03-02T09:00:00Z', '2026-03-10T08:00:00Z', 2000],
      ['ben', '2026-03-10T08:00:00Z', '2026-03-10T20:00:00Z', 9000],
      ['ben', '2026-03-10T20:00:00Z', null, 2000],
      ['cleo', '2026-03-10T08:00:00Z', '2026-03-10T20:00:00Z', 700], // came and went
    )
    await rollUpDirtyDays()
    expect(await client('subscriptions')).toEqual([
      { day: '2026-03-02', mrr_new_minor: 3000, subscribers_new: 2 },
      { day: '2026-03-10', mrr_expansion_minor: 500 },
    ])
  })

  test('who comes back is new again, a free plan is no subscriber, and years are rounded once', async () => {
    await given.client(db)
    await subscribed(
      ['anna', '2026-01-05T09:00:00Z', '2026-01-20T09:00:00Z', 1000],
      ['anna', '2026-02-03T09:00:00Z', '2026-02-10T09:00:00Z', 1200],
      ['anna', '2026-02-10T09:00:00Z', '2026-02-12T09:00:00Z', 400],
      ['ben', '2026-01-05T09:00:00Z', '2026-01-07T09:00:00Z', 0],
      ['ben', '2026-01-07T09:00:00Z', null, 10_000, { interval_months: 12 }],
      ['cleo', '2026-01-07T09:00:00Z', null, 5000, { currency: 'USD' }],
    )
    await rollUpDirtyDays()
    expect(await client('subscriptions')).toEqual([
      { day: '2026-01-05', mrr_new_minor: 1000, subscribers_new: 1 },
      { day: '2026-01-07', mrr_new_minor: 833, subscribers_new: 1 },
      { day: '2026-01-20', mrr_churned_minor: 1000, subscribers_churned: 1 },
      { day: '2026-02-03', mrr_new_minor: 1200, subscribers_new: 1 },
      { day: '2026-02-10', mrr_contraction_minor: 800 },
      { day: '2026-02-12', mrr_churned_minor: 400, subscribers_churned: 1 },
    ])
    const asked = [
      'mrrAtStart',
      'mrrNew',
      'mrrExpansion',
      'mrrContraction',
      'mrrChurned',
      'mrr',
      'subscribers',
    ] as const
    expect(await metrics('2026-01-01', '2026-02-01', ...asked)).toEqual({
      ...{
        mrrAtStart: 0,
        mrrNew: 1833,
        mrrExpansion: 0,
        mrrContraction: 0,
        mrrChurned: 1000,
        mrr: 833,
        subscribers: 1,
      },
    })
    expect(await metrics('2026-02-01', '2026-03-01', ...asked)).toEqual({
      ...{
        mrrAtStart: 833,
        mrrNew: 1200,
        mrrExpansion: 0,
        mrrContraction: 800,
        mrrChurned: 400,
        mrr: 833,
        subscribers: 1,
      },
    })
    const [feb9] = [await metrics('2026-02-09', '2026-02-10', 'mrr', 'revenuePerSubscriber')]
    expect(feb9).toEqual({ mrr: 2033, revenuePerSubscriber: 1017 })
  })

  test('what begins or ends at midnight belongs to the day that begins', async () => {
    await given.client(db, { time_zone: 'Asia/Kathmandu' })
    const midnight = '2026-02-28T18:15:00Z' // 00:00 on 1 March, 5:45 h ahead
    await subscribed(
      ['anna', '2026-02-10T06:00:00Z', midnight, 1000],
      ['anna', midnight, null, 1700],
      ['ben', midnight, null, 300],
    )
    await rollUpDirtyDays()
    expect(await client('subscriptions')).toEqual([
      { day: '2026-02-10', mrr_new_minor: 1000, subscribers_new: 1 },
      { day: '2026-03-01', mrr_new_minor: 300, mrr_expansion_minor: 700, subscribers_new: 1 },
    ])
    expect((await metrics('2026-02-01', '2026-03-01', 'mrr')).mrr).toBe(1000)
    expect((await metrics('2026-03-01', '2026-03-02', 'mrr')).mrr).toBe(2000)
  })

  test('a period that comes late changes what later days were called', async () => {
    await given.client(db)
    await subscribed(['anna', '2026-03-10T09:00:00Z', null, 1500])
    await rollUpDirtyDays()
    expect(await client('subscriptions')).toEqual([{ day: '2026-03-10', mrr_new_minor: 1500, subscribers_new: 1 }])
    await subscribed(['anna', '2026-03-02T09:00:00Z', '2026-03-10T09:00:00Z', 1000])
    expect(await dirtyDays()).toEqual(['2026-03-02', '2026-03-10'])
    await rollUpDirtyDays()
    expect(await client('subscriptions')).toEqual([
      { day: '2026-03-02', mrr_new_minor: 1000, subscribers_new: 1 },
      { day: '2026-03-10', mrr_expansion_minor: 500 },
    ])
  })
})

describe('churn and retention', () => {
  const from = '2025-06-01T00:00:00Z'
  const CHURN = ['customer-churn', 'revenue-churn', 'net-revenue-retention']

  /** Churn, revenue churn and retention by bucket, null for the whole range. */
  async function ask(range: { from: Day; to: Day }, granularity: Granularity, more: object = {}) {
    const at = Temporal.Instant.from('2026-06-01T00:00:00Z')
    const asked = {
      clientId: ACME,
      range,
      granularity,
      metrics: CHURN,
      dimension: 'client',
      filters: {},
      compare: [],
      at,
    } as const
    const { groups, period } = await askMetrics(database.forClient(ACME), { ...asked, ...more })
    const valuesOf = (values: Values | undefined) => CHURN.map((name) => values?.[name]?.value)
    const byBucket = groups.map(({ bucket, values }) => [bucket, ...valuesOf(values)])
    return { total: valuesOf(period.total?.values), byBucket }
  }

  test('are of those who were there at the beginning: none who came since is in either, and who came back has stayed', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    const [currency, ends_at] = ['EUR', null]
    await given.facts(db, 'subscriptions', [
      { customer_id: 'anna', starts_at: from, ends_at, amount_minor: 1000, currency },
      { customer_id: 'ben', starts_at: from, ends_at: '2026-01-20T10:00:00Z', amount_minor: 2000, currency },
      { customer_id: 'cleo', starts_at: from, ends_at: '2026-01-15T10:00:00Z', amount_minor: 500, currency },
      { customer_id: 'cleo', starts_at: '2026-01-15T10:00:00Z', ends_at, amount_minor: 800, currency },
      {
        customer_id: 'dora',
        starts_at: '2026-01-10T10:00:00Z',
        ends_at: '2026-01-25T10:00:00Z',
        amount_minor: 7000,
        currency,
      },
      { customer_id: 'eve', starts_at: from, ends_at: '2026-01-05T10:00:00Z', amount_minor: 400, currency },
      { customer_id: 'eve', starts_at: '2026-01-28T10:00:00Z', ends_at, amount_minor: 200, currency },
      { customer_id: 'finn', starts_at: from, ends_at: '2026-01-05T10:00:00Z', amount_minor: 9999, currency: 'USD' },
    ])
    await rollUpDirtyDays()
    // 1 of 4 left, 2000 + 200 of 3900 went, and 1000 + 800 + 200 of them are left.
    const january = [1 / 4, 2200 / 3900, 2000 / 3900]
    expect(await ask({ from: '2026-01-01', to: '2026-02-01' }, 'none')).toEqual({
      total: january,
      byBucket: [[null, ...january]],
    })
    // On the 25th only dora left, who had come; to the month she is nobody, to the day she was one of four.
    expect((await ask({ from: '2026-01-25', to: '2026-01-26' }, 'day')).byBucket).toEqual([
      ['2026-01-25', 1 / 3, 7000 / 8800, 1800 / 8800],
    ])
    await rollUp('2026-02-10')
    expect(await ask({ from: '2026-01-01', to: '2026-03-01' }, 'month')).toEqual({
      total: january,
      byBucket: [
        ['2026-01-01', ...january],
        ['2026-02-01', 0, 0, 1],
      ],
    })
    expect((await ask({ from: '2025-01-01', to: '2025-07-01' }, 'none')).total).toEqual([null, null, null])
  })

  test('a day asked for by itself says the same as a range of one day', async () => {
    await given.client(db)
    const currency = 'EUR'
    await given.facts(db, 'subscriptions', [
      { customer_id: 'anna', starts_at: from, ends_at: '2026-01-05T10:00:00Z', amount_minor: 1000, currency },
      { customer_id: 'anna', starts_at: '2026-01-05T10:00:00Z', amount_minor: 1500, currency },
      { customer_id: 'ben', starts_at: from, ends_at: '2026-01-05T00:00:00Z', amount_minor: 2000, currency },
      { customer_id: 'cleo', starts_at: '2026-01-05T00:00:00Z', amount_minor: 100, currency },
    ])
    await rollUpDirtyDays()
    const day = { from: '2026-01-05', to: '2026-01-06' }
    const expected = [1 / 2, 2000 / 3000, 1500 / 3000]
    expect(await ask(day, 'day')).toEqual({ total: expected, byBucket: [['2026-01-05', ...expected]] })
  })

  test('are known of the client as a whole only', async () => {
    await given.client(db)
    const asked = ask({ from: '2026-01-01', to: '2026-02-01' }, 'none', { dimension: 'customer-role' })
    await expect(asked).rejects.toThrow(
      'customer-churn, revenue-churn, net-revenue-retention are known of the client as a whole only.',
    )
  })
})
