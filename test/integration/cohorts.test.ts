import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Cohorts, measureCohorts } from '../../src/analytics/journeys/index.ts'
import { daysOf } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

const asked = {
  clientId: ACME,
  timeZone: 'UTC',
  window: { from: '2026-01-01', to: '2026-04-01' },
  grain: 'month',
  activity: 'order',
  periods: 12,
  today: '2026-04-10',
} as const

type Dealing = {
  day: string
  customer_id: string
  contacts?: number
  orders?: number
  gross_minor?: number
  refunded_minor?: number
}

async function dealings(rows: Dealing[], client_id = ACME): Promise<void> {
  if (rows.length > 0)
    await db
      .insertInto('customer_metrics')
      .values(rows.map((row) => ({ client_id, ...row })))
      .execute()
}

async function customers(rows: [id: string, first_contact_at: string | null][], client_id = ACME): Promise<void> {
  await db
    .insertInto('customers')
    .values(rows.map(([id, first_contact_at]) => ({ client_id, id, first_contact_at })))
    .execute()
}

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

const order = (day: string, customer_id: string, gross_minor: number): Dealing => ({
  day,
  customer_id,
  orders: 1,
  gross_minor,
})
const shape = ({ cohorts }: Cohorts) =>
  cohorts.map(({ from, customers, cells }) => [
    from,
    customers,
    ...cells.map((cell) => [cell.customers, cell.netMinor]),
  ])

describe('by hand', () => {
  test('who came in a month, how many of them ordered in each month since, and what they brought in', async () => {
    await customers([
      ['a', '2026-01-05T10:00:00Z'],
      ['b', '2026-01-31T23:59:59.999Z'],
      // Never ordered: in the size of its cohort all the same.
      ['c', '2026-01-10T10:00:00Z'],
      ['d', '2026-02-01T00:00:00Z'],
      ['e', null],
    ])
    await dealings([
      order('2026-01-05', 'a', 1000),
      { day: '2026-02-10', customer_id: 'a', contacts: 1 },
      order('2026-03-10', 'a', 300),
      { day: '2026-03-11', customer_id: 'a', refunded_minor: -100 },
      order('2026-02-01', 'b', 50),
      order('2026-02-02', 'd', 70),
      // Known by what they did alone: e is in the list of customers, f is not.
      order('2026-03-20', 'e', 9),
      order('2026-03-21', 'f', 8),
      { day: '2026-01-01', customer_id: '', orders: 5, gross_minor: 99_999 },
    ])
    const result = await measureCohorts(acme, asked)
    expect(shape(result)).toEqual([
      ['2026-01-01', 3, [1, 1000], [1, 50], [1, 200], [0, 0]],
      ['2026-02-01', 1, [1, 70], [0, 0], [0, 0]],
      ['2026-03-01', 2, [2, 17], [0, 0]],
    ])
    expect(result.cohorts.map(({ netMinor }) => netMinor)).toEqual([1250, 70, 17])
    expect(result.cohorts[0]?.cells[0]).toMatchObject({ period: 0, retention: 1 / 3 })
    const contacts = await measureCohorts(acme, { ...asked, activity: 'contact' })
    expect(shape(contacts)[0]).toEqual(['2026-01-01', 3, [0, 1000], [1, 50], [0, 200], [0, 0]])
  })

  test('weeks are ISO weeks, and the day of a first contact is a day of the client', async () => {
    await customers([
      ['sunday', '2026-01-04T18:14:59Z'],
      ['monday', '2026-01-04T18:15:00Z'],
    ])
    await dealings([
      order('2026-01-18', 'monday', 5),
      order('2026-01-19', 'monday', 7),
      order('2026-01-11', 'sunday', 1),
    ])
    const weeks = { ...asked, timeZone: 'Asia/Kathmandu', grain: 'week', today: '2026-01-20', periods: 2 } as const
    expect(shape(await measureCohorts(acme, weeks))).toEqual([
      ['2025-12-29', 1, [0, 0], [1, 1], [0, 0]],
      ['2026-01-05', 1, [0, 0], [1, 5], [1, 7]],
    ])
  })

  test('a cell is provisional while its period is not over or one of its days is not rolled up', async () => {
    await customers([['a', '2026-01-05T10:00:00Z']])
    const days = daysOf({ from: '2026-01-01', to: '2026-04-01' })
    const rolled_at = '2026-04-01T01:00:00Z'
    await db
      .insertInto('rollup_days')
      .values(days.map((day) => ({ client_id: ACME, day, facts_version: 0, rolled_at })))
      .execute()
    await given.payments(db, [['2026-02-28T10:00:00Z', { amount_minor: 5 }]])
    const { cohorts, trust } = await measureCohorts(acme, asked)
    expect(cohorts[0]?.cells.map(({ provisional }) => provisional)).toEqual([false, true, false, true])
    expect(trust.provisional).toBe(true)
    expect(trust.provisionalDays.slice(0, 2)).toEqual(['2026-02-28', '2026-04-01'])
    const short = await measureCohorts(acme, { ...asked, periods: 0 })
    expect([short.cohorts[0]?.cells.map(({ provisional }) => provisional), short.trust.provisional]).toEqual([
      [false],
      false,
    ])
  })

  test('a cohort of which the window holds some days only says so', async () => {
    await customers([
      ['a', '2026-01-15T10:00:00Z'],
      ['b', '2026-01-05T10:00:00Z'],
      ['c', '2026-02-05T10:00:00Z'],
    ])
    const window = { from: '2026-01-10', to: '2026-03-01' }
    const { cohorts } = await measureCohorts(acme, { ...asked, window })
    expect(cohorts.map(({ customers, isPartial }) => [customers, isPartial])).toEqual([
      [1, true],
      [1, false],
    ])
  })

  test('no customers are no cohorts', async () => {
    expect((await measureCohorts(acme, asked)).cohorts).toEqual([])
  })
})

