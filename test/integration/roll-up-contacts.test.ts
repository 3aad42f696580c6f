import { describe, expect, test } from 'vitest'
import { dayOf } from '../../src/time.ts'
import { agentMetrics, db, NOTHING, oneCall, rollUp } from '../support/day-world.ts'
import { ACME, given, table } from '../support/given.ts'

async function resolvedFirstByDay() {
  const rows = await table(db, 'agent_metrics')
  return Object.fromEntries(rows.map((row) => [row['day'], row['resolved_first']]))
}

describe('what is counted', () => {
  test('short abandons are left out of offered and abandoned; answered within the threshold includes the threshold', async () => {
    await given.client(db, { service_level_s: 20, short_abandon_s: 5 })
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { wait_s: 20, talk_s: 100, hold_s: 10, wrap_s: 5, resolved: true }],
      ['2026-03-01T09:01:00Z', { wait_s: 21, talk_s: 50, escalated: true, automated: true }],
      ['2026-03-01T09:02:00Z', { status: 'abandoned', wait_s: 4 }],
      ['2026-03-01T09:03:00Z', { status: 'abandoned', wait_s: 5 }],
      ['2026-03-01T09:04:00Z', { status: 'missed', wait_s: 2 }],
    ])
    await rollUp('2026-03-01')
    expect(await agentMetrics()).toEqual([
      {
        ...NOTHING,
        day: '2026-03-01',
        hour_at: '2026-03-01T09:00:00Z',
        offered: 4,
        answered: 2,
        abandoned: 1,
        short_abandoned: 1,
        missed: 1,
        answered_in_threshold: 1,
        wait_answered_s: 41,
        talk_s: 150,
        hold_s: 10,
        wrap_s: 5,
        resolved: 1,
        resolved_first: 1,
        escalated: 1,
        automated: 1,
        assistant_contacts: 1,
      },
    ])
  })

  test('calls, surveys and payments of one agent and hour share a row; what has no agent, sector or channel stands under none', async () => {
    await given.client(db)
    const anna = { agent_id: 'anna', sector_id: 'sales', channel: 'web' } as const
    await given.calls(db, [['2026-03-01T09:00:00Z', anna]])
    await given.surveys(db, [
      ['2026-03-01T09:10:00Z', { ...anna, csat: 4, nps: 9 }],
      ['2026-03-01T09:11:00Z', { ...anna, csat: 3, nps: 7 }],
      ['2026-03-01T09:12:00Z', { ...anna, nps: 6 }],
    ])
    await given.payments(db, [
      ['2026-03-01T09:20:00Z', { ...anna, amount_minor: 1000 }],
      ['2026-03-01T09:21:00Z', { amount_minor: 500 }],
      ['2026-03-01T09:22:00Z', { amount_minor: -200 }],
      ['2026-03-01T09:23:00Z', { amount_minor: 0 }],
      ['2026-03-01T09:24:00Z', { kind: 'fee', amount_minor: -30 }],
    ])
    await rollUp('2026-03-01')
    const hour = { day: '2026-03-01', hour_at: '2026-03-01T09:00:00Z' }
    const survey = { csat_count: 2, csat_sum: 7, csat_satisfied: 1, nps_count: 3, nps_promoters: 1, nps_detractors: 1 }
    expect(await agentMetrics()).toEqual([
      { ...NOTHING, ...hour, channel: '', orders: 1, refunds: 1, gross_minor: 500, refunded_minor: -200 },
      oneCall(hour.day, hour.hour_at, { ...anna, ...survey, orders: 1, gross_minor: 1000 }),
    ])
  })

  test('money of another currency is kept apart and never added', async () => {
    await given.client(db, { currency: 'EUR' })
    await given.payments(db, [
      ['2026-03-01T09:00:00Z', { amount_minor: 1000, country: 'DE', customer_id: 'c1' }],
      ['2026-03-01T10:00:00Z', { amount_minor: 700, currency: 'USD', country: 'DE', customer_id: 'c1' }],
    ])
    await rollUp('2026-03-01')
    const day = { client_id: ACME, day: '2026-03-01', orders: 1, refunds: 0, refunded_minor: 0 }
    expect(await table(db, 'revenue_metrics')).toEqual([
      { ...day, currency: 'EUR', country: 'DE', gross_minor: 1000 },
      { ...day, currency: 'USD', country: 'DE', gross_minor: 700 },
    ])
    expect(await table(db, 'customer_metrics')).toEqual([{ ...day, customer_id: 'c1', contacts: 0, gross_minor: 1000 }])
    expect((await table(db, 'agent_metrics')).map((row) => row['gross_minor'])).toEqual([1000])
  })

  test('a refund counts in the month it was paid back, not in that of its order', async () => {
    await given.client(db, { time_zone: 'Europe/London' })
    await given.payments(db, [
      ['2011-10-31T23:59:59Z', { amount_minor: 5000, customer_id: 'c1' }],
      ['2011-11-01T00:00:00Z', { amount_minor: -5000, customer_id: 'c1' }],
    ])
    await rollUp('2011-10-31')
    await rollUp('2011-11-01')
    const none = { client_id: ACME, currency: 'EUR', country: '' }
    expect(await table(db, 'revenue_metrics')).toEqual([
      { ...none, day: '2011-10-31', orders: 1, refunds: 0, gross_minor: 5000, refunded_minor: 0 },
      { ...none, day: '2011-11-01', orders: 0, refunds: 1, gross_minor: 0, refunded_minor: -5000 },
    ])
  })

  test('an unknown customer has a row of its own, so that customers add up to the whole', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { customer_id: 'c1' }],
      ['2026-03-01T09:05:00Z', {}],
    ])
    await given.payments(db, [
      ['2026-03-01T10:00:00Z', { amount_minor: 100, customer_id: 'c1' }],
      ['2026-03-01T11:00:00Z', { amount_minor: 40 }],
      ['2026-03-01T12:00:00Z', { amount_minor: -10 }],
    ])
    await rollUp('2026-03-01')
    const day = { client_id: ACME, day: '2026-03-01' }
    expect(await table(db, 'customer_metrics')).toEqual([
      { ...day, customer_id: '', contacts: 1, orders: 1, refunds: 1, gross_minor: 40, refunded_minor: -10 },
      { ...day, customer_id: 'c1', contacts: 1, orders: 1, refunds: 0, gross_minor: 100, refunded_minor: 0 },
    ])
  })
})

