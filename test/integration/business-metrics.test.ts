import { beforeEach, describe, expect, test } from 'vitest'
import type { MetricKey } from '../../src/analytics/metrics/catalogue/index.ts'
import type { FamilyName } from '../../src/analytics/metrics/components.ts'
import { askMetrics } from '../../src/analytics/questions/index.ts'
import type { Granularity, Values } from '../../src/analytics/questions/question.ts'
import { addDays, type Day, daysOf } from '../../src/time.ts'
import { BUSINESS_FAMILIES, dailyRows, metricsOf } from '../support/daily-rows.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

beforeEach(async () => {
  await emptyDatabase(db)
})

async function rollUp(...days: Day[]): Promise<void> {
  await rollUpDays(database, ACME, days)
}

/** The days whose roll-up has not seen all of their facts. */
async function dirtyDays(): Promise<Day[]> {
  const rows = await db
    .selectFrom('rollup_days')
    .select('day')
    .whereRef('facts_version', '>', 'rolled_version')
    .orderBy('day')
    .execute()
  return rows.map(({ day }) => day)
}

const rollUpDirtyDays = async () => rollUp(...(await dirtyDays()))

/** The rows of one dimension; each without the columns that hold nothing. */
async function rowsOf(family: FamilyName, dimension: string) {
  const rows = await dailyRows(db, ACME, [family])
  return rows.filter((row) => row.dimension === dimension).map(({ dimension: _, ...row }) => row)
}

const client = async (family: FamilyName) => (await rowsOf(family, 'client')).map(({ member: _, ...row }) => row)

function metrics<Key extends MetricKey>(from: Day, to: Day, ...keys: Key[]): Promise<Record<Key, number | null>> {
  return metricsOf(db, { clientId: ACME, from, to }, keys)
}

