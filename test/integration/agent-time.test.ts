import { describe, expect, test } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { db, dirtyDays, rollUp, rows } from '../support/family-world.ts'
import { given, table } from '../support/given.ts'

describe('the time of agents', () => {
  const status = (changed_at: string, name: DB['agent_status_changes']['status']) => ({
    changed_at,
    agent_id: 'anna',
    status: name,
  })
  const times = async () => {
    const found = await rows('agent_metrics')
    return found.map(({ hour_at, available_s = 0, handling_s = 0, break_s = 0, paid_s }) => {
      return [hour_at, available_s, handling_s, break_s, paid_s]
    })
  }

  test('a status holds until the next, and is cut at the edges of hours and of the day', async () => {
    await given.client(db)
    await given.facts(db, 'agent_status_changes', [
      status('2026-03-01T23:30:00Z', 'available'),
      status('2026-03-02T00:10:00.400Z', 'handling'),
      status('2026-03-02T01:00:00Z', 'break'),
      status('2026-03-02T01:15:00Z', 'offline'),
    ])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await times()).toEqual([
      ['2026-03-01T23:00:00Z', 1800, 0, 0, 1800],
      ['2026-03-02T00:00:00Z', 600, 3000, 0, 3600],
      ['2026-03-02T01:00:00Z', 0, 0, 900, 900],
    ])
  })

  test('a status nobody ends holds for 24 hours: 25 hours of a day are 25 rows, of which it has 24', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.facts(db, 'agent_status_changes', [status('2026-10-24T22:00:00Z', 'available')])
    await rollUp('2026-10-25')
    const found = await times()
    expect([found.length, found[0], found.at(-1)]).toEqual([
      24,
      ['2026-10-24T22:00:00Z', 3600, 0, 0, 3600],
      ['2026-10-25T21:00:00Z', 3600, 0, 0, 3600],
    ])
  })

  test.each([
    ['Asia/Kolkata', '2026-05-09T18:30:00Z'],
    ['Asia/Kathmandu', '2026-05-09T18:15:00Z'],
    ['Australia/Lord_Howe', '2026-05-09T13:30:00Z'],
  ])('in %s hours are the local ones', async (time_zone, midnight) => {
    await given.client(db, { time_zone })
    const start = Temporal.Instant.from(midnight)
    await given.facts(db, 'agent_status_changes', [
      status(start.add({ minutes: 50 }).toString(), 'handling'),
      status(start.add({ minutes: 70 }).toString(), 'offline'),
    ])
    await rollUp('2026-05-10')
    expect(await times()).toEqual([
      [midnight, 0, 600, 0, 600],
      [start.add({ hours: 1 }).toString(), 0, 600, 0, 600],
    ])
  })

  test('where clocks fall back by half an hour, the hour it happens in is its half and the whole after it', async () => {
    await given.client(db, { time_zone: 'Australia/Lord_Howe' })
    // On 5 April 2026 02:00 (+11:00) becomes 01:30 (+10:30).
    await given.facts(db, 'agent_status_changes', [
      status('2026-04-04T14:00:00Z', 'handling'), // 01:00 +11:00
      status('2026-04-04T16:30:00Z', 'offline'), // 03:00 +10:30
    ])
    await given.calls(db, [['2026-04-04T15:15:00Z', {}]]) // 01:45 +10:30
    await rollUp('2026-04-05')
    const found = await rows('agent_metrics')
    expect(found.reduce((sum, row) => sum + Number(row['handling_s'] ?? 0), 0)).toBe(9000)
    const trends = await rows('performance_trends', { grain: 'hour' })
    expect(trends.reduce((sum, row) => sum + Number(row['answered'] ?? 0), 0)).toBe(1)
  })

  test('a late change of status makes the day after it dirty too, where that was rolled up', async () => {
    await given.client(db)
    await given.facts(db, 'agent_status_changes', [status('2026-03-01T20:00:00Z', 'available')])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await dirtyDays()).toEqual([])
    await given.facts(db, 'agent_status_changes', [status('2026-03-01T21:00:00Z', 'offline')])
    expect(await dirtyDays()).toEqual(['2026-03-01', '2026-03-02'])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await times()).toEqual([['2026-03-01T20:00:00Z', 3600, 0, 0, 3600]])
  })

  test('where a day has 23 hours, a late change of status before it makes the day after it dirty as well', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await rollUp('2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31')
    // 23:30 on the 28th; 24 hours on it is 00:30 on the 30th.
    await given.facts(db, 'agent_status_changes', [status('2026-03-28T22:30:00Z', 'available')])
    expect(await dirtyDays()).toEqual(['2026-03-28', '2026-03-29', '2026-03-30'])
    await rollUp('2026-03-28', '2026-03-29', '2026-03-30')
    const seconds = (await rows('daily_metrics', { dimension: 'client' })).map((row) => [
      row['day'],
      row['available_s'],
    ])
    expect(seconds).toEqual([
      ['2026-03-28', 1800],
      ['2026-03-29', 23 * 3600],
      ['2026-03-30', 1800],
      ['2026-03-31', undefined],
    ])
  })

  test('a late change of status changes the day after it also while that waits to be rolled up for the first time', async () => {
    await given.client(db)
    await given.facts(db, 'agent_status_changes', [status('2026-03-02T20:00:00Z', 'offline')])
    const version = async () =>
      Number((await table(db, 'rollup_days')).find(({ day }) => day === '2026-03-02')?.['facts_version'])
    const before = await version()
    await given.facts(db, 'agent_status_changes', [status('2026-03-01T20:00:00Z', 'available')])
    expect(await version()).toBe(before + 1)
  })
})
