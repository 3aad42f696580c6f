import { describe, expect, test } from 'vitest'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import { dayOf, daysOf, systemClock } from '../../src/time.ts'
import { database, db, dirtyDays, everything, rollUp, rows } from '../support/family-world.ts'
import { ACME, given, table } from '../support/given.ts'

describe('days, weeks and months', () => {
  test('a day on which nothing happened is a row of zeros, a day nobody rolled up is none', async () => {
    await given.client(db)
    await rollUp('2026-03-02')
    const [day, ...others] = await table(db, 'daily_metrics')
    expect(others).toEqual([])
    expect([
      day?.['day'],
      day?.['dimension'],
      day?.['offered'],
      day?.['reviews'],
      day?.['paid_s'],
      day?.['quarantined'],
    ]).toEqual([...['2026-03-02', 'client', 0, 0, 0, 0]])
    const trends = await rows('performance_trends')
    expect(trends.map(({ grain, bucket_day, bucket_at }) => [grain, bucket_day, bucket_at])).toEqual([
      ['day', '2026-03-02', '2026-03-02T00:00:00Z'],
      ['month', '2026-03-01', '2026-03-01T00:00:00Z'],
      ['week', '2026-03-02', '2026-03-02T00:00:00Z'],
    ])
  })

  test('the ISO week of New Year is one, its months are two', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-12-31T22:59:59Z', { agent_id: 'anna' }],
      ['2026-12-31T23:00:00Z', { agent_id: 'anna' }],
      ['2027-01-03T22:59:59Z', {}],
      ['2027-01-03T23:00:00Z', {}],
    ])
    await rollUp(...daysOf({ from: '2026-12-31', to: '2027-01-05' }))
    const trends = await rows('performance_trends', { dimension: 'client' })
    const coarse = trends.filter(({ grain }) => grain === 'week' || grain === 'month')
    expect(
      coarse.map(({ grain, bucket_day, bucket_at, answered }) => [grain, bucket_day, bucket_at, answered]),
    ).toEqual([
      ['month', '2026-12-01', '2026-11-30T23:00:00Z', 1],
      ['month', '2027-01-01', '2026-12-31T23:00:00Z', 3],
      ['week', '2026-12-28', '2026-12-27T23:00:00Z', 3],
      ['week', '2027-01-04', '2027-01-03T23:00:00Z', 1],
    ])
  })

  test('twice is the same as once, in every table', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true, agent_id: 'anna', wait_s: 12 }
    await given.calls(db, [
      ['2026-02-27T09:00:00Z', caller],
      ['2026-03-02T09:00:00Z', caller],
    ])
    await given.facts(db, 'agent_status_changes', [
      { changed_at: '2026-03-01T20:00:00Z', agent_id: 'anna', status: 'available' },
    ])
    const days = daysOf({ from: '2026-02-27', to: '2026-03-03' })
    await rollUp(...days)
    const once = await everything()
    await rollUp(...days.toReversed())
    expect(await everything()).toEqual(once)
  })

  test('a client that changes its zone has all its days again, as if it had always been there', async () => {
    await given.client(db, { time_zone: 'Asia/Tokyo' })
    await given.calls(db, [
      ['2026-03-01T16:00:00Z', { customer_id: 'c1', resolved: true }], // 2 March in Tokyo, 1 March in London
      ['2026-03-05T01:00:00Z', { customer_id: 'c1' }],
    ])
    await given.facts(db, 'agent_status_changes', [
      { changed_at: '2026-03-04T23:30:00Z', agent_id: 'anna', status: 'handling' },
    ])
    await rollUp(...daysOf({ from: '2026-03-02', to: '2026-03-06' }))
    await db.updateTable('clients').set({ time_zone: 'Europe/London' }).execute()
    const days = daysOf({ from: '2026-03-01', to: '2026-03-06' })
    expect(await dirtyDays()).toEqual(days)
    await rollUp(...days)
    expect(await dirtyDays()).toEqual([])
    const changed = await everything()
    for (const name of [
      'daily_metrics',
      'agent_metrics',
      'performance_trends',
      'metric_histograms',
      'repeated_contacts',
    ] as const)
      await db.deleteFrom(name).execute()
    await rollUp(...days)
    expect(changed).toEqual(await everything())
  })

  test.each([{ currency: 'CHF' }, { service_level_s: 30 }, { short_abandon_s: 9 }, { cancel_hours: 1 }])(
    'a client’s %o is in its sums: a change makes its days dirty, also those on which nothing happened',
    async (change) => {
      await given.client(db)
      await given.calls(db, [['2026-03-01T09:00:00Z', {}]])
      await rollUp('2026-03-01', '2026-03-02')
      await db.updateTable('clients').set({ name: 'Another' }).execute()
      expect(await dirtyDays()).toEqual([])
      await db.updateTable('clients').set(change).execute()
      expect(await dirtyDays()).toEqual(['2026-03-01', '2026-03-02'])
      await rollUp('2026-03-01', '2026-03-02')
      expect(await dirtyDays()).toEqual([])
    },
  )

  test('who deletes a client deletes its roll-ups, and no other’s', async () => {
    await given.client(db)
    await given.client(db, { id: 'other' })
    await given.calls(db, [['2026-03-01T09:00:00Z', {}]])
    await rollUp('2026-03-01')
    await db.deleteFrom('clients').where('id', '=', 'other').execute()
    expect((await rows('daily_metrics')).length).toBeGreaterThan(0)
    await db.deleteFrom('clients').where('id', '=', ACME).execute()
    expect(Object.values(await everything()).flat()).toEqual([])
  })
})

