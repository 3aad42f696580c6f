import fc from 'fast-check'
import type { Selectable } from 'kysely'
import { expect, test } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { startOfDay } from '../../src/time.ts'
import { BUSINESS_FAMILIES, dailyRows, trendRows } from '../support/daily-rows.ts'
import { given, table } from '../support/given.ts'
import {
  type Facts,
  type FactTable,
  NAIVE_FACT_TABLES,
  type NaiveRow,
  naiveCycles,
  naiveDailyMetrics,
  naiveMrr,
  naiveTrends,
} from '../support/naive-metrics.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

const WORLDS = 200
/** Worlds that share a database, each another client with the same ids. */
const TOGETHER = 10
const DAYS = 2
const DAY = 24 * 60
const MINUTES = DAYS * DAY

/** Zones with the first day of a world, chosen so that clocks change within it. */
const ZONES = [
  ['UTC', '2026-02-28'],
  ['Europe/Zurich', '2026-03-28'],
  ['Europe/London', '2026-10-24'],
  ['America/Havana', '2026-03-07'],
  ['America/Santiago', '2026-09-05'],
  ['Asia/Kolkata', '2026-02-28'],
  ['Asia/Kathmandu', '2026-02-28'],
  ['Pacific/Chatham', '2026-04-04'],
] as const

const maybe = (...names: string[]) => fc.option(fc.constantFrom(...names), { nil: null })
/** Minutes after the start, at the edges of hours and days more often than chance has it. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: MINUTES }),
  fc.integer({ min: 0, max: DAYS * 24 }).map((hours) => hours * 60),
  fc.integer({ min: 0, max: DAYS }).map((days) => days * DAY),
)
/** How long something takes in minutes: mostly hours, sometimes days, and sometimes it ends before it began. */
const length = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: -60, max: 40 * 60 }))
const amount_minor = fc.integer({ min: 0, max: 10_000 })
const currency = fc.constantFrom('EUR', 'EUR', 'EUR', 'USD')
const who = {
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  channel: maybe('voice', 'web'),
  customer_id: maybe('c1', 'c2', 'c3', 'unknown'),
}
const campaign_id = maybe('spring', 'autumn')
const provider_id = maybe('p1', 'p2')
const location = maybe('Bern')

type Drawn<A> = A extends fc.Arbitrary<infer Value> ? Value : never
type FactName = Exclude<FactTable, 'customers'>
type Happening = { minute: number } & Record<string, unknown>

/** What can happen, by table. `minute` and `length` become the times that the table has. */
const FACTS: Record<FactName, fc.Arbitrary<Happening>> = {
  payments: fc.record({ minute, ...who, campaign_id, provider_id, amount_minor, currency }).chain((row) =>
    fc
      .record({ kind: fc.constantFrom('charge', 'charge', 'refund', 'payout', 'fee'), country: maybe('CH', 'DE') })
      .map(({ kind, country }) => {
        const signed = kind === 'charge' ? row.amount_minor : 0 - row.amount_minor
        return { ...row, kind, country, amount_minor: signed }
      }),
  ),
  cost_analysis: fc.record({
    ...{ minute, amount_minor, currency, campaign_id, agent_id: who.agent_id, sector_id: who.sector_id },
    channel: who.channel,
    category: fc.constantFrom('labour', 'technology', 'infrastructure', 'training'),
  }),
  subscriptions: fc.record({
    minute,
    length: fc.option(fc.oneof(fc.integer({ min: 0, max: DAY }), fc.constant(DAY)), { nil: null }),
    customer_id: fc.constantFrom('c1', 'c2', 'c3'),
    interval_months: fc.constantFrom(1, 1, 3, 12),
    amount_minor: fc.oneof(amount_minor, fc.constantFrom(0, 1000)),
    currency,
  }),
  leads: fc.record({
    ...{ minute, ...who, campaign_id, location },
    value_minor: fc.option(amount_minor, { nil: null }),
    currency: fc.option(currency, { nil: null }),
  }),
  lead_stage_changes: fc.record({
    ...{ minute, agent_id: who.agent_id, customer_id: who.customer_id },
    ...{ lead_id: fc.constantFrom('l1', 'l2'), to_stage: fc.constantFrom('qualified', 'won') },
  }),
  deals: fc.record({
    ...{ minute, length: fc.option(length, { nil: null }), ...who, campaign_id, amount_minor, currency },
    closedAs: fc.constantFrom('won', 'lost'),
  }),
  campaign_spend: fc.record({
    ...{ minute, amount_minor, currency, channel: who.channel },
    campaign_id: fc.constantFrom('spring', 'autumn'),
    impressions: fc.nat(1000),
    clicks: fc.nat(100),
    contacted: fc.nat(10),
    responded: fc.nat(10),
  }),
  touchpoints: fc.record({
    ...{ minute, campaign_id, channel: who.channel },
    customer_id: fc.constantFrom('c1', 'c2', 'unknown'),
    kind: fc.constantFrom('ad', 'mail'),
  }),
  service_requests: fc.record({
    ...{ minute, ...who, campaign_id, provider_id, location },
    accepted: fc.option(fc.integer({ min: -30, max: 600 }), { nil: null }),
    completed: fc.option(fc.integer({ min: -30, max: 3000 }), { nil: null }),
    state: fc.constantFrom('requested', 'accepted', 'completed', 'completed', 'cancelled'),
    service: fc.constant('audit'),
  }),
  bookings: fc.record({
    ...{ minute, length, ...who, provider_id, location },
    state: fc.constantFrom('scheduled', 'completed', 'completed', 'no-show', 'cancelled', 'moved'),
    /** Hours ahead that it was called off. */
    notice: fc.option(fc.constantFrom(0, 2, 24, 48), { nil: null }),
  }),
  provider_availability: fc.record({ minute, length, provider_id: fc.constantFrom('p1', 'p2') }),
  analytics_events: fc.record({
    ...{ minute, agent_id: who.agent_id, channel: who.channel, customer_id: who.customer_id, campaign_id },
    name: fc.constantFrom('visit', 'sign-up'),
  }),
}
const FACT_NAMES = Object.keys(FACTS) as FactName[]

