import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { ATTRIBUTION_MODELS, attributeConversions } from '../../src/analytics/journeys/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const acme = database.forClient(ACME)

const asked = {
  clientId: ACME,
  timeZone: 'UTC',
  window: { from: '2026-03-01', to: '2026-04-01' },
  currency: 'EUR',
  conversion: 'payment',
  model: 'linear',
  by: 'campaign',
  lookbackDays: 30,
  halfLifeDays: 7,
  keptFrom: { events: null, facts: null },
} as const

let serial = 0

async function touches(
  rows: [at: string, customer: string, campaign: string | null, channel?: string][],
  client_id = ACME,
) {
  if (rows.length === 0) return
  const values = rows.map(([touched_at, customer_id, campaign_id, channel]) => {
    serial += 1
    return {
      client_id,
      id: `t${String(serial).padStart(6, '0')}`,
      touched_at,
      customer_id,
      campaign_id,
      channel: channel ?? null,
      kind: 'ad',
    }
  })
  await db.insertInto('touchpoints').values(values).execute()
}

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

const money = async (change: Partial<Parameters<typeof attributeConversions>[1]> = {}) =>
  (await attributeConversions(acme, { ...asked, ...change })).credits.map(({ key, source, creditedMinor }) => [
    source === 'direct' ? 'direct' : key,
    creditedMinor,
  ])

