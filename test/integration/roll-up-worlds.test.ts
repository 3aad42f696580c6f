import fc from 'fast-check'
import type { Insertable } from 'kysely'
import { expect, test } from 'vitest'
import { AGENT_COMPONENTS, COMPONENTS, componentsOf, rollUpDay } from '../../src/analytics/metrics/index.ts'
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
  campaign_id: maybe('spring'),
  location: maybe('Bern', 'Basel'),
  sentiment: fc.option(fc.constantFrom(-1, -0.25, -0.125, 0, 0.125, 0.5), { nil: null }),
  messages_in: fc.integer({ min: 0, max: 3 }),
  messages_out: fc.integer({ min: 0, max: 3 }),
  conversion_type: maybe('sale'),
  conversion_value_minor: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null }),
  follow_up_at: maybe('2026-12-01T10:00:00Z'),
  /** What is known of its instants: nothing, as the seconds say, a rounded second less, or what cannot be. */
  known: fc.constantFrom('nothing', 'nothing', 'all', 'all', 'rounded', 'too-short', 'answered-before', 'ended-before'),
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
  would_recommend: fc.option(fc.boolean(), { nil: null }),
  campaign_id: maybe('spring'),
  customer_id: maybe(...CUSTOMERS),
})
const score = fc.option(fc.integer({ min: 1, max: 5 }), { nil: null })
const percent = fc.integer({ min: 0, max: 10_000 }).map((centi) => centi / 100)
const review = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  channel: fc.constantFrom('voice', 'web'),
  ...{ professionalism: score, empathy: score, resolution: score, clarity: score, responsiveness: score },
  overall: percent,
  audio_clarity: fc.option(percent, { nil: null }),
  background_noise: fc.option(percent, { nil: null }),
})
const issue = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  channel: fc.constantFrom('voice', 'web'),
  category: fc.constantFrom('compliance', 'tone', 'procedure', 'documentation'),
  severity: fc.constantFrom('critical', 'major', 'minor'),
  /** Settled so many minutes later; a negative number cannot be. */
  settled: fc.option(fc.constantFrom(-5, 0, 30, 24 * 60), { nil: null }),
})
const status = fc.record({
  minute,
  second: fc.integer({ min: 0, max: 59 }),
  agent_id: fc.constantFrom('anna', 'ben'),
  sector_id: maybe('sales'),
  status: fc.constantFrom('available', 'handling', 'break', 'training', 'offline'),
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
  reviews: fc.array(review, { maxLength: 8 }),
  issues: fc.array(issue, { maxLength: 8 }),
  statuses: fc.array(status, { maxLength: 15 }),
  /** This many facts of each kind come after every day was rolled up once: few, so that most days stay as they are. */
  late: fc.integer({ min: 0, max: 3 }),
  newestFirst: fc.boolean(),
  /** So many calls are deleted in the end, and the client may have moved. */
  gone: fc.integer({ min: 0, max: 4 }),
  movesTo: fc.option(fc.constantFrom('America/Havana', 'Asia/Tokyo'), { nil: null, freq: 3 }),
})
type WorldOf<T> = T extends fc.Arbitrary<infer V> ? V : never
type Drawn = WorldOf<typeof world>

let worlds = 0

type Facts = Pick<Drawn, 'calls' | 'surveys' | 'payments' | 'reviews' | 'issues' | 'statuses'>

/** The instants of a call, as far as they are known. */
function instantsOf(
  start: Temporal.Instant,
  { known, status, wait_s, talk_s, hold_s }: Omit<Drawn['calls'][number], 'minute' | 'again'>,
) {
  if (known === 'nothing' || status !== 'answered') return {}
  const answered = start.add({ seconds: known === 'answered-before' ? -1 : wait_s })
  const short = { rounded: 1, 'too-short': 2, 'ended-before': talk_s + hold_s + 1 }[known as string] ?? 0
  const ended = answered.add({ seconds: talk_s + hold_s - short })
  return { answered_at: answered.toString(), ended_at: ended.toString() }
}

