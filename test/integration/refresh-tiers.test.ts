import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { refreshTiers } from '../../src/analytics/segments/index.ts'
import { addDays } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

const TODAY = '2026-06-30'
const REFERENCE = join(import.meta.dirname, '../../../shared/data/reference/rfm_orders_expected.csv')

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

type Dealing = { contacts?: number; orders?: number; gross_minor?: number; refunds?: number; refunded_minor?: number }

/** What was rolled up for customers, so many days before today. */
async function dealings(rows: [customer: string, daysAgo: number, dealing: Dealing][], clientId = ACME): Promise<void> {
  const values = rows.map(([customer_id, daysAgo, dealing]) => ({
    client_id: clientId,
    customer_id,
    day: addDays(TODAY, -daysAgo),
    ...dealing,
  }))
  await db.insertInto('customer_metrics').values(values).execute()
}

function refresh(day = TODAY, clientId = ACME) {
  return database
    .forClient(clientId)
    .transaction()
    .execute((tx) => refreshTiers(tx, { clientId, day }))
}

async function tiers(clientId = ACME) {
  const rows = await table(db, 'customer_tiers')
  const open = rows.filter((row) => row['client_id'] === clientId && row['left_on'] === null)
  return Object.fromEntries(open.map((row) => [row['customer_id'], row['tier']]))
}

