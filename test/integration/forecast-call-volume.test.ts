import { beforeEach, expect, test } from 'vitest'
import { forecastCallVolume, latestForecast } from '../../src/analytics/forecasts/index.ts'
import { addDays, daysOf } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

const LAST = '2026-06-30'
const WEEK = [100, 120, 110, 105, 130, 40, 0]

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

/** So many days up to LAST, each rolled up, with the contacts of its weekday in a sector. */
async function rolledDays(count: number, sector_id: string, times = 1): Promise<void> {
  const days = daysOf({ from: addDays(LAST, 1 - count), to: addDays(LAST, 1) })
  await db
    .insertInto('rollup_days')
    .values(days.map((day) => ({ client_id: ACME, day, rolled_at: `${addDays(day, 1)}T01:00:00Z` })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const rows = days.map((day) => ({
    client_id: ACME,
    day,
    hour_at: `${day}T09:00:00Z`,
    agent_id: '',
    sector_id,
    channel: 'voice',
    offered: (WEEK[Temporal.PlainDate.from(day).dayOfWeek - 1] ?? 0) * times,
  }))
  await db
    .insertInto('agent_metrics')
    .values(rows.filter((row) => row.offered > 0))
    .execute()
}

async function forecastAndStore(day = LAST) {
  const made = await forecastCallVolume(acme, { clientId: ACME, day })
  await acme.transaction().execute((tx) => made.store(tx))
  return made
}

test('the whole client and each of its sectors are forecast for 28 days, and twice is the same as once', async () => {
  await rolledDays(120, 'sales')
  await rolledDays(90, 'help', 2)
  await rolledDays(90, '')
  await forecastAndStore()
  const once = { forecasts: await table(db, 'forecasts'), days: await table(db, 'forecast_days') }
  expect(once.forecasts.map((row) => [row['sector_id'], row['history_days']])).toEqual([
    ['', 120],
    ['help', 90],
    ['sales', 120],
  ])
  expect(once.days).toHaveLength(3 * 28)
  await forecastAndStore()
  expect({ forecasts: await table(db, 'forecasts'), days: await table(db, 'forecast_days') }).toEqual(once)
  const stored = await latestForecast(acme, {
    ...{ clientId: ACME, metric: 'offered', sectorId: 'help', from: addDays(LAST, -6), to: addDays(LAST, 1) },
  })
  // 1 July 2026 is a Wednesday.
  const expected = stored?.days.slice(0, 5).map(({ day, expected }) => [day, Math.round(expected)])
  expect(expected).toEqual([
    ['2026-07-01', 220],
    ['2026-07-02', 210],
    ['2026-07-03', 260],
    ['2026-07-04', 80],
    ['2026-07-05', 0],
  ])
})

test('a sector of less than 60 days has no forecast but a reason, and an earlier one of the same day goes', async () => {
  await rolledDays(70, 'sales')
  await rolledDays(20, 'new')
  await forecastAndStore()
  expect((await table(db, 'forecasts')).map((row) => row['sector_id'])).toEqual(['', 'sales'])
  await db.deleteFrom('agent_metrics').where('day', '<', addDays(LAST, -40)).execute()
  const { forecasts } = await forecastAndStore()
  expect(forecasts.map(({ sectorId, outcome }) => [sectorId, 'reason' in outcome && outcome.reason])).toEqual([
    ['', 'there are 41 days of history; it takes 60'],
    ['new', 'there are 20 days of history; it takes 60'],
    ['sales', 'there are 41 days of history; it takes 60'],
  ])
  expect(await table(db, 'forecasts')).toEqual([])
})

test('a day that was never rolled up is missing, not empty', async () => {
  await rolledDays(84, 'sales')
  const gap = addDays(LAST, -7)
  await db.deleteFrom('agent_metrics').where('day', '=', gap).execute()
  await db.deleteFrom('rollup_days').where('day', '=', gap).execute()
  const { forecasts } = await forecastAndStore()
  const [whole] = forecasts
  // A Tuesday, as are the gap and the last day.
  expect(whole && 'days' in whole.outcome && Math.round(whole.outcome.days[6]?.expected ?? 0)).toBe(120)
})

test('without any contact there is nothing to forecast, and it says so', async () => {
  const { forecasts } = await forecastAndStore()
  expect(forecasts).toEqual([{ sectorId: '', outcome: { reason: 'there are 0 days of history; it takes 60' } }])
})

test('the newest forecast made within the days asked for is shown', async () => {
  await rolledDays(80, 'sales')
  await forecastAndStore(addDays(LAST, -9))
  await forecastAndStore(addDays(LAST, -2))
  const ask = (from: string, to: string) =>
    latestForecast(acme, { clientId: ACME, metric: 'offered', sectorId: '', from, to })
  const shown = await ask(addDays(LAST, -6), addDays(LAST, 1))
  expect([shown?.madeOn, shown?.days[0]?.day, shown?.days.length]).toEqual([addDays(LAST, -2), addDays(LAST, 1), 26])
  expect((await ask(addDays(LAST, -12), addDays(LAST, -5)))?.madeOn).toBe(addDays(LAST, -9))
  expect(await ask(addDays(LAST, -30), addDays(LAST, -20))).toBe(null)
})