test('a client sees its own customers only, even where another has the same ids', async () => {
  await given.client(db, { id: 'blue' })
  await customers([['a', '2026-01-05T10:00:00Z']])
  await customers([['a', '2026-02-05T10:00:00Z']], 'blue')
  await dealings([order('2026-02-05', 'a', 5)], 'blue')
  expect(shape(await measureCohorts(acme, { ...asked, periods: 1 }))).toEqual([['2026-01-01', 1, [0, 0], [0, 0]]])
  expect(shape(await measureCohorts(acme, { ...asked, clientId: 'blue' }))).toEqual([])
})

type Drawn = { firsts: (number | null)[]; facts: { customer: number; day: number; orders: number; net: number }[] }

/** Customer by customer and cell by cell, with the calendar of the language. */
function naiveCohorts({ firsts, facts }: Drawn, dayAt: (n: number) => string, today: string) {
  const month = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
  const rows = new Map<string, { size: number; cells: Map<number, { buyers: Set<number>; net: number }> }>()
  for (const [customer, first] of firsts.entries()) {
    const own = facts.filter((fact) => fact.customer === customer)
    const start = first ?? Math.min(...own.map((fact) => fact.day))
    if (!Number.isFinite(start)) continue
    const cohort = `${dayAt(start).slice(0, 7)}-01`
    const row = rows.get(cohort) ?? { size: 0, cells: new Map() }
    rows.set(cohort, row)
    row.size += 1
    for (const fact of own) {
      const period = month(dayAt(fact.day)) - month(cohort)
      if (period < 0) continue
      const cell = row.cells.get(period) ?? { buyers: new Set(), net: 0 }
      row.cells.set(period, cell)
      cell.net += fact.net
      if (fact.orders > 0) cell.buyers.add(customer)
    }
  }
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cohort, { size, cells }]) => {
      const periods = Array.from({ length: month(today) - month(cohort) + 1 }, (_, period) => cells.get(period))
      return [cohort, size, ...periods.map((cell) => [cell?.buyers.size ?? 0, cell?.net ?? 0])]
    })
}

test('in random worlds cohorts equal a count of the customers one by one', async () => {
  const DAYS = 200
  const CUSTOMERS = 8
  const dayAt = (n: number) => Temporal.PlainDate.from('2026-01-01').add({ days: n }).toString()
  const day = fc.integer({ min: 0, max: DAYS - 1 })
  const world = fc.record({
    firsts: fc.array(fc.option(day, { nil: null }), { minLength: CUSTOMERS, maxLength: CUSTOMERS }),
    facts: fc.uniqueArray(
      fc.record({
        customer: fc.integer({ min: 0, max: CUSTOMERS - 1 }),
        day,
        orders: fc.integer({ min: 0, max: 1 }),
        net: fc.integer({ min: -500, max: 500 }),
      }),
      { maxLength: 40, selector: (fact) => `${fact.customer}.${fact.day}` },
    ),
  })
  const today = dayAt(DAYS)
  await fc.assert(
    fc.asyncProperty(world, async (drawn) => {
      for (const name of ['customers', 'customer_metrics'] as const) await db.deleteFrom(name).execute()
      await customers(drawn.firsts.map((first, n) => [`c${n}`, first === null ? null : `${dayAt(first)}T12:00:00Z`]))
      await dealings(
        drawn.facts.map(({ customer, day, orders, net }) => ({
          day: dayAt(day),
          customer_id: `c${customer}`,
          orders,
          gross_minor: Math.max(0, net),
          refunded_minor: Math.min(0, net),
        })),
      )
      const measured = await measureCohorts(acme, {
        ...asked,
        window: { from: dayAt(0), to: today },
        periods: 24,
        today,
      })
      expect(shape(measured)).toEqual(naiveCohorts(drawn, dayAt, today))
    }),
    { numRuns: 60, seed: 20261121 },
  )
})