describe('money', () => {
  test('a refund counts in the month it was paid, in the client’s zone, to the instant', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.payments(db, [
      ['2026-01-31T22:59:59.999Z', { amount_minor: 10_000 }], // 23:59:59.999 on the 31st
      ['2026-01-31T23:00:00Z', { amount_minor: -2500 }], // 00:00 on the 1st
    ])
    await rollUpDirtyDays()
    expect(await client('money')).toEqual([
      { day: '2026-01-31', orders: 1, gross_minor: 10_000 },
      { day: '2026-02-01', refunds: 1, refunded_minor: -2500 },
    ])
    expect((await metrics('2026-01-01', '2026-02-01', 'net')).net).toBe(10_000)
    expect((await metrics('2026-02-01', '2026-03-01', 'net')).net).toBe(-2500)
    expect((await metrics('2026-01-01', '2026-03-01', 'net')).net).toBe(7500)
  })

  /** Two answered contacts, an order, what it cost, and amounts in other currencies beside them. */
  async function aDayOfMoney(): Promise<void> {
    const at = '2026-03-02T10:00:00Z'
    await given.calls(db, [
      [at, {}],
      [at, {}],
      [at, { status: 'abandoned', wait_s: 60 }],
    ])
    await given.payments(db, [
      [at, { amount_minor: 40_000, agent_id: 'anna', campaign_id: 'spring', country: 'CH', customer_id: 'c1' }],
      [at, { amount_minor: -1000, kind: 'payout', provider_id: 'p1' }],
      [at, { amount_minor: -500, kind: 'fee' }],
      [at, { amount_minor: 0 }],
      [at, { amount_minor: 99_999, currency: 'USD' }],
    ])
    await given.facts(db, 'customers', [{ role: 'buyer' }])
    await db.insertInto('customers').values({ client_id: ACME, id: 'c1', role: 'vip' }).execute()
    const cost = { incurred_at: at, currency: 'EUR' }
    await given.facts(db, 'cost_analysis', [
      { ...cost, category: 'labour', amount_minor: 6000, agent_id: 'anna' },
      { ...cost, category: 'technology', amount_minor: 300 },
      { ...cost, category: 'infrastructure', amount_minor: 150 },
      { ...cost, category: 'training', amount_minor: 50 },
      { ...cost, category: 'training', amount_minor: 77_777, currency: 'CHF' },
    ])
    await given.facts(db, 'campaign_spend', [
      { spent_at: at, campaign_id: 'spring', amount_minor: 2000, currency: 'EUR' },
      { spent_at: at, campaign_id: 'spring', amount_minor: 5000, currency: 'USD' },
    ])
  }

  test('costs are payouts, fees, what was recorded and what campaigns spent, in the client’s currency only', async () => {
    await given.client(db)
    await aDayOfMoney()
    await rollUpDirtyDays()
    const day = '2026-03-02'
    const charge = { orders: 1, gross_minor: 40_000 }
    const payout = { payouts_minor: -1000 }
    const fee = { fees_minor: -500 }
    const labour = { cost_labour_minor: 6000 }
    const others = { cost_technology_minor: 300, cost_infrastructure_minor: 150, cost_training_minor: 50 }
    expect(await dailyRows(db, ACME, ['money'])).toEqual([
      { dimension: 'agent', day, member: '', ...payout, ...fee, ...others },
      { dimension: 'agent', day, member: 'anna', ...charge, ...labour },
      { dimension: 'campaign', day, member: '', ...payout, ...fee, ...labour, ...others },
      { dimension: 'campaign', day, member: 'spring', ...charge },
      { dimension: 'channel', day, member: '', ...charge, ...payout, ...fee, ...labour, ...others },
      { dimension: 'client', day, member: '', ...charge, ...payout, ...fee, ...labour, ...others },
      { dimension: 'customer-role', day, member: '', ...payout, ...fee, ...labour, ...others },
      { dimension: 'customer-role', day, member: 'vip', ...charge },
      { dimension: 'location', day, member: '', ...payout, ...fee, ...labour, ...others },
      { dimension: 'location', day, member: 'CH', ...charge },
      { dimension: 'provider', day, member: '', ...charge, ...fee, ...labour, ...others },
      { dimension: 'provider', day, member: 'p1', ...payout },
      { dimension: 'sector', day, member: '', ...charge, ...payout, ...fee, ...labour, ...others },
    ])
    // 1000 + 500 + 6000 + 300 + 150 + 50 + 2000 = 10,000 of costs against 40,000 of revenue; two contacts were answered.
    const money = ['costs', 'grossProfit', 'margin', 'roi', 'revenuePerInteraction', 'costPerInteraction'] as const
    expect(await metrics(day, '2026-03-03', ...money)).toEqual({
      costs: 10_000,
      grossProfit: 30_000,
      margin: 0.75,
      roi: 3,
      revenuePerInteraction: 20_000,
      costPerInteraction: 5000,
    })
    expect(await metrics('2026-03-03', '2026-03-04', ...money)).toEqual({
      costs: 0,
      grossProfit: 0,
      margin: null,
      roi: null,
      revenuePerInteraction: null,
      costPerInteraction: null,
    })
  })

  test('a margin on less than nothing has no value', async () => {
    await given.client(db)
    await given.payments(db, [
      ['2026-03-02T10:00:00Z', { amount_minor: 1000 }],
      ['2026-03-02T11:00:00Z', { amount_minor: -3000 }],
      ['2026-03-02T12:00:00Z', { amount_minor: -100, kind: 'fee' }],
    ])
    await rollUpDirtyDays()
    const values = await metrics('2026-03-02', '2026-03-03', 'net', 'grossProfit', 'margin', 'roi')
    expect(values).toEqual({ net: -2000, grossProfit: -2100, margin: null, roi: -21 })
  })
})

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

