import { describe, expect, test } from 'vitest'
import { addDays, daysOf } from '../../src/time.ts'
import { client, db, dirtyDays, metrics, rollUp, rollUpDirtyDays, rowsOf } from '../support/business-world.ts'
import { BUSINESS_FAMILIES, dailyRows } from '../support/daily-rows.ts'
import { ACME, given, table } from '../support/given.ts'

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
    const cancelled = { ...booking, state: 'cancelled' } as const
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