const world = fc.record({
  zone: fc.constantFrom(...ZONES),
  cancel_hours: fc.constantFrom(0, 2, 24),
  /** First contacts of the customers c1, c2 and c3, in minutes. */
  firstContacts: fc.tuple(...[1, 2, 3].map(() => fc.option(minute, { nil: null }))),
  facts: fc.record(
    Object.fromEntries(FACT_NAMES.map((name) => [name, fc.array(FACTS[name], { maxLength: 6 })])) as Record<
      FactName,
      fc.Arbitrary<Happening[]>
    >,
  ),
  /** So many facts of each kind come after every day was rolled up once; in some worlds the first of each goes. */
  late: fc.constantFrom(0, 0, 1, 2),
  gone: fc.constantFrom(false, false, false, true),
  newestFirst: fc.boolean(),
})
type World = Drawn<typeof world> & { clientId: string }

/** A row as its table has it. */
function rowOf(
  name: FactName,
  { minute: from, ...drawn }: Happening,
  start: Temporal.Instant,
): Record<string, unknown> {
  const at = (minutes: number) => start.add({ minutes }).toString()
  const after = (minutes: unknown) => (minutes === null ? null : at(from + Number(minutes)))
  const { length: lasts, notice, accepted, completed, closedAs, ...row } = drawn
  switch (name) {
    case 'payments':
    case 'analytics_events':
      return { ...row, occurred_at: at(from) }
    case 'cost_analysis':
      return { ...row, incurred_at: at(from) }
    case 'leads':
      return { ...row, created_at: at(from) }
    case 'lead_stage_changes':
      return { ...row, changed_at: at(from) }
    case 'campaign_spend':
      return { ...row, spent_at: at(from) }
    case 'touchpoints':
      return { ...row, touched_at: at(from) }
    case 'deals':
      return { ...row, opened_at: at(from), closed_at: after(lasts), state: lasts === null ? 'open' : closedAs }
    case 'service_requests':
      return { ...row, requested_at: at(from), accepted_at: after(accepted), completed_at: after(completed) }
    case 'bookings': {
      const cancelled_at = notice === null ? null : at(from - Number(notice) * 60)
      return { ...row, starts_at: at(from), ends_at: after(lasts), cancelled_at }
    }
    case 'subscriptions':
    case 'provider_availability':
      return { ...row, starts_at: at(from), ends_at: after(lasts) }
  }
}

/** Writes the facts of some worlds of which `isNow` is true, with the same ids for every client. */
async function write(worlds: World[], isNow: (world: World, index: number, of: number) => boolean): Promise<void> {
  for (const name of FACT_NAMES) {
    const rows = worlds.flatMap((each) => {
      const [timeZone, firstDay] = each.zone
      const start = startOfDay(firstDay, timeZone)
      const happenings = each.facts[name]
      return happenings
        .map((happening, index) => ({
          client_id: each.clientId,
          id: `${name}-${index}`,
          ...rowOf(name, happening, start),
        }))
        .filter((_, index) => isNow(each, index, happenings.length))
    })
    await given.facts(db, name, rows)
  }
}

