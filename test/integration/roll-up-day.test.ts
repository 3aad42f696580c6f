import { describe, expect, test } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { agentMetrics, db, oneCall, rollUp } from '../support/day-world.ts'
import { ACME, given, table } from '../support/given.ts'

async function rollUpDays() {
  const rows = await table(db, 'rollup_days')
  return rows.map(({ revision, changed_at, ...row }) => row)
}

async function answeredByHour() {
  const rows = await table(db, 'agent_metrics')
  return rows.map((row) => [row['day'], row['hour_at'], row['answered']])
}

describe('what a day is', () => {
  test('an instant belongs to one day: the last one before midnight to the old, midnight itself to the new', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T23:59:59.999Z', { talk_s: 60 }],
      ['2026-03-02T00:00:00Z', { talk_s: 90 }],
    ])
    await rollUp('2026-03-01')
    await rollUp('2026-03-02')
    expect(await agentMetrics()).toEqual([
      oneCall('2026-03-01', '2026-03-01T23:00:00Z', { talk_s: 60 }),
      oneCall('2026-03-02', '2026-03-02T00:00:00Z', { talk_s: 90 }),
    ])
  })

  test('the hour that clocks repeat is two hours of one day', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-10-24T22:00:00Z', {}], // 00:00, the first instant of a day of 25 hours
      ['2026-10-25T00:30:00Z', {}], // 02:30 summer time
      ['2026-10-25T01:30:00Z', {}], // 02:30 winter time
      ['2026-10-25T22:59:59Z', {}], // 23:59:59, its last second
      ['2026-10-25T23:00:00Z', {}], // the next day
    ])
    await rollUp('2026-10-25')
    expect(await answeredByHour()).toEqual([
      ['2026-10-25', '2026-10-24T22:00:00Z', 1],
      ['2026-10-25', '2026-10-25T00:00:00Z', 1],
      ['2026-10-25', '2026-10-25T01:00:00Z', 1],
      ['2026-10-25', '2026-10-25T22:00:00Z', 1],
    ])
  })

  test('the hour that clocks skip shortens the day to 23 hours', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-03-28T22:59:59Z', {}], // the day before
      ['2026-03-29T00:59:59Z', {}], // 01:59:59
      ['2026-03-29T01:00:00Z', {}], // 03:00:00
      ['2026-03-29T21:59:59Z', {}], // 23:59:59
      ['2026-03-29T22:00:00Z', {}], // the next day
    ])
    await rollUp('2026-03-29')
    expect(await answeredByHour()).toEqual([
      ['2026-03-29', '2026-03-29T00:00:00Z', 1],
      ['2026-03-29', '2026-03-29T01:00:00Z', 1],
      ['2026-03-29', '2026-03-29T21:00:00Z', 1],
    ])
  })

  test.each([
    ['Asia/Kolkata', '2026-05-09T18:30:00Z', '2026-05-10T18:29:59Z', '2026-05-10T17:30:00Z'],
    ['Asia/Kathmandu', '2026-05-09T18:15:00Z', '2026-05-10T18:14:59Z', '2026-05-10T17:15:00Z'],
  ])('in %s days and hours begin off the hour of UTC', async (time_zone, first, last, lastHour) => {
    await given.client(db, { time_zone })
    await given.calls(db, [
      [first, {}],
      [last, {}],
    ])
    expect(await rollUpDays()).toEqual([
      { client_id: ACME, day: '2026-05-10', facts_version: 1, rolled_version: 0, rolled_at: null },
    ])
    await rollUp('2026-05-10')
    expect(await answeredByHour()).toEqual([
      ['2026-05-10', first, 1],
      ['2026-05-10', lastHour, 1],
    ])
  })

  test('where clocks jump at midnight, the day begins with the jump, and where they fall back over it, with the first midnight', async () => {
    await given.client(db, { time_zone: 'America/Havana' })
    await given.calls(db, [
      ['2026-03-08T05:00:00Z', {}], // 01:00: there is no 00:00
      ['2026-11-01T04:10:00Z', {}], // 00:10 summer time
      ['2026-11-01T05:10:00Z', {}], // 00:10 winter time
    ])
    await rollUp('2026-03-08')
    await rollUp('2026-11-01')
    expect(await answeredByHour()).toEqual([
      ['2026-03-08', '2026-03-08T05:00:00Z', 1],
      ['2026-11-01', '2026-11-01T04:00:00Z', 1],
      ['2026-11-01', '2026-11-01T05:00:00Z', 1],
    ])
  })
})