describe('sales', () => {
  /** Four that were closed in February, one that was not, and one in another currency. */
  async function fiveDeals(): Promise<void> {
    const deal = (opened: string, amount_minor: number, more: object = {}) => {
      return { opened_at: `2026-${opened}T10:00:00Z`, amount_minor, currency: 'EUR', ...more }
    }
    const closed = (day: string, state: string) => ({ closed_at: `2026-${day}T10:00:00Z`, state })
    await given.facts(db, 'deals', [
      deal('01-20', 30_000, closed('02-19', 'won')),
      deal('01-25', 10_000, closed('02-04', 'won')),
      deal('01-30', 7000, closed('02-04', 'lost')),
      deal('02-01', 5000, closed('02-05', 'won')),
      deal('02-05', 2000),
      deal('02-05', 88_888, { currency: 'USD' }),
    ])
  }

  test('a deal is opened on one day and closed on another, and open in between', async () => {
    await given.client(db)
    await fiveDeals()
    await rollUpDirtyDays()
    expect(await client('sales')).toEqual([
      { day: '2026-01-20', deals_opened: 1, deals_opened_minor: 30_000 },
      { day: '2026-01-25', deals_opened: 1, deals_opened_minor: 10_000 },
      { day: '2026-01-30', deals_opened: 1, deals_opened_minor: 7000 },
      { day: '2026-02-01', deals_opened: 1, deals_opened_minor: 5000 },
      {
        day: '2026-02-04',
        ...{
          deals_won: 1,
          deals_won_minor: 10_000,
          deals_lost: 1,
          deals_lost_minor: 7000,
          cycle_days_sum: 10,
          cycle_count: 1,
        },
      },
      {
        day: '2026-02-05',
        ...{
          deals_opened: 1,
          deals_opened_minor: 2000,
          deals_won: 1,
          deals_won_minor: 5000,
          cycle_days_sum: 4,
          cycle_count: 1,
        },
      },
      { day: '2026-02-19', deals_won: 1, deals_won_minor: 30_000, cycle_days_sum: 30, cycle_count: 1 },
    ])
    expect(
      await metrics('2026-01-01', '2026-02-01', 'openDeals', 'pipelineValue', 'winRate', 'pipelineVelocity'),
    ).toEqual({
      ...{ openDeals: 3, pipelineValue: 47_000, winRate: null, pipelineVelocity: null },
    })
    const { salesCycle, ...february } = await metrics(
      ...(['2026-02-01', '2026-03-01'] as const),
      ...(['openDeals', 'pipelineValue', 'winRate', 'averageDeal', 'salesCycle', 'salesCycleMean'] as const),
    )
    expect(february).toEqual({
      ...{ openDeals: 1, pipelineValue: 2000, winRate: 0.75, averageDeal: 15_000, salesCycleMean: 44 / 3 },
    })
    // The middle one of 4, 10 and 30 days; 1 × 0.75 × 15,000 / 10 a day.
    expect(Math.abs((salesCycle ?? 0) - 10)).toBeLessThanOrEqual(0.1)
    const { pipelineVelocity } = await metrics('2026-02-01', '2026-03-01', 'pipelineVelocity')
    expect(Math.abs((pipelineVelocity ?? 0) - 1125)).toBeLessThanOrEqual(12)
  })

  test('a sales cycle is counted in the client’s days: the night in between makes one', async () => {
    await given.client(db, { time_zone: 'Asia/Kathmandu' })
    const deal = { currency: 'EUR', state: 'won', amount_minor: 100 }
    await given.facts(db, 'deals', [
      { ...deal, opened_at: '2026-03-01T18:14:59.999Z', closed_at: '2026-03-01T18:15:00Z' }, // 23:59:59.999 to midnight
      { ...deal, opened_at: '2026-03-01T18:15:00Z', closed_at: '2026-03-02T18:14:59Z' }, // all of one day
    ])
    await rollUpDirtyDays()
    expect(await client('sales')).toEqual([
      { day: '2026-03-01', deals_opened: 1, deals_opened_minor: 100 },
      {
        day: '2026-03-02',
        ...{
          deals_opened: 1,
          deals_opened_minor: 100,
          deals_won: 2,
          deals_won_minor: 200,
          cycle_days_sum: 1,
          cycle_count: 2,
        },
      },
    ])
    expect((await metrics('2026-03-01', '2026-03-03', 'pipelineVelocity')).pipelineVelocity).toBe(null)
  })

  test('closing a deal late changes the day it was closed on, and reopening it takes that back', async () => {
    await given.client(db)
    await given.facts(db, 'deals', [{ opened_at: '2026-03-02T10:00:00Z', amount_minor: 100, currency: 'EUR' }])
    await rollUpDirtyDays()
    const opened = { day: '2026-03-02', deals_opened: 1, deals_opened_minor: 100 }
    await db.updateTable('deals').set({ state: 'lost', closed_at: '2026-03-05T10:00:00Z' }).execute()
    await rollUpDirtyDays()
    expect(await client('sales')).toEqual([opened, { day: '2026-03-05', deals_lost: 1, deals_lost_minor: 100 }])
    await db.updateTable('deals').set({ state: 'open', closed_at: null }).execute()
    await rollUpDirtyDays()
    expect(await client('sales')).toEqual([opened])
  })

  test('leads and their changes of stage count by the day they happened', async () => {
    await given.client(db)
    await given.facts(db, 'leads', [
      { created_at: '2026-03-02T10:00:00Z', campaign_id: 'spring', value_minor: 500, currency: 'EUR' },
      { created_at: '2026-03-02T10:00:00Z', campaign_id: 'spring', value_minor: 900, currency: 'USD' },
      { created_at: '2026-03-02T10:00:00Z', location: 'Bern' },
    ])
    await given.facts(db, 'lead_stage_changes', [
      { changed_at: '2026-03-03T10:00:00Z', lead_id: 'x', to_stage: 'qualified' },
    ])
    await rollUpDirtyDays()
    expect(await rowsOf('sales', 'campaign')).toEqual([
      { member: '', day: '2026-03-02', leads: 1 },
      { member: '', day: '2026-03-03', stage_changes: 1 },
      { member: 'spring', day: '2026-03-02', leads: 2, leads_minor: 500 },
    ])
    expect(await rowsOf('sales', 'location')).toEqual([
      { member: '', day: '2026-03-02', leads: 2, leads_minor: 500 },
      { member: '', day: '2026-03-03', stage_changes: 1 },
      { member: 'Bern', day: '2026-03-02', leads: 1 },
    ])
  })

  test('a deal closed before it was opened counts nowhere, and is noted', async () => {
    await given.client(db)
    const backwards = {
      opened_at: '2026-03-05T10:00:00Z',
      closed_at: '2026-03-02T10:00:00Z',
      state: 'won',
      currency: 'EUR',
    }
    await given.facts(db, 'deals', [{ ...backwards, amount_minor: 100 }])
    await rollUpDirtyDays()
    expect(await client('sales')).toEqual([])
    expect(await table(db, 'quarantined_facts')).toMatchObject([
      { day: '2026-03-05', fact_table: 'deals', reason: 'closed before it was opened' },
    ])
  })
})