describe('the tiers', () => {
  test('a customer is new for 30 days, whatever else it is', async () => {
    await dealings([
      ['today', 0, { contacts: 9 }],
      ['day-29', 29, { orders: 1, gross_minor: 1_000_000 }],
      ['day-30', 30, { contacts: 1 }],
    ])
    await refresh()
    expect(await tiers()).toEqual({ today: 'new', 'day-29': 'new', 'day-30': 'occasional' })
  })

  test('regular are four dealings within a year, contacts and orders alike', async () => {
    await dealings([
      ['four', 300, { contacts: 2 }],
      ['four', 10, { contacts: 1, orders: 1, gross_minor: 1 }],
      ['three', 300, { contacts: 2 }],
      ['three', 10, { contacts: 1 }],
      ['four-but-one-too-old', 365, { contacts: 1 }],
      ['four-but-one-too-old', 10, { contacts: 3 }],
      ['rich', 40, { orders: 1, gross_minor: 100 }],
    ])
    await refresh()
    expect(await tiers()).toEqual({
      four: 'regular',
      three: 'occasional',
      'four-but-one-too-old': 'occasional',
      rich: 'high-value',
    })
  })

  test('at-risk are regular and high-value customers that have been silent for 90 days; the others are occasional', async () => {
    await dealings([
      ['regular-89', 89, { contacts: 4 }],
      ['regular-90', 90, { contacts: 4 }],
      ['rich-90', 90, { orders: 1, gross_minor: 500 }],
      ['rich-90', 5, { refunds: 1, refunded_minor: -100 }], // a refund is no sign of life
      ['once-90', 90, { contacts: 1 }],
      ['long-gone', 400, { contacts: 50 }],
      ['poor', 40, { orders: 1, gross_minor: 5 }],
    ])
    await refresh()
    expect(await tiers()).toEqual({
      'regular-89': 'regular',
      'regular-90': 'at-risk',
      'rich-90': 'at-risk',
      'once-90': 'occasional',
      'long-gone': 'occasional',
      poor: 'occasional',
    })
  })

  test('high-value is the top fifth by net revenue of those who paid; without payments nobody is', async () => {
    const spent = [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
    await dealings(spent.map((gross_minor, n) => [`c${n}`, 40, { orders: 1, gross_minor }]))
    await dealings([
      ['returner', 40, { orders: 1, gross_minor: 5000, refunds: 1, refunded_minor: -5000 }],
      ['caller', 40, { contacts: 1 }],
    ])
    await refresh()
    const rich = Object.entries(await tiers()).filter(([, tier]) => tier === 'high-value')
    // The 80 % quantile of 100…1000 is 820.
    expect(rich.map(([customer]) => customer)).toEqual(['c8', 'c9'])
  })

  test('where everybody pays the same, nobody is high-value', async () => {
    await dealings([
      ['c1', 40, { orders: 1, gross_minor: 100 }],
      ['c2', 40, { orders: 1, gross_minor: 100 }],
    ])
    await refresh()
    expect(await tiers()).toEqual({ c1: 'occasional', c2: 'occasional' })
  })

  test('the unknown customer is none', async () => {
    await dealings([['', 40, { contacts: 100 }]])
    expect(await refresh()).toEqual({ customers: 0, changed: 0 })
    expect(await tiers()).toEqual({})
  })
})

describe('their history', () => {
  const row = (tier: string, entered_on: string, left_on: string | null) => ({
    client_id: ACME,
    customer_id: 'c1',
    tier,
    entered_on,
    left_on,
  })

  test('a customer leaves one tier on the day it enters the next, and twice is the same as once', async () => {
    await dealings([
      ['c1', 100, { contacts: 1 }],
      ['c1', 10, { contacts: 3 }],
    ])
    const days = [100, 99, 70, 69, 11, 10, 0].map((daysAgo) => addDays(TODAY, -daysAgo))
    for (const day of days) await refresh(day)
    const history = [
      row('new', addDays(TODAY, -100), addDays(TODAY, -70)),
      row('occasional', addDays(TODAY, -70), addDays(TODAY, -10)),
      row('regular', addDays(TODAY, -10), null),
    ]
    expect(await table(db, 'customer_tiers')).toEqual(expect.arrayContaining(history))
    expect(await table(db, 'customer_tiers')).toHaveLength(3)
    expect(await refresh()).toEqual({ customers: 1, changed: 0 })
    expect(await table(db, 'customer_tiers')).toHaveLength(3)
  })

  test('a day refreshed again after late facts is as if they had been there at once', async () => {
    await dealings([['c1', 40, { contacts: 1 }]])
    await refresh(addDays(TODAY, -1))
    await dealings([['c1', 0, { contacts: 9 }]])
    await refresh()
    await db.updateTable('customer_metrics').set({ contacts: 2 }).where('day', '=', TODAY).execute()
    await refresh()
    expect(await table(db, 'customer_tiers')).toEqual([row('occasional', addDays(TODAY, -1), null)])
  })

  test('an older day is left alone once a later one has changed something', async () => {
    await dealings([['c1', 40, { contacts: 1 }]])
    await refresh()
    const before = await table(db, 'customer_tiers')
    expect(await refresh(addDays(TODAY, -20))).toBe(null)
    expect(await table(db, 'customer_tiers')).toEqual(before)
  })

  test('a customer of whom nothing is known any more is in no tier', async () => {
    await dealings([['c1', 40, { contacts: 1 }]])
    await refresh(addDays(TODAY, -1))
    await db.deleteFrom('customer_metrics').execute()
    await refresh()
    expect(await table(db, 'customer_tiers')).toEqual([row('occasional', addDays(TODAY, -1), TODAY)])
  })

  test('clients with the same customer ids do not meet', async () => {
    await given.client(db, { id: 'other' })
    await dealings([['c1', 40, { contacts: 1 }]])
    await dealings([['c1', 40, { contacts: 4 }]], 'other')
    await refresh()
    await refresh(TODAY, 'other')
    expect([await tiers(), await tiers('other')]).toEqual([{ c1: 'occasional' }, { c1: 'regular' }])
  })
})

describe.skipIf(!existsSync(REFERENCE))(
  'the reference of R’s rfm (skipped where ../shared/data/reference is absent)',
  () => {
    test('high-value are exactly the customers with its monetary score 5', async () => {
      const lines = readFileSync(REFERENCE, 'utf8').trim().split(/\r?\n/).slice(1)
      const customers = lines.map((line) => {
        const [name = '', , , monetary, , , score] = line.replaceAll('"', '').split(',')
        return { name, monetary: Number(monetary), score: Number(score) }
      })
      await dealings(customers.map(({ name, monetary }) => [name, 40, { orders: 1, gross_minor: monetary * 100 }]))
      await refresh()
      const rich = Object.entries(await tiers()).flatMap(([name, tier]) => (tier === 'high-value' ? [name] : []))
      const best = customers.flatMap(({ name, score }) => (score === 5 ? [name] : []))
      expect(best).toHaveLength(195)
      expect(rich.sort()).toEqual(best.sort())
    })
  },
)
