import { describe, expect, test } from 'vitest'
import { client, db, metrics, rollUpDirtyDays, rowsOf } from '../support/business-world.ts'
import { metricsOf } from '../support/daily-rows.ts'
import { ACME, given, table } from '../support/given.ts'

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
    const deal = { currency: 'EUR', state: 'won', amount_minor: 100 } as const
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
    } as const
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
    const deal = {
      opened_at: '2026-03-02T10:00:00Z',
      closed_at: '2026-03-04T10:00:00Z',
      state: 'won',
      amount_minor: 1,
    } as const
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
    const window = { clientId: ACME, from: '2026-03-01', to: '2026-04-01', dimension: 'campaign' as const }
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