async function write(clientId: string, start: Temporal.Instant, facts: Facts): Promise<void> {
  const at = (minutes: number) => start.add({ minutes }).toString()
  const client_id = clientId
  await given.calls(
    db,
    facts.calls.map(({ minute, again, known, ...row }) => {
      const instants = instantsOf(start.add({ minutes: minute }), { known, ...row })
      return [at(minute), { client_id, ...row, ...instants }]
    }),
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
  const reviews = facts.reviews.map(({ minute, ...row }) => ({ client_id, reviewed_at: at(minute), ...row }))
  await given.facts(db, 'call_quality_scores', reviews)
  const issues = facts.issues.map(({ minute, settled, ...row }) => {
    const resolved_at = settled === null ? null : at(minute + settled)
    return { client_id, noted_at: at(minute), resolved_at, ...row }
  })
  await given.facts(db, 'call_quality_issues', issues)
  const statuses = facts.statuses.map(({ minute, second, ...row }) => {
    return { client_id, changed_at: start.add({ minutes: minute, seconds: second }).toString(), ...row }
  })
  await given.facts(db, 'agent_status_changes', statuses)
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

type Row = Record<string, unknown>

/** Without what there is nothing of. */
function nonZero(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value != null && value !== 0))
}

function sorted(rows: Row[]): string[] {
  const inOrder = (row: Row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))
  return rows.map((row) => inOrder(nonZero(row))).sort()
}

const NAIVE = (['contacts', 'satisfaction', 'quality', 'agentTime', 'dataQuality'] as const).flatMap(componentsOf)
const KEYS = ['client_id', 'dimension', 'day', 'member']

/** The rows of daily_metrics as far as the naive count goes: what other families say of a day is theirs. */
function naivePart(rows: Row[]): Row[] {
  const cut = rows.map((row) => nonZero(Object.fromEntries([...KEYS, ...NAIVE].map((name) => [name, row[name]]))))
  return cut.filter((row) => row['dimension'] === 'client' || Object.keys(row).length > KEYS.length)
}

/** Weeks and months of every component, added up from the days. */
function sumsOfDays(days: Row[]): Row[] {
  const sums = new Map<string, Row>()
  for (const day of days) {
    const date = Temporal.PlainDate.from(String(day['day']))
    const begins = { week: date.subtract({ days: date.dayOfWeek - 1 }), month: date.with({ day: 1 }) }
    for (const [grain, begin] of Object.entries(begins)) {
      const { client_id, dimension, member } = day
      const key = { grain, client_id, dimension, member, bucket_day: begin.toString() }
      const row = sums.get(JSON.stringify(key)) ?? { ...key }
      for (const name of COMPONENTS) row[name] = Number(row[name] ?? 0) + Number(day[name] ?? 0)
      sums.set(JSON.stringify(key), row)
    }
  }
  return [...sums.values()]
}

/** Hours and days of the client as a whole, added up from the hours of agents; days from the rows of days. */
function sumsOfHours(hours: Row[], days: Row[]): Row[] {
  const sums = new Map<unknown, Row>()
  for (const hour of hours) {
    const { client_id, day, hour_at } = hour
    const row = sums.get(hour_at) ?? {
      grain: 'hour',
      client_id,
      dimension: 'client',
      member: '',
      bucket_day: day,
      bucket_at: hour_at,
    }
    for (const name of AGENT_COMPONENTS) row[name] = Number(row[name] ?? 0) + Number(hour[name] ?? 0)
    sums.set(hour_at, row)
  }
  const ofDays = days
    .filter(({ dimension }) => dimension === 'client')
    .map(({ day, ...row }) => ({ grain: 'day', bucket_day: day, ...row }))
  return [...sums.values(), ...ofDays]
}

function repeatOf(first: Drawn['calls'][number]): Drawn['calls'] {
  return first.again === null ? [] : [{ ...first, minute: first.minute + first.again }]
}

async function expectTrends(time_zone: string): Promise<void> {
  const trends = await table(db, 'performance_trends')
  const days = await table(db, 'daily_metrics')
  const wrongStarts = trends.filter(({ grain, bucket_day, bucket_at }) => {
    return grain !== 'hour' && startOfDay(String(bucket_day), time_zone).toString() !== bucket_at
  })
  expect(wrongStarts).toEqual([])
  const withoutStart = trends.map(({ bucket_at, ...row }) => (row['grain'] === 'hour' ? { ...row, bucket_at } : row))
  const expected = [...sumsOfDays(days), ...sumsOfHours(await table(db, 'agent_metrics'), days)]
  expect(sorted(withoutStart), 'performance_trends').toEqual(sorted(expected))
}

