import fc from 'fast-check'
import type { Insertable } from 'kysely'
import { expect, test } from 'vitest'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import type { DB } from '../../src/db/schema.ts'
import { startOfDay } from '../../src/time.ts'
import { given, table } from '../support/given.ts'
import { naiveRollUps } from '../support/naive-roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

const WORLDS = 50
const DAYS = 12
const MINUTES = DAYS * 24 * 60
const WEEK = 7 * 24 * 60
const CUSTOMERS = Array.from({ length: 20 }, (_, n) => `c${n}`)

/** Zones with the first day of a world, chosen so that clocks change within it. */
const ZONES = [
  ['UTC', '2026-03-20'],
  ['Europe/Zurich', '2026-03-22'],
  ['Europe/London', '2026-10-18'],
  ['America/Havana', '2026-03-02'],
  ['America/Santiago', '2026-08-30'],
  ['Asia/Kolkata', '2026-02-20'],
  ['Asia/Kathmandu', '2026-02-20'],
  ['Pacific/Chatham', '2026-03-30'],
] as const

const maybe = (...names: string[]) => fc.option(fc.constantFrom(...names), { nil: null })
/** Minutes after the start, close together and at the edges of hours and days more often than chance has it. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: MINUTES }),
  fc.integer({ min: 0, max: DAYS * 24 }).map((hours) => hours * 60),
)

const call = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  customer_id: maybe(...CUSTOMERS),
  topic: maybe('bill', 'move'),
  /** The same customer calls about the same thing so many minutes later. */
  again: fc.option(fc.constantFrom(0, 1, WEEK - 60, WEEK - 1, WEEK, WEEK + 1), { nil: null }),
  channel: fc.constantFrom('voice', 'web'),
  status: fc.constantFrom('answered', 'answered', 'abandoned', 'missed'),
  wait_s: fc.integer({ min: 0, max: 40 }),
  talk_s: fc.integer({ min: 0, max: 600 }),
  hold_s: fc.integer({ min: 0, max: 60 }),
  wrap_s: fc.integer({ min: 0, max: 60 }),
  resolved: fc.boolean(),
  escalated: fc.boolean(),
  automated: fc.boolean(),
})
const survey = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  channel: fc.constantFrom('voice', 'web'),
  csat: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
  nps: fc.option(fc.integer({ min: 0, max: 10 }), { nil: null }),
})
const payment = fc.record({
  minute,
  kind: fc.constantFrom('charge', 'refund', 'fee'),
  amount: fc.integer({ min: 0, max: 10_000 }),
  currency: fc.constantFrom('EUR', 'EUR', 'USD'),
  agent_id: maybe('anna'),
  customer_id: maybe('c1', 'c2'),
  channel: maybe('voice', 'web'),
  country: maybe('CH', 'DE'),
})
const world = fc.record({
  zone: fc.constantFrom(...ZONES),
  service_level_s: fc.integer({ min: 1, max: 40 }),
  short_abandon_s: fc.integer({ min: 0, max: 20 }),
  calls: fc.array(call, { maxLength: 30 }),
  surveys: fc.array(survey, { maxLength: 15 }),
  payments: fc.array(payment, { maxLength: 25 }),
  /** This many facts of each kind come after every day was rolled up once: few, so that most days stay as they are. */
  late: fc.integer({ min: 0, max: 3 }),
  newestFirst: fc.boolean(),
})
type WorldOf<T> = T extends fc.Arbitrary<infer V> ? V : never
type Drawn = WorldOf<typeof world>

let worlds = 0

type Facts = Pick<Drawn, 'calls' | 'surveys' | 'payments'>

async function write(clientId: string, start: Temporal.Instant, facts: Facts): Promise<void> {
  const at = (minutes: number) => start.add({ minutes }).toString()
  const client_id = clientId
  await given.calls(
    db,
    facts.calls.map(({ minute, again, ...row }) => [at(minute), { client_id, ...row }]),
  )
  await given.surveys(
    db,
    facts.surveys.map(({ minute, ...row }) => [at(minute), { client_id, ...row }]),
  )
  await given.payments(
    db,
    facts.payments.map(({ minute, kind, amount, ...row }): [string, Partial<Insertable<DB['payments']>>] => [
      at(minute),
      { client_id, kind, amount_minor: kind === 'charge' ? amount : 0 - amount, ...row },
    ]),
  )
}

async function rollUpDirtyDays(clientId: string, newestFirst: boolean): Promise<void> {
  const days = await db
    .selectFrom('rollup_days')
    .select('day')
    .where('client_id', '=', clientId)
    .whereRef('facts_version', '>', 'rolled_version')
    .orderBy('day', newestFirst ? 'desc' : 'asc')
    .execute()
  for (const { day } of days)
    await database
      .forClient(clientId)
      .transaction()
      .execute((tx) => rollUpDay(tx, { clientId, day }))
}

function sorted<T>(rows: T[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row as object).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()
}

function repeatOf(first: Drawn['calls'][number]): Drawn['calls'] {
  return first.again === null ? [] : [{ ...first, minute: first.minute + first.again }]
}

async function check(drawn: Drawn): Promise<void> {
  worlds += 1
  const [time_zone, firstDay] = drawn.zone
  const { service_level_s, short_abandon_s, late } = drawn
  const clientId = await given.client(db, { id: `world-${worlds}`, time_zone, service_level_s, short_abandon_s })
  const start = startOfDay(firstDay, time_zone)
  // Repeats stand at the end, so that most of them come late.
  const calls = [...drawn.calls, ...drawn.calls.flatMap(repeatOf)]
  const { surveys, payments } = drawn
  const isLate = (rows: unknown[]) => (_: unknown, n: number) => n >= rows.length - late
  const isEarly = (rows: unknown[]) => (_: unknown, n: number) => n < rows.length - late
  for (const isNow of [isEarly, isLate]) {
    await write(clientId, start, {
      calls: calls.filter(isNow(calls)),
      surveys: surveys.filter(isNow(surveys)),
      payments: payments.filter(isNow(payments)),
    })
    await rollUpDirtyDays(clientId, drawn.newestFirst)
  }
  const expected = naiveRollUps({
    client: (await table(db, 'clients'))[0] as never,
    calls: (await table(db, 'interactions')) as never,
    surveys: (await table(db, 'customer_satisfaction')) as never,
    payments: (await table(db, 'payments')) as never,
  })
  for (const name of ['agent_metrics', 'revenue_metrics', 'customer_metrics'] as const)
    expect(sorted(await table(db, name)), name).toEqual(sorted(expected[name]))
  for (const name of ['interactions', 'customer_satisfaction', 'payments', 'clients'] as const)
    await db.deleteFrom(name).execute()
}

test('in random worlds with late facts every roll-up table equals a count of the facts one by one', {
  timeout: 120_000,
}, async () => {
  await fc.assert(fc.asyncProperty(world, check), { numRuns: WORLDS, seed: 20261121, endOnFailure: false })
})
