import { beforeEach, expect, test } from 'vitest'
import { observeLtv, projectLtv } from '../../src/analytics/journeys/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

type Dealing = { day: string; customer_id: string; orders?: number; gross_minor?: number; refunded_minor?: number }

async function dealings(rows: Dealing[], client_id = ACME): Promise<void> {
  await db
    .insertInto('customer_metrics')
    .values(rows.map((row) => ({ client_id, ...row })))
    .execute()
}

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

const march = { from: '2026-03-01', to: '2026-04-01' }
const today = '2026-06-01'

test('what customers brought in: net, per customer, its spread, the top, and what nobody is known for', async () => {
  await db.insertInto('customers').values({ client_id: ACME, id: 'a', name: 'Ada' }).execute()
  await dealings([
    { day: '2026-03-01', customer_id: 'a', orders: 1, gross_minor: 1000 },
    { day: '2026-03-02', customer_id: 'a', refunded_minor: -100 },
    { day: '2026-03-02', customer_id: 'b', orders: 1, gross_minor: 300 },
    { day: '2026-03-31', customer_id: 'c' },
    { day: '2026-04-01', customer_id: 'b', orders: 1, gross_minor: 5000 },
    { day: '2026-03-03', customer_id: '', orders: 2, gross_minor: 70 },
  ])
  await dealings(
    [{ day: '2026-03-01', customer_id: 'a', orders: 1, gross_minor: 9 }],
    await given.client(db, { id: 'blue' }),
  )
  const { quantiles, trust, ...observed } = await observeLtv(acme, { clientId: ACME, window: march, today, top: 1 })
  expect(observed).toEqual({
    customers: 3,
    payingCustomers: 2,
    netMinor: 1200,
    perCustomerMinor: 400,
    unknownMinor: 70,
    top: [{ customerId: 'a', name: 'Ada', orders: 1, refunds: 0, gross_minor: 1000, refunded_minor: -100 }],
  })
  expect(quantiles.map(({ share, netMinor }) => [share, netMinor])).toEqual([
    [0, 0],
    [0.1, 0],
    [0.25, 0],
    [0.5, 300],
    [0.75, 900],
    [0.9, 900],
    [0.99, 900],
    [1, 900],
  ])
  expect([trust.provisional, trust.provisionalDays.length]).toEqual([true, 31])
})

test('nobody there is nothing, not a division by it', async () => {
  const observed = await observeLtv(acme, { clientId: ACME, window: march, today, top: 10 })
  expect(observed).toMatchObject({ customers: 0, netMinor: 0, perCustomerMinor: null, quantiles: [], top: [] })
})

const asked = {
  clientId: ACME,
  timeZone: 'UTC',
  window: { from: '2026-01-01', to: '2026-06-01' },
  today: '2026-05-20',
  horizonMonths: 60,
}

/**
 * Of 40 customers first seen in January, all order then, 20 in February, 10 in March and 5 in April; one order is
 * 10.00.
 */
async function halvingWorld(client_id = ACME): Promise<void> {
  const active = [40, 20, 10, 5, 40]
  await dealings(
    active.flatMap((count, month) =>
      Array.from({ length: count }, (_, n) => ({
        day: `2026-0${month + 1}-1${n % 10}`,
        customer_id: `c${n}`,
        orders: 1,
        gross_minor: 1000,
      })),
    ),
    client_id,
  )
}

test('orders that halve every month go on halving; the month that is not over does not count', async () => {
  await halvingWorld()
  const projected = await projectLtv(acme, asked)
  expect(projected).toMatchObject({
    customers: 40,
    observedMonths: 4,
    horizonMonths: 60,
    monthlyRetention: 0.5,
    valuePerActiveMinor: 1000,
    // 1000 + 500 + 250 + 125 + 62.5 + …
    perCustomerMinor: 2000,
  })
  if ('refused' in projected) throw new Error(projected.refused)
  expect(projected.lowMinor).toBeLessThan(2000)
  expect(projected.highMinor).toBeGreaterThan(2000)
  expect(await projectLtv(acme, { ...asked, horizonMonths: 1000 })).toEqual(projected)
})

test('a cohort counts in the ages it has reached only', async () => {
  await halvingWorld()
  // First seen in April: one whole month, in which nobody but one ordered.
  await db
    .insertInto('customers')
    .values(
      Array.from({ length: 10 }, (_, n) => ({
        client_id: ACME,
        id: `new${n}`,
        first_contact_at: '2026-04-10T10:00:00Z',
      })),
    )
    .execute()
  await dealings([{ day: '2026-04-11', customer_id: 'new0', orders: 1, gross_minor: 500 }])
  const projected = await projectLtv(acme, { ...asked, horizonMonths: 4 })
  // (40 × 1000 + 500) / 50 + 500 + 250 + 125
  expect(projected).toMatchObject({ customers: 50, perCustomerMinor: 1685, monthlyRetention: 0.5 })
})

test('with too little history it is refused, and another client’s history is none of it', async () => {
  await halvingWorld(await given.client(db, { id: 'blue' }))
  expect(await projectLtv(acme, asked)).toEqual({ refused: expect.stringContaining('there are 0') })
  await halvingWorld()
  expect(await projectLtv(acme, { ...asked, today: '2026-04-20' })).toEqual({
    refused: expect.stringContaining('there are 0'),
  })
})