test('what a day says of raw events outlives them: an old day that is rolled up again keeps it, and counts what came late', async () => {
  await given.client(db)
  const day = '2024-03-01'
  const at = `${day}T09:00:00Z`
  await given.facts(db, 'agent_status_changes', [
    { changed_at: at, agent_id: 'anna', status: 'handling' },
    { changed_at: `${day}T09:20:00Z`, agent_id: 'anna', status: 'offline' },
  ])
  await given.facts(db, 'analytics_events', [{ occurred_at: at, name: 'visit', channel: 'web' }])
  await given.facts(db, 'touchpoints', [{ touched_at: at, customer_id: 'c1', kind: 'mail', campaign_id: 'spring' }])
  await rollUp(day)
  const before = await everything()
  for (const name of ['agent_status_changes', 'analytics_events', 'touchpoints'] as const)
    await db.deleteFrom(name).execute()
  const again = async () => {
    const options = { clientId: ACME, day, eventDays: 90 }
    await database
      .forClient(ACME)
      .transaction()
      .execute((tx) => rollUpDay(tx, options))
  }
  await again()
  expect(await everything()).toEqual(before)
  await given.calls(db, [[at, {}]])
  await again()
  const [client] = await rows('daily_metrics', { dimension: 'client' })
  expect([client?.['answered'], client?.['paid_s'], client?.['events'], client?.['touchpoints']]).toEqual([
    1, 1200, 1, 1,
  ])
})

test.each([
  { zone: 'America/New_York', day: '2026-02-28' },
  { zone: 'Asia/Tokyo', day: '2026-03-01' },
])('the day in $zone of which dropping a UTC month takes some hours only keeps what it says', async ({ zone, day }) => {
  await given.client(db, { time_zone: zone })
  const [before, after] = ['2026-02-28T20:00:00Z', '2026-03-01T02:00:00Z']
  await given.facts(db, 'agent_status_changes', [
    { changed_at: before, agent_id: 'anna', status: 'handling' },
    { changed_at: after, agent_id: 'anna', status: 'available' },
    { changed_at: '2026-03-01T03:00:00Z', agent_id: 'anna', status: 'offline' },
  ])
  for (const occurred_at of [before, after]) await given.facts(db, 'analytics_events', [{ occurred_at, name: 'visit' }])
  for (const touched_at of [before, after])
    await given.facts(db, 'touchpoints', [{ touched_at, customer_id: 'c1', kind: 'mail' }])
  await rollUp(day)
  const whole = await everything()
  const march = '2026-03-01T00:00:00Z'
  await db.deleteFrom('agent_status_changes').where('changed_at', '<', march).execute()
  await db.deleteFrom('analytics_events').where('occurred_at', '<', march).execute()
  await db.deleteFrom('touchpoints').where('touched_at', '<', march).execute()
  // So many days that the first of March is the first that is kept.
  const eventDays = Temporal.PlainDate.from('2026-03-01').until(dayOf(systemClock(), 'UTC')).days
  await database
    .forClient(ACME)
    .transaction()
    .execute((tx) => rollUpDay(tx, { clientId: ACME, day, eventDays }))
  expect(await everything()).toEqual(whole)
})
