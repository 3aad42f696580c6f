import { describe, expect, test } from 'vitest'
import { client, db, metrics, rollUpDirtyDays } from '../support/business-world.ts'
import { dailyRows } from '../support/daily-rows.ts'
import { ACME, given } from '../support/given.ts'

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
    // 1000 + 500 + 6000 + 300 + 150 + 50 + 2000 = 10,000 of costs against 40,000 of revenue; two contacts were
    // answered.
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
