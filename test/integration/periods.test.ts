import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { addUpPeriods } from '../../src/analytics/metrics/index.ts'
import { askMetrics } from '../../src/analytics/questions/index.ts'
import type { MetricQuestion } from '../../src/analytics/questions/question.ts'
import { addDays, type Day, daysOf } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

const at = Temporal.Instant.from('2026-09-01T00:00:00Z')
/** From the middle of a month to that of another. */
const range = { from: '2026-02-18', to: '2026-04-16' }
const plain = { clientId: ACME, range, granularity: 'none', dimension: 'client', filters: {}, compare: [], at } as const

const QUESTIONS: (Partial<MetricQuestion> & Pick<MetricQuestion, 'metrics'>)[] = [
  ...(['none', 'day', 'week', 'month'] as const).map((granularity) => ({
    ...{ metrics: ['offered', 'handle-time', 'first-contact-resolution'], granularity },
    ...{ dimension: 'agent' as const, filters: { sector: ['sales', 'help'], channel: ['voice'] } },
  })),
  ...(['none', 'day', 'week', 'month'] as const).map((granularity) => ({
    ...{ metrics: ['handle-p95', 'wait-median'], granularity, dimension: 'agent' as const },
  })),
  { metrics: ['talk-median'], filters: { channel: ['voice', 'web'] }, granularity: 'month' },
]

/** Answers without their standing, made again: within a transaction nothing is kept. */
async function answers() {
  return await acme.transaction().execute(async (tx) => {
    const made = []
    for (const question of QUESTIONS) {
      const { groups, period } = await askMetrics(tx, { ...plain, ...question })
      made.push({ groups, total: period.total })
    }
    return made
  })
}

async function rollUp(...days: Day[]): Promise<void> {
  await rollUpDays(database, ACME, days)
}

const addUp = () => addUpPeriods(database, AbortSignal.timeout(PATIENCE.timeout))

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
  const calls = Array.from({ length: 120 }, (_, n): [string, object] => [
    `${addDays(range.from, (n * 7) % 57)}T${10 + (n % 8)}:15:00Z`,
    {
      ...{ agent_id: ['anna', 'ben'][n % 2], sector_id: ['sales', 'help', 'back'][n % 3] },
      ...{ channel: ['voice', 'web'][n % 5 === 0 ? 1 : 0], customer_id: `c${n % 9}`, resolved: n % 4 > 0 },
      ...{ wait_s: n % 40, talk_s: 30 + ((n * 37) % 400) },
    },
  ])
  await given.calls(db, calls)
  await rollUp(...daysOf({ from: range.from, to: addDays(range.to, 8) }))
})

async function periodsOf(grain: 'day' | 'week' | 'month'): Promise<Day[]> {
  const rows = await db.selectFrom('rollup_periods').select('bucket_day').where('grain', '=', grain).execute()
  return rows.map((row) => row.bucket_day).sort()
}

test('questions say the same from periods that are added up as from the days, to the unit', async () => {
  const fromDays = await answers()
  await addUp()
  expect(await answers()).toEqual(fromDays)
  // Whole and settled ones: the eight days after the last may still repeat a contact of it.
  expect(await periodsOf('month')).toEqual(['2026-03-01'])
  expect(await periodsOf('week')).toEqual(
    daysOf({ from: '2026-02-23', to: '2026-04-12' }).filter((_, n) => n % 7 === 0),
  )
  expect(await periodsOf('day')).toEqual(daysOf(range))
})

test('a client’s periods are whole once added up: again changes nothing', async () => {
  await addUp()
  const tables = async () => [await table(db, 'agent_periods'), await table(db, 'histogram_periods')]
  const [agents, histograms] = await tables()
  expect([agents?.length, histograms?.length].every((rows) => (rows ?? 0) > 0)).toBe(true)
  await sql`update rollup_periods set stamp = 'of yesterday'`.execute(db)
  await addUp()
  expect(await tables()).toEqual([agents, histograms])
})

test('periods are read as long as none of their days has changed, and until they are added up again the days are', async () => {
  await addUp()
  const before = await answers()
  await sql`update agent_periods set offered = offered + 1000 where grain = 'month'`.execute(db)
  const [wrong] = await answers()
  expect(wrong?.total?.sums.offered).toBeGreaterThan(1000)
  // On the day, and within the eight days after the month.
  for (const late of ['2026-03-10', '2026-04-03']) {
    await given.calls(db, [
      [`${late}T12:00:00Z`, { agent_id: 'anna', sector_id: 'sales', channel: 'voice', talk_s: 60 }],
    ])
    await rollUp(late)
  }
  const after = await answers()
  expect(after[0]?.total?.sums.offered).toBe((before[0]?.total?.sums.offered ?? 0) + 2)
  await addUp()
  expect(await answers()).toEqual(after)
})

test('a contact repeated by a day after the month changes the month', async () => {
  const call = {
    customer_id: 'late',
    topic: 'bill',
    resolved: true,
    agent_id: 'anna',
    sector_id: 'sales',
    channel: 'voice',
  } as const
  await given.calls(db, [['2026-03-31T10:00:00Z', call]])
  await rollUp('2026-03-31')
  await addUp()
  const firstTime = async () => (await answers())[0]?.total?.sums.resolved_first ?? 0
  const before = await firstTime()
  await given.calls(db, [['2026-04-02T10:00:00Z', { ...call, status: 'missed' }]])
  await rollUp('2026-04-02')
  expect(await firstTime()).toBe(before - 1)
  await addUp()
  expect(await firstTime()).toBe(before - 1)
})

test('periods go with their client', async () => {
  await addUp()
  await db.deleteFrom('interactions').execute()
  await db.deleteFrom('clients').execute()
  for (const name of ['rollup_periods', 'agent_periods', 'histogram_periods'] as const)
    expect(await table(db, name), name).toEqual([])
})