describe('campaigns', () => {
  /** One with leads, deals and payments of its own, and one with nothing but spend. */
  async function twoCampaigns(): Promise<void> {
    const [campaign_id, currency] = ['spring', 'EUR']
    await given.facts(db, 'campaign_spend', [
      {
        ...{ spent_at: '2026-03-02T10:00:00Z', campaign_id, currency, amount_minor: 10_000 },
        ...{ impressions: 5000, clicks: 100, contacted: 40, responded: 10 },
      },
      { spent_at: '2026-03-03T10:00:00Z', campaign_id, currency, amount_minor: 2000, contacted: 10, responded: 5 },
      { spent_at: '2026-03-03T10:00:00Z', campaign_id: 'autumn', currency, amount_minor: 500 },
      // Contradicts itself: nothing of it counts.
      { spent_at: '2026-03-03T10:00:00Z', campaign_id, currency, amount_minor: 9999, contacted: 1, responded: 2 },
    ])
    await given.facts(
      db,
      'leads',
      ['02', '03', '04', '05'].map((day) => ({ created_at: `2026-03-${day}T10:00:00Z`, campaign_id })),
    )
    const deal = { opened_at: '2026-03-02T10:00:00Z', closed_at: '2026-03-04T10:00:00Z', state: 'won', amount_minor: 1 }
    await given.facts(db, 'deals', [
      { ...deal, campaign_id, currency },
      { ...deal, campaign_id, currency },
      { ...deal, currency },
    ])
    await given.payments(db, [
      ['2026-03-05T10:00:00Z', { campaign_id, amount_minor: 40_000 }],
      ['2026-03-06T10:00:00Z', { campaign_id, amount_minor: -4000 }],
      ['2026-03-06T10:00:00Z', { amount_minor: 70_000 }],
    ])
    await given.facts(db, 'touchpoints', [
      { touched_at: '2026-03-02T10:00:00Z', customer_id: 'x', campaign_id, kind: 'ad' },
    ])
  }

  test('rates and costs of a campaign are of its own spend, leads, deals and payments', async () => {
    await given.client(db)
    await twoCampaigns()
    await rollUpDirtyDays()
    expect(await rowsOf('campaigns', 'campaign')).toEqual([
      { member: 'autumn', day: '2026-03-03', spend_minor: 500 },
      {
        ...{ member: 'spring', day: '2026-03-02', spend_minor: 10_000, impressions: 5000, clicks: 100 },
        ...{ contacted: 40, responded: 10, touchpoints: 1 },
      },
      { member: 'spring', day: '2026-03-03', spend_minor: 2000, contacted: 10, responded: 5 },
    ])
    const asked = [
      ...(['spend', 'clickThroughRate', 'responseRate', 'costPerLead', 'costPerAcquisition', 'campaignRoi'] as const),
    ]
    const window = { clientId: ACME, from: '2026-03-01', to: '2026-04-01', dimension: 'campaign' }
    expect(await metricsOf(db, { ...window, member: 'spring' }, asked)).toEqual({
      ...{
        spend: 12_000,
        clickThroughRate: 0.02,
        responseRate: 0.3,
        costPerLead: 3000,
        costPerAcquisition: 6000,
        campaignRoi: 2,
      },
    })
    expect(await metricsOf(db, { ...window, member: 'autumn' }, asked)).toEqual({
      ...{
        spend: 500,
        clickThroughRate: null,
        responseRate: null,
        costPerLead: null,
        costPerAcquisition: null,
        campaignRoi: -1,
      },
    })
  })
})