describe('first contact resolution', () => {
  const resolved = { customer_id: 'c1', topic: 'bill', resolved: true }

  test('a contact is resolved first until the same customer comes back on the same topic within 168 hours', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T12:00:00Z', resolved],
      ['2026-03-08T12:00:00Z', { ...resolved, resolved: false }], // 168 hours later to the second: a repeat
      ['2026-03-02T12:00:00Z', { ...resolved, topic: 'move' }],
      ['2026-03-09T12:00:01Z', { ...resolved, topic: 'move' }], // a second too late
      ['2026-03-03T12:00:00Z', { customer_id: null, topic: 'bill', resolved: true }],
      ['2026-03-03T13:00:00Z', { customer_id: null, topic: 'bill' }], // nobody knows whether it is the same one
      ['2026-03-04T12:00:00Z', { customer_id: 'c2', resolved: true }],
      ['2026-03-05T12:00:00Z', { customer_id: 'c2', status: 'abandoned' }], // no topic twice is one topic
    ])
    for (const day of ['01', '02', '03', '04', '05', '08', '09']) await rollUp(`2026-03-${day}`)
    const byDay = (await table(db, 'agent_metrics')).map((row) => [row['day'], row['resolved'], row['resolved_first']])
    expect(byDay).toEqual([
      ['2026-03-01', 1, 0],
      ['2026-03-02', 1, 1],
      ['2026-03-03', 1, 1],
      ['2026-03-03', 0, 0],
      ['2026-03-04', 1, 0],
      ['2026-03-05', 0, 0],
      ['2026-03-08', 0, 0],
      ['2026-03-09', 1, 1],
    ])
  })

  test('a repeat takes the resolution from the earlier day when its own day is rolled up, and gives it back when it is deleted', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T12:00:00Z', resolved],
      ['2026-03-01T12:10:00Z', { ...resolved, customer_id: 'c2' }],
    ])
    await rollUp('2026-03-01')
    expect(await resolvedFirstByDay()).toEqual({ '2026-03-01': 2 })
    await given.calls(db, [['2026-03-06T12:00:00Z', { ...resolved, id: 'again' }]])
    await rollUp('2026-03-06')
    await rollUp('2026-03-06')
    expect(await resolvedFirstByDay()).toEqual({ '2026-03-01': 1, '2026-03-06': 1 })
    await db.deleteFrom('interactions').where('id', '=', 'again').execute()
    await rollUp('2026-03-06')
    expect(await resolvedFirstByDay()).toEqual({ '2026-03-01': 2 })
  })

  test('the 7 days are 168 hours where clocks change in between', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-03-21T23:30:00Z', resolved], // Sunday 22 March, 00:30
      ['2026-03-28T23:30:00Z', resolved], // Sunday 29 March, 00:30, before the clocks jump: 168 hours
      ['2026-04-04T23:30:00Z', resolved], // Sunday 5 April, 01:30: 168 hours, though a later time of day
    ])
    for (const day of ['2026-03-22', '2026-03-29', '2026-04-05']) await rollUp(day)
    expect(await resolvedFirstByDay()).toEqual({ '2026-03-22': 0, '2026-03-29': 0, '2026-04-05': 1 })
  })

  test.each([
    ['UTC', '2026-03-01T00:00:00Z', '2026-03-08T00:00:00Z'], // the first instants of their days
    ['Europe/Zurich', '2026-03-28T23:30:00Z', '2026-04-04T23:30:00Z'], // 00:30 and, summer time by then, 01:30
    ['Europe/Zurich', '2026-10-24T22:30:00Z', '2026-10-31T22:30:00Z'], // 00:30 and, winter time by then, 23:30
  ])(
    'in %s the repeat of %s at the last moment counts when only its own day is rolled up again',
    async (time_zone, first, again) => {
      await given.client(db, { time_zone })
      const dayOfInstant = (at: string) => dayOf(Temporal.Instant.from(at), time_zone)
      await given.calls(db, [[first, resolved]])
      await rollUp(dayOfInstant(first))
      await given.calls(db, [[again, { ...resolved, resolved: false }]])
      await rollUp(dayOfInstant(again))
      expect(await resolvedFirstByDay()).toEqual({ [dayOfInstant(first)]: 0, [dayOfInstant(again)]: 0 })
    },
  )
})