describe('by hand', () => {
  test('touchpoints that may be gone make the answer provisional, and it says from which day on it is complete', async () => {
    const trust = async (events: string | null) =>
      (await attributeConversions(acme, { ...asked, keptFrom: { events, facts: '2026-12-31' } })).trust
    // Thirty days before the 1st of March.
    expect((await trust('2026-01-30')).incompleteBefore).toBe(null)
    expect(await trust('2026-01-31')).toMatchObject({ incompleteBefore: '2026-01-31', provisional: true })
    expect((await trust(null)).incompleteBefore).toBe(null)
  })

  test('each model shares 100.01 over four touches of one customer, to the cent', async () => {
    await touches([
      ['2026-03-03T12:00:00Z', 'a', 'mail'],
      ['2026-03-10T12:00:00Z', 'a', 'ad'],
      ['2026-03-17T12:00:00Z', 'a', 'post'],
      ['2026-03-24T12:00:00Z', 'a', null],
    ])
    await given.payments(db, [['2026-03-31T12:00:00Z', { customer_id: 'a', amount_minor: 10_001 }]])
    const of = async (model: (typeof ATTRIBUTION_MODELS)[number]) => Object.fromEntries(await money({ model }))
    expect(await of('first')).toEqual({ mail: 10_001, ad: 0, post: 0, '': 0, direct: 0 })
    expect(await of('last')).toEqual({ mail: 0, ad: 0, post: 0, '': 10_001, direct: 0 })
    // 2500.25 each: the cent over goes to the earliest.
    expect(await of('linear')).toEqual({ mail: 2501, ad: 2500, post: 2500, '': 2500, direct: 0 })
    // Ages of 4, 3, 2 and 1 half-lives: 1, 2, 4 and 8 of 15; 666.733, 1333.467, 2666.933, 5333.867.
    expect(await of('time-decay')).toEqual({ mail: 667, ad: 1333, post: 2667, '': 5334, direct: 0 })
    // 4000.4, 1000.1, 1000.1, 4000.4.
    expect(await of('position-based')).toEqual({ mail: 4001, ad: 1000, post: 1000, '': 4000, direct: 0 })
  })

  test('of two touches each position has half, and one alone has all', async () => {
    await touches([
      ['2026-03-10T12:00:00Z', 'a', 'mail'],
      ['2026-03-11T12:00:00Z', 'a', 'ad'],
      ['2026-03-11T12:00:00Z', 'b', 'ad'],
    ])
    await given.payments(db, [
      ['2026-03-12T12:00:00Z', { customer_id: 'a', amount_minor: 101 }],
      ['2026-03-12T12:00:00Z', { customer_id: 'b', amount_minor: 7 }],
    ])
    expect(await money({ model: 'position-based' })).toEqual([
      ['ad', 57],
      ['mail', 51],
      ['direct', 0],
    ])
  })

  test('the look-back window begins at its first instant and ends before the conversion; what has no touch is direct', async () => {
    await touches([
      ['2026-03-05T11:59:59.999Z', 'a', 'too-old'],
      ['2026-03-05T12:00:00Z', 'a', 'oldest'],
      ['2026-03-12T12:00:00Z', 'a', 'at-once'],
      ['2026-03-11T12:00:00Z', 'other', 'other'],
    ])
    await given.payments(db, [
      ['2026-03-12T12:00:00Z', { customer_id: 'a', amount_minor: 100 }],
      ['2026-03-12T12:00:00Z', { customer_id: 'untouched', amount_minor: 20 }],
      ['2026-03-12T12:00:00Z', { amount_minor: 3 }],
    ])
    const result = await attributeConversions(acme, { ...asked, lookbackDays: 7 })
    expect(result).toMatchObject({ conversions: 3, totalMinor: 123 })
    expect(result.credits).toEqual([
      { key: 'oldest', source: 'touchpoint', creditedMinor: 100, creditedConversions: 1, touchedConversions: 1 },
      { key: '', source: 'direct', creditedMinor: 23, creditedConversions: 2, touchedConversions: 0 },
    ])
  })

  test('refunds, charges of nothing, other currencies and other days are no conversions', async () => {
    await given.payments(db, [
      ['2026-03-31T22:14:59.999Z', { amount_minor: 1 }],
      ['2026-03-31T18:15:00Z', { amount_minor: 2 }],
      ['2026-02-28T18:14:59.999Z', { amount_minor: 4 }],
      ['2026-02-28T18:15:00Z', { amount_minor: 8 }],
      ['2026-03-12T12:00:00Z', { amount_minor: -16 }],
      ['2026-03-12T12:00:00Z', { amount_minor: 0 }],
      ['2026-03-12T12:00:00Z', { amount_minor: 32, currency: 'USD' }],
    ])
    expect(await attributeConversions(acme, { ...asked, timeZone: 'Asia/Kathmandu' })).toMatchObject({
      conversions: 1,
      totalMinor: 8,
    })
  })

  test('a deal converts when it is won, by channel too', async () => {
    const deal = { client_id: ACME, opened_at: '2026-01-01T00:00:00Z', customer_id: 'a', currency: 'EUR' }
    await db
      .insertInto('deals')
      .values([
        { ...deal, id: 'won', state: 'won', closed_at: '2026-03-10T00:00:00Z', amount_minor: 900 },
        { ...deal, id: 'lost', state: 'lost', closed_at: '2026-03-10T00:00:00Z', amount_minor: 50 },
        { ...deal, id: 'open', amount_minor: 70 },
      ])
      .execute()
    await touches([
      ['2026-03-01T00:00:00Z', 'a', null, 'web'],
      ['2026-03-02T00:00:00Z', 'a', null, 'email'],
    ])
    expect(await money({ conversion: 'won-deal', by: 'channel', model: 'last' })).toEqual([
      ['email', 900],
      ['web', 0],
      ['direct', 0],
    ])
  })

  test('a half-life much shorter than the look-back leaves all to the last', async () => {
    await touches([
      ['2025-04-01T00:00:00Z', 'a', 'old'],
      ['2026-03-02T00:00:00Z', 'a', 'new'],
    ])
    await given.payments(db, [['2026-03-30T12:00:00Z', { customer_id: 'a', amount_minor: 100 }]])
    expect(await money({ model: 'time-decay', lookbackDays: 365, halfLifeDays: 1 })).toEqual([
      ['new', 100],
      ['old', 0],
      ['direct', 0],
    ])
  })
})

test('a client sees its own conversions and touchpoints only, even where another has the same ids', async () => {
  await given.client(db, { id: 'blue' })
  await given.payments(db, [
    ['2026-03-12T12:00:00Z', { customer_id: 'a', amount_minor: 100 }],
    ['2026-03-12T12:00:00Z', { customer_id: 'a', amount_minor: 7, client_id: 'blue' }],
  ])
  await touches([['2026-03-11T12:00:00Z', 'a', 'blues']], 'blue')
  expect(await money()).toEqual([['direct', 100]])
  expect(await money({ clientId: 'blue' })).toEqual([['direct', 0]])
})