describe('marketplace', () => {
  const provider = { provider_id: 'p1' }
  const HOUR_S = 3600

  test('what overlaps counts once, and time is cut where the day ends, however long the day is', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.facts(db, 'provider_availability', [
      // 20:00 on Saturday to 04:00 on Sunday, winter to summer time: 4 hours and 3 hours.
      { ...provider, starts_at: '2026-03-28T19:00:00Z', ends_at: '2026-03-29T02:00:00Z' },
      // Overlaps the first by one hour.
      { ...provider, starts_at: '2026-03-29T01:00:00Z', ends_at: '2026-03-29T06:00:00Z' },
      { provider_id: 'p2', starts_at: '2026-03-29T06:00:00Z', ends_at: '2026-03-29T07:00:00Z' },
    ])
    await given.facts(db, 'bookings', [
      { ...provider, starts_at: '2026-03-28T22:30:00Z', ends_at: '2026-03-28T23:30:00Z' }, // 23:30 to 00:30
      { ...provider, starts_at: '2026-03-29T03:00:00Z', ends_at: '2026-03-29T04:00:00Z', state: 'completed' },
      { ...provider, starts_at: '2026-03-29T03:30:00Z', ends_at: '2026-03-29T04:30:00Z', state: 'no-show' },
      { ...provider, starts_at: '2026-03-29T05:00:00Z', ends_at: '2026-03-29T06:00:00Z', state: 'cancelled' },
      { ...provider, starts_at: '2026-03-29T05:00:00Z', ends_at: '2026-03-29T06:00:00Z', state: 'moved' },
      { starts_at: '2026-03-29T05:00:00Z', ends_at: '2026-03-29T06:00:00Z' }, // nobody's time
    ])
    await rollUpDirtyDays()
    expect(await rowsOf('marketplace', 'provider')).toEqual([
      { member: '', day: '2026-03-29', bookings: 1 },
      { member: 'p1', day: '2026-03-28', bookings: 1, booked_s: HOUR_S / 2, provider_available_s: 4 * HOUR_S },
      {
        ...{
          member: 'p1',
          day: '2026-03-29',
          bookings: 4,
          bookings_completed: 1,
          bookings_no_show: 1,
          bookings_cancelled: 1,
        },
        ...{ bookings_moved: 1, booked_s: 2 * HOUR_S, provider_available_s: 7 * HOUR_S },
      },
      { member: 'p2', day: '2026-03-29', provider_available_s: HOUR_S },
    ])
    // 2.5 of 12 hours. Of five bookings on Sunday one was moved; nobody knows when the other was called off.
    expect(await metrics('2026-03-28', '2026-03-30', 'providerUtilisation', 'noShow', 'appointmentCompletion')).toEqual(
      {
        ...{ providerUtilisation: 2.5 / 12, noShow: 1 / 5, appointmentCompletion: 1 / 5 },
      },
    )
  })

  test('a whole day is as long as it is: 23 hours in spring, 25 in autumn', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.facts(db, 'provider_availability', [
      { ...provider, starts_at: '2026-03-27T11:00:00Z', ends_at: '2026-03-30T10:00:00Z' }, // noon to noon, three days
      { ...provider, starts_at: '2026-10-24T22:00:00Z', ends_at: '2026-10-25T23:00:00Z' }, // midnight to midnight
    ])
    expect(await dirtyDays()).toEqual(['2026-03-27', '2026-03-28', '2026-03-29', '2026-03-30', '2026-10-25'])
    await rollUpDirtyDays()
    expect((await client('marketplace')).map((row) => [row.day, (row.provider_available_s ?? 0) / HOUR_S])).toEqual([
      ...[
        ['2026-03-27', 12],
        ['2026-03-28', 24],
        ['2026-03-29', 23],
        ['2026-03-30', 12],
      ],
      ['2026-10-25', 25],
    ])
  })

  test('a client that changes its zone has its times cut where the days of the new zone end', async () => {
    await given.client(db)
    await given.facts(db, 'provider_availability', [
      { ...provider, starts_at: '2026-03-02T10:00:00Z', ends_at: '2026-03-02T18:30:00Z' },
    ])
    await rollUpDirtyDays()
    expect(await client('marketplace')).toEqual([{ day: '2026-03-02', provider_available_s: 8.5 * HOUR_S }])
    // 15:45 to 00:15 there.
    await db.updateTable('clients').set({ time_zone: 'Asia/Kathmandu' }).execute()
    expect(await dirtyDays()).toEqual(['2026-03-02', '2026-03-03'])
    await rollUpDirtyDays()
    expect(await client('marketplace')).toEqual([
      { day: '2026-03-02', provider_available_s: 8.25 * HOUR_S },
      { day: '2026-03-03', provider_available_s: HOUR_S / 4 },
    ])
  })

  test('called off in time is so many hours ahead, to the instant, and comes out of what stood', async () => {
    await given.client(db, { cancel_hours: 48 })
    const booking = { ...provider, starts_at: '2026-03-10T10:00:00Z', ends_at: '2026-03-10T11:00:00Z' }
    const cancelled = { ...booking, state: 'cancelled' }
    await given.facts(db, 'bookings', [
      { ...cancelled, cancelled_at: '2026-03-08T10:00:00Z' },
      { ...cancelled, cancelled_at: '2026-03-08T10:00:00.001Z' },
      { ...cancelled },
      { ...booking, state: 'no-show' },
      { ...booking, state: 'completed' },
      { ...booking, state: 'moved' },
    ])
    await rollUpDirtyDays()
    expect(await client('marketplace')).toEqual([
      {
        ...{ day: '2026-03-10', bookings: 6, bookings_completed: 1, bookings_no_show: 1, bookings_cancelled: 3 },
        ...{ bookings_cancelled_in_time: 1, bookings_moved: 1, booked_s: HOUR_S },
      },
    ])
    expect(await metrics('2026-03-10', '2026-03-11', 'noShow', 'appointmentCompletion', 'providerUtilisation')).toEqual(
      {
        ...{ noShow: 0.25, appointmentCompletion: 0.25, providerUtilisation: null },
      },
    )
  })

  test('a request counts when it came, and as completed when it was', async () => {
    await given.client(db, { time_zone: 'Asia/Kathmandu' })
    const request = { service: 'audit', provider_id: 'p1' }
    await given.facts(db, 'service_requests', [
      {
        ...request,
        requested_at: '2026-03-01T18:14:59.999Z',
        completed_at: '2026-03-01T18:15:00Z',
        state: 'completed',
      },
      { ...request, requested_at: '2026-03-01T18:14:59.999Z', state: 'completed' },
      { ...request, requested_at: '2026-03-01T18:15:00Z', state: 'cancelled', location: 'Pokhara' },
      { ...request, requested_at: '2026-03-01T18:15:00Z', accepted_at: '2026-03-01T18:00:00Z', state: 'accepted' },
    ])
    await rollUpDirtyDays()
    expect(await client('marketplace')).toEqual([
      { day: '2026-03-01', requests: 2, requests_completed: 1 },
      { day: '2026-03-02', requests: 1, requests_completed: 1, requests_cancelled: 1 },
    ])
    expect(await table(db, 'quarantined_facts')).toMatchObject([
      { day: '2026-03-02', fact_table: 'service_requests', reason: 'accepted before it was requested' },
    ])
  })
})