async function expectHistograms(sizes: Map<string, number[]>): Promise<void> {
  const rows = await table(db, 'metric_histograms')
  const found = rows.map(({ dimension, day, member, measure, buckets, counts }) => [
    JSON.stringify([dimension, day, member, measure]),
    (buckets as number[]).map((bucket, index) => [bucket, (counts as number[])[index]]),
  ])
  // The bucket by the formula, without the database.
  const bucketOf = (size: number) => (size > 0 ? Math.ceil(Math.log(size) / Math.log(1.01 / 0.99)) : -32_768)
  const expected = [...sizes].map(([key, all]) => {
    const counts = Map.groupBy(all, bucketOf)
    return [key, [...counts].map(([bucket, { length }]) => [bucket, length]).sort(([a = 0], [b = 0]) => a - b)]
  })
  expect(new Map(found as never), 'metric_histograms').toEqual(new Map(expected as never))
}

/** The facts of a world, and those of its facts that come late. */
function factsOf(drawn: Drawn): [early: Facts, late: Facts] {
  // Repeats stand at the end, so that most of them come late.
  const facts: Facts = { ...drawn, calls: [...drawn.calls, ...drawn.calls.flatMap(repeatOf)] }
  const part = (isWanted: (n: number, length: number) => boolean) =>
    Object.fromEntries(
      (['calls', 'surveys', 'payments', 'reviews', 'issues', 'statuses'] as const).map((name) => [
        name,
        facts[name].filter((_, n) => isWanted(n, facts[name].length)),
      ]),
    ) as Facts
  return [part((n, length) => n < length - drawn.late), part((n, length) => n >= length - drawn.late)]
}

const FACTS = [
  ...(['interactions', 'customer_satisfaction', 'payments', 'call_quality_scores', 'call_quality_issues'] as const),
  'agent_status_changes',
] as const

async function naive() {
  const read = async <Name extends keyof DB>(name: Name) => (await table(db, name)) as never
  const rolled = (await table(db, 'rollup_days')).filter(({ rolled_at }) => rolled_at !== null)
  return naiveRollUps({
    client: ((await read('clients')) as never[])[0] as never,
    calls: await read('interactions'),
    surveys: await read('customer_satisfaction'),
    payments: await read('payments'),
    reviews: await read('call_quality_scores'),
    issues: await read('call_quality_issues'),
    statuses: await read('agent_status_changes'),
    agents: await read('agents'),
    customers: await read('customers'),
    days: new Set(rolled.map(({ day }) => String(day))),
  })
}

async function check(drawn: Drawn): Promise<void> {
  // Before, not after: a world that failed leaves its facts.
  for (const name of [...FACTS, 'clients'] as const) await db.deleteFrom(name).execute()
  worlds += 1
  const [time_zone, firstDay] = drawn.zone
  const { service_level_s, short_abandon_s } = drawn
  const clientId = await given.client(db, { id: `world-${worlds}`, time_zone, service_level_s, short_abandon_s })
  const agents = [{ client_id: clientId, id: 'ben', name: 'Ben', kind: 'assistant' }]
  await db.insertInto('agents').values(agents).execute()
  const customers = CUSTOMERS.slice(0, 12).map((id, n) => ({
    client_id: clientId,
    id,
    role: n % 2 ? 'guest' : 'buyer',
  }))
  await db.insertInto('customers').values(customers).execute()
  const start = startOfDay(firstDay, time_zone)
  for (const facts of factsOf(drawn)) {
    await write(clientId, start, facts)
    await rollUpDirtyDays(clientId, drawn.newestFirst)
  }
  const calls = await db
    .selectFrom('interactions')
    .select('id')
    .orderBy('started_at', 'desc')
    .orderBy('id')
    .limit(drawn.gone)
    .execute()
  for (const { id } of calls) await db.deleteFrom('interactions').where('id', '=', id).execute()
  if (drawn.movesTo !== null) await db.updateTable('clients').set({ time_zone: drawn.movesTo }).execute()
  await rollUpDirtyDays(clientId, drawn.newestFirst)
  const { daily_metrics, sizes, ...expected } = await naive()
  for (const name of ['agent_metrics', 'revenue_metrics', 'customer_metrics', 'quarantined_facts'] as const)
    expect(sorted(await table(db, name)), name).toEqual(sorted(expected[name]))
  expect(sorted(naivePart(await table(db, 'daily_metrics'))), 'daily_metrics').toEqual(sorted(naivePart(daily_metrics)))
  await expectTrends(drawn.movesTo ?? time_zone)
  await expectHistograms(sizes)
}

test('in random worlds with late facts every roll-up table equals a count of the facts one by one', {
  timeout: 300_000,
}, async () => {
  await fc.assert(fc.asyncProperty(world, check), { numRuns: WORLDS, seed: 20261121, endOnFailure: false })
})