describe('again and again', () => {
  test('a late call changes only its own day', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T23:59:59Z', { talk_s: 60 }],
      ['2026-03-02T00:00:00Z', { talk_s: 90 }],
    ])
    await rollUp('2026-03-01')
    await rollUp('2026-03-02')
    await given.calls(db, [['2026-03-01T12:00:00Z', { talk_s: 30 }]])
    await rollUp('2026-03-01')
    expect(await agentMetrics()).toEqual([
      oneCall('2026-03-01', '2026-03-01T12:00:00Z', { talk_s: 30 }),
      oneCall('2026-03-01', '2026-03-01T23:00:00Z', { talk_s: 60 }),
      oneCall('2026-03-02', '2026-03-02T00:00:00Z', { talk_s: 90 }),
    ])
  })

  test('twice is the same as once', async () => {
    await given.client(db)
    await given.calls(db, [['2026-03-01T09:00:00Z', { customer_id: 'c1', resolved: true }]])
    await given.surveys(db, [['2026-03-01T09:00:00Z', { csat: 5, nps: 10 }]])
    await given.payments(db, [['2026-03-01T09:00:00Z', { amount_minor: 1, country: 'CH' }]])
    const everything = async () => ({
      agents: await table(db, 'agent_metrics'),
      revenue: await table(db, 'revenue_metrics'),
      customers: await table(db, 'customer_metrics'),
    })
    await rollUp('2026-03-01')
    const once = await everything()
    await rollUp('2026-03-01')
    expect(await everything()).toEqual(once)
    expect(once.agents).toHaveLength(2)
  })

  test('a day without facts is rolled up to nothing and is clean', async () => {
    await given.client(db)
    const { rolledAt } = await rollUp('2026-03-01')
    expect(await agentMetrics()).toEqual([])
    expect(await rollUpDays()).toEqual([
      { client_id: ACME, day: '2026-03-01', facts_version: 0, rolled_version: 0, rolled_at: rolledAt },
    ])
  })

  test('a day that is not over stays dirty', async () => {
    await given.client(db)
    await rollUp('2999-01-01')
    const [day] = await table(db, 'rollup_days')
    expect([day?.['facts_version'], day?.['rolled_version']]).toEqual([0, -1])
  })

  test('clients with the same ids do not meet', async () => {
    await given.client(db)
    await given.client(db, { id: 'other', time_zone: 'Asia/Tokyo' })
    const same = { id: 'call-a', agent_id: 'anna', customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { ...same, talk_s: 10 }],
      ['2026-03-01T09:00:00Z', { ...same, talk_s: 20, client_id: 'other' }],
      ['2026-03-02T09:00:00Z', { ...same, talk_s: 20, client_id: 'other' }],
    ])
    await rollUp('2026-03-01')
    await rollUp('2026-03-01', 'other')
    await rollUp('2026-03-02', 'other')
    const rows = (await table(db, 'agent_metrics')).map((row) => [
      row['client_id'],
      row['day'],
      row['talk_s'],
      row['resolved_first'],
    ])
    expect(rows).toEqual([
      ['acme', '2026-03-01', 10, 1],
      ['other', '2026-03-01', 20, 0],
      ['other', '2026-03-02', 20, 1],
    ])
  })

  test('a client that is not there is a permanent error', async () => {
    await expect(rollUp('2026-03-01', 'nobody')).rejects.toEqual(
      new PermanentError('unknown-client', 'there is no client nobody to roll up'),
    )
  })
})