describe('events and new customers', () => {
  test('a customer is new on the day of the first contact, in the client’s zone', async () => {
    await given.client(db, { time_zone: 'Asia/Kathmandu' })
    await given.facts(db, 'analytics_events', [
      { occurred_at: '2026-03-01T18:14:59.999Z', name: 'visit', channel: 'web' },
      { occurred_at: '2026-03-01T18:15:00Z', name: 'visit', channel: 'web', campaign_id: 'spring' },
    ])
    await given.facts(db, 'customers', [
      { first_contact_at: '2026-03-01T18:14:59.999Z', role: 'buyer', country: 'NP' },
      { first_contact_at: '2026-03-01T18:15:00Z', role: 'buyer', country: 'NP' },
      { first_contact_at: '2020-01-01T00:00:00Z' },
      { role: 'buyer' },
    ])
    await rollUpDirtyDays()
    expect(await client('events')).toEqual([
      { day: '2026-03-01', events: 1, customers_new: 1 },
      { day: '2026-03-02', events: 1, customers_new: 1 },
    ])
    expect(await rowsOf('events', 'customer-role')).toEqual([
      { member: '', day: '2026-03-01', events: 1 },
      { member: '', day: '2026-03-02', events: 1 },
      { member: 'buyer', day: '2026-03-01', customers_new: 1 },
      { member: 'buyer', day: '2026-03-02', customers_new: 1 },
    ])
    await db
      .updateTable('customers')
      .set({ first_contact_at: '2026-03-02T00:00:00Z' })
      .where('country', '=', 'NP')
      .execute()
    expect(await dirtyDays()).toEqual(['2026-03-01', '2026-03-02'])
    await db.updateTable('customers').set({ name: 'Nobody' }).execute()
    await rollUpDirtyDays()
    await db.updateTable('customers').set({ name: 'Somebody' }).execute()
    expect(await dirtyDays()).toEqual([])
    expect(await client('events')).toEqual([
      { day: '2026-03-01', events: 1 },
      { day: '2026-03-02', events: 1, customers_new: 2 },
    ])
  })
})