type Touch = { customer: number; hour: number; campaign: string }
type Drawn = { touches: Touch[]; payments: { customer: number; hour: number; amount: number }[] }

const HOURS = 24 * 31

/** Shares as whole numbers of a common denominator, so that nothing is rounded before the end. */
function naiveShares(model: string, touches: number): [number, number][] {
  return Array.from({ length: touches }, (_, index) => {
    if (model === 'first') return [index === 0 ? 1 : 0, 1]
    if (model === 'last') return [index === touches - 1 ? 1 : 0, 1]
    if (model === 'linear' || touches < 3) return [1, touches]
    return index === 0 || index === touches - 1 ? [2, 5] : [1, 5 * (touches - 2)]
  })
}

function naiveCredits(model: string, { touches, payments }: Drawn): Record<string, number> {
  const credits: Record<string, number> = { direct: 0 }
  for (const { customer, hour, amount } of payments) {
    const own = touches.filter(
      (touch) => touch.customer === customer && touch.hour < hour && touch.hour >= hour - 7 * 24,
    )
    own.sort((a, b) => a.hour - b.hour)
    if (own.length === 0) credits['direct'] = (credits['direct'] ?? 0) + amount
    const parts = naiveShares(model, own.length).map(([part, whole], index) => ({
      index,
      minor: Math.floor((amount * part) / whole),
      rest: ((amount * part) % whole) / whole,
    }))
    const over = amount - parts.reduce((sum, part) => sum + part.minor, 0)
    const favoured = new Set(
      parts
        .toSorted((a, b) => b.rest - a.rest || a.index - b.index)
        .slice(0, over)
        .map(({ index }) => index),
    )
    for (const { index, minor } of parts) {
      const key = own[index]?.campaign ?? ''
      credits[key] = (credits[key] ?? 0) + minor + (favoured.has(index) ? 1 : 0)
    }
  }
  return credits
}

test('in random worlds every model adds up to the conversions, and those without a power equal a count one by one', async () => {
  const at = (hour: number) => Temporal.Instant.from('2026-03-01T00:00:00Z').add({ hours: hour }).toString()
  const hour = fc.integer({ min: 0, max: HOURS - 1 })
  const customer = fc.integer({ min: 0, max: 2 })
  const world = fc.record({
    touches: fc.array(fc.record({ customer, hour, campaign: fc.constantFrom('x', 'y', 'z') }), { maxLength: 40 }),
    payments: fc.array(fc.record({ customer, hour, amount: fc.integer({ min: 1, max: 100_000 }) }), { maxLength: 10 }),
  })
  await fc.assert(
    fc.asyncProperty(world, async (drawn) => {
      for (const name of ['touchpoints', 'payments'] as const) await db.deleteFrom(name).execute()
      await touches(drawn.touches.map((touch) => [at(touch.hour), `c${touch.customer}`, touch.campaign]))
      await given.payments(
        db,
        drawn.payments.map(({ customer, hour, amount }) => [
          at(hour),
          { customer_id: `c${customer}`, amount_minor: amount },
        ]),
      )
      const total = drawn.payments.reduce((sum, { amount }) => sum + amount, 0)
      for (const model of ATTRIBUTION_MODELS) {
        const { credits, conversions, totalMinor } = await attributeConversions(acme, {
          ...asked,
          model,
          lookbackDays: 7,
        })
        expect([model, conversions, totalMinor]).toEqual([model, drawn.payments.length, total])
        if (model === 'time-decay') continue
        const measured = Object.fromEntries(
          credits.map((credit) => [credit.source === 'direct' ? 'direct' : credit.key, credit.creditedMinor]),
        )
        expect([model, measured]).toEqual([
          model,
          {
            ...Object.fromEntries(credits.map(({ key }) => [key === '' ? 'direct' : key, 0])),
            ...naiveCredits(model, drawn),
          },
        ])
      }
    }),
    { numRuns: 60, seed: 20261121 },
  )
})
