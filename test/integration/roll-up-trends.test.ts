import { beforeEach, expect, test } from 'vitest'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

function rollUp(day: string) {
  return database
    .forClient(ACME)
    .transaction()
    .execute((tx) => rollUpDay(tx, { clientId: ACME, day }))
}

/** Offered contacts of the client as a whole, by week and month. */
function trends() {
  return db
    .selectFrom('performance_trends')
    .select(['grain', 'bucket_day as from', 'offered'])
    .where('dimension', '=', 'client')
    .where('grain', 'in', ['week', 'month'])
    .orderBy('grain')
    .orderBy('bucket_day')
    .execute()
}

test('a week and a month are added up when the last of their days is rolled up for the first time, and each time after', async () => {
  await given.calls(db, [
    ['2026-03-02T12:00:00Z', {}],
    ['2026-03-04T12:00:00Z', {}],
    ['2026-03-20T12:00:00Z', {}],
  ])
  await rollUp('2026-03-02')
  expect(await trends()).toEqual([])
  await rollUp('2026-03-04')
  expect(await trends()).toEqual([{ grain: 'week', from: '2026-03-02', offered: 2 }])
  await rollUp('2026-03-20')
  const whole = [
    { grain: 'month', from: '2026-03-01', offered: 3 },
    { grain: 'week', from: '2026-03-02', offered: 2 },
    { grain: 'week', from: '2026-03-16', offered: 1 },
  ]
  expect(await trends()).toEqual(whole)
  // A late fact makes two days dirty, one of which was rolled up before: the month does not wait for it.
  await given.calls(db, [
    ['2026-03-02T13:00:00Z', {}],
    ['2026-03-04T13:00:00Z', {}],
  ])
  await rollUp('2026-03-02')
  expect(await trends()).toEqual([{ ...whole[0], offered: 4 }, { ...whole[1], offered: 3 }, whole[2]])
})

test('a day that is not over holds up no month', async () => {
  const today = Temporal.Now.plainDateISO('UTC')
  const first = today.with({ day: 1 })
  await given.calls(db, [[`${today.toString()}T00:00:00Z`, {}]])
  await rollUp(first.subtract({ days: 1 }).toString())
  await rollUp(first.toString())
  const months = (await trends()).filter(({ grain, from }) => grain === 'month' && from === first.toString())
  expect(months).toHaveLength(1)
})