describe('every family', () => {
  test('on a day without facts there are no sums, and what was there is gone', async () => {
    await given.client(db)
    await given.payments(db, [['2026-03-02T10:00:00Z', { amount_minor: 5 }]])
    await given.facts(db, 'deals', [{ opened_at: '2026-03-02T10:00:00Z', amount_minor: 5, currency: 'EUR' }])
    await rollUpDirtyDays()
    await db.deleteFrom('payments').execute()
    await db.deleteFrom('deals').execute()
    await rollUpDirtyDays()
    expect(await dailyRows(db, ACME, BUSINESS_FAMILIES)).toEqual([])
  })

  test('an id that is empty is the same as none', async () => {
    await given.client(db)
    await given.payments(db, [
      ['2026-03-02T10:00:00Z', { amount_minor: 5, agent_id: '' }],
      ['2026-03-02T10:00:00Z', { amount_minor: 7 }],
    ])
    await rollUp('2026-03-02')
    expect(await rowsOf('money', 'agent')).toEqual([{ member: '', day: '2026-03-02', orders: 2, gross_minor: 12 }])
  })

  test('rolled up twice is the same as once', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    const at = '2026-03-29T10:00:00Z'
    const until = '2026-03-30T10:00:00Z'
    await given.payments(db, [[at, { amount_minor: 5 }]])
    await given.facts(db, 'subscriptions', [
      { customer_id: 'c', starts_at: at, ends_at: until, amount_minor: 9, currency: 'EUR' },
    ])
    await given.facts(db, 'deals', [
      { opened_at: at, closed_at: until, state: 'won', amount_minor: 5, currency: 'EUR' },
    ])
    await given.facts(db, 'campaign_spend', [{ spent_at: at, campaign_id: 'x', amount_minor: 5, currency: 'EUR' }])
    await given.facts(db, 'bookings', [{ starts_at: at, ends_at: until, provider_id: 'p' }])
    await given.facts(db, 'analytics_events', [{ occurred_at: at, name: 'visit' }])
    const days = daysOf({ from: '2026-03-28', to: addDays('2026-03-30', 2) })
    await rollUp(...days)
    const once = [await table(db, 'daily_metrics'), await table(db, 'metric_histograms')]
    expect(once.map((rows) => rows.length > 0)).toEqual([true, true])
    await rollUp(...days.toReversed())
    expect([await table(db, 'daily_metrics'), await table(db, 'metric_histograms')]).toEqual(once)
  })
})