async function createClients(worlds: World[]): Promise<void> {
  const settings = worlds.map(({ clientId, zone, cancel_hours }) => {
    return { id: clientId, name: clientId, time_zone: zone[0], currency: 'EUR', cancel_hours }
  })
  await db.insertInto('clients').values(settings).execute()
  const customers = worlds.flatMap(({ clientId, zone: [timeZone, firstDay], firstContacts }) =>
    firstContacts.map((minutes, n) => ({
      client_id: clientId,
      id: `c${n + 1}`,
      role: n === 0 ? 'vip' : 'buyer',
      country: n === 2 ? 'CH' : null,
      first_contact_at: minutes === null ? null : startOfDay(firstDay, timeZone).add({ minutes }).toString(),
    })),
  )
  await db.insertInto('customers').values(customers).execute()
}

async function takeAway(name: FactName, clientIds: string[]): Promise<void> {
  await db
    .deleteFrom(name as 'payments')
    .where('client_id', 'in', clientIds)
    .where('id', '=', `${name}-0`)
    .execute()
}

async function rollUpDirtyDays({ clientId, newestFirst }: World): Promise<void> {
  const days = await db
    .selectFrom('rollup_days')
    .select('day')
    .where('client_id', '=', clientId)
    .whereRef('facts_version', '>', 'rolled_version')
    .orderBy('day', newestFirst ? 'desc' : 'asc')
    .execute()
  await rollUpDays(
    database,
    clientId,
    days.map(({ day }) => day),
  )
}

async function readFacts(): Promise<Facts> {
  const tables = await Promise.all(NAIVE_FACT_TABLES.map(async (name) => [name, await table(db, name)]))
  return Object.fromEntries(tables) as Facts
}

/** First contacts count on days that something else has made known. */
async function knownRows(rows: NaiveRow[], clientId: string): Promise<NaiveRow[]> {
  const days = await db.selectFrom('rollup_days').select('day').where('client_id', '=', clientId).execute()
  const known = new Set(days.map(({ day }) => day))
  return rows.filter(({ day }) => known.has(day))
}

async function cycleRows(clientId: string) {
  return db
    .selectFrom('metric_histograms')
    .select(['dimension', 'day', 'member', 'buckets', 'counts'])
    .where('client_id', '=', clientId)
    .where('measure', '=', 'sales-cycle')
    .execute()
}

/** Start + new + expansion − contraction − churned is the end, to the minor unit, of every day there is. */
async function checkMrr(client: Selectable<DB['clients']>, facts: Facts): Promise<void> {
  const days = await db
    .selectFrom('daily_metrics')
    .select(['day', 'mrr_new_minor', 'mrr_expansion_minor', 'mrr_contraction_minor', 'mrr_churned_minor'])
    .where('client_id', '=', client.id)
    .where('dimension', '=', 'client')
    .orderBy('day')
    .execute()
  let mrr = 0
  for (const { day, ...moved } of days) {
    mrr += (moved.mrr_new_minor ?? 0) + (moved.mrr_expansion_minor ?? 0)
    mrr -= (moved.mrr_contraction_minor ?? 0) + (moved.mrr_churned_minor ?? 0)
    expect(mrr, `${client.id} on ${day}`).toBe(naiveMrr(client, facts, day))
  }
}

function sorted(rows: object[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()
}

let batches = 0

async function check(drawn: Drawn<typeof world>[]): Promise<void> {
  batches += 1
  const worlds = drawn.map((each, index) => ({ ...each, clientId: `world-${batches}-${index}` }))
  await createClients(worlds)
  await write(worlds, ({ late }, index, of) => index < of - late)
  await Promise.all(worlds.map(rollUpDirtyDays))
  await write(worlds, ({ late }, index, of) => index >= of - late)
  const losing = worlds.filter(({ gone }) => gone).map(({ clientId }) => clientId)
  if (losing.length > 0) for (const name of FACT_NAMES) await takeAway(name, losing)
  await Promise.all(worlds.map(rollUpDirtyDays))
  const facts = await readFacts()
  for (const client of await db.selectFrom('clients').selectAll().execute()) {
    const expected = await knownRows(naiveDailyMetrics(client, facts), client.id)
    expect(sorted(await dailyRows(db, client.id, BUSINESS_FAMILIES)), client.id).toEqual(sorted(expected))
    await checkMrr(client, facts)
    const trends = naiveTrends(expected, client.time_zone)
    expect(sorted(await trendRows(db, client.id, BUSINESS_FAMILIES)), client.id).toEqual(sorted(trends))
    expect(sorted(await cycleRows(client.id)), client.id).toEqual(sorted(naiveCycles(client, facts)))
  }
  for (const name of [...NAIVE_FACT_TABLES, 'clients'] as const) await db.deleteFrom(name as 'payments').execute()
}

test('in random worlds with late facts every roll-up of business metrics equals a count of the facts one by one', async () => {
  const batch = fc.array(world, { minLength: TOGETHER, maxLength: TOGETHER })
  const settings = { numRuns: WORLDS / TOGETHER, seed: 20261121, endOnFailure: true }
  await fc.assert(fc.asyncProperty(batch, check), settings)
})
