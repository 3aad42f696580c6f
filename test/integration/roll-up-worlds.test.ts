import fc from 'fast-check'
import type { Insertable } from 'kysely'
import { expect, test } from 'vitest'
import { AGENT_COMPONENTS, COMPONENTS, componentsOf } from '../../src/analytics/metrics/index.ts'
import type { DB } from '../../src/db/schema.ts'
import { startOfDay } from '../../src/time.ts'
import { CUSTOMERS, type Drawn, type World, world } from '../support/drawn-contacts.ts'
import { given } from '../support/given.ts'
import { naiveRollUps } from '../support/naive-roll-up.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

const WORLDS = 200
/** Worlds that share a database, each another client with the same customers and agents. */
const TOGETHER = 10
let batches = 0

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
  await rollUpDays(
    database,
    clientId,
    days.map(({ day }) => day),
  )
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

/** What a table holds of one client. */
async function rowsOf(name: keyof DB, clientId: string): Promise<Row[]> {
  return db
    .selectFrom(name as 'customers')
    .selectAll()
    .where('client_id', '=', clientId)
    .execute()
}

function repeatOf(first: Drawn['calls'][number]): Drawn['calls'] {
  return first.again === null ? [] : [{ ...first, minute: first.minute + first.again }]
}

async function expectTrends(clientId: string, time_zone: string): Promise<void> {
  const trends = await rowsOf('performance_trends', clientId)
  const days = await rowsOf('daily_metrics', clientId)
  const wrongStarts = trends.filter(({ grain, bucket_day, bucket_at }) => {
    return grain !== 'hour' && startOfDay(String(bucket_day), time_zone).toString() !== bucket_at
  })
  expect(wrongStarts).toEqual([])
  const withoutStart = trends.map(({ bucket_at, ...row }) => (row['grain'] === 'hour' ? { ...row, bucket_at } : row))
  const expected = [...sumsOfDays(days), ...sumsOfHours(await rowsOf('agent_metrics', clientId), days)]
  expect(sorted(withoutStart), 'performance_trends').toEqual(sorted(expected))
}

async function expectHistograms(clientId: string, sizes: Map<string, number[]>): Promise<void> {
  const rows = await rowsOf('metric_histograms', clientId)
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

async function naive(clientId: string) {
  const read = async (name: keyof DB) => (await rowsOf(name, clientId)) as never
  const rolled = (await rowsOf('rollup_days', clientId)).filter(({ rolled_at }) => rolled_at !== null)
  return naiveRollUps({
    client: await db.selectFrom('clients').selectAll().where('id', '=', clientId).executeTakeFirstOrThrow(),
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

async function create(drawn: Drawn, id: string): Promise<World> {
  const [time_zone, firstDay] = drawn.zone
  const { service_level_s, short_abandon_s } = drawn
  const clientId = await given.client(db, { id, time_zone, service_level_s, short_abandon_s })
  await given.facts(db, 'agents', [{ client_id: clientId, id: 'ben', name: 'Ben', kind: 'assistant' }])
  const customers = CUSTOMERS.slice(0, 12).map((customer, n) => {
    return { client_id: clientId, id: customer, role: n % 2 ? 'guest' : 'buyer' }
  })
  await given.facts(db, 'customers', customers)
  return { ...drawn, clientId, start: startOfDay(firstDay, time_zone) }
}

/** Customers get other roles, and agents turn out to be something else; null: nobody says what they are any more. */
async function changePeople({ clientId, roles, kinds }: World): Promise<void> {
  for (const [id, role] of Object.entries(roles))
    await (role === null
      ? db.deleteFrom('customers').where('client_id', '=', clientId).where('id', '=', id).execute()
      : db
          .insertInto('customers')
          .values({ client_id: clientId, id, role })
          .onConflict((row) => row.columns(['client_id', 'id']).doUpdateSet({ role }))
          .execute())
  for (const [id, kind] of Object.entries(kinds))
    await (kind === null
      ? db.deleteFrom('agents').where('client_id', '=', clientId).where('id', '=', id).execute()
      : db
          .insertInto('agents')
          .values({ client_id: clientId, id, name: id, kind })
          .onConflict((row) => row.columns(['client_id', 'id']).doUpdateSet({ kind }))
          .execute())
}

async function takeAway({ clientId, gone }: World): Promise<void> {
  const ofClient = db.selectFrom('interactions').select('id').where('client_id', '=', clientId)
  const calls = await ofClient.orderBy('started_at', 'desc').orderBy('id').limit(gone).execute()
  for (const { id } of calls)
    await db.deleteFrom('interactions').where('client_id', '=', clientId).where('id', '=', id).execute()
}

async function live(world: World): Promise<void> {
  const { clientId, start, newestFirst, movesTo } = world
  const [early, late] = factsOf(world)
  await write(clientId, start, early)
  await rollUpDirtyDays(clientId, newestFirst)
  await changePeople(world)
  await write(clientId, start, late)
  await rollUpDirtyDays(clientId, newestFirst)
  await takeAway(world)
  if (movesTo !== null) await db.updateTable('clients').set({ time_zone: movesTo }).where('id', '=', clientId).execute()
  await rollUpDirtyDays(clientId, newestFirst)
}

async function check(drawn: Drawn[]): Promise<void> {
  // Before, not after: a world that failed leaves its facts.
  for (const name of [...FACTS, 'clients'] as const) await db.deleteFrom(name).execute()
  batches += 1
  const worlds: World[] = []
  for (const [index, each] of drawn.entries()) worlds.push(await create(each, `world-${batches}-${index}`))
  await Promise.all(worlds.map(live))
  for (const { clientId, movesTo, zone } of worlds) {
    const { daily_metrics, sizes, ...expected } = await naive(clientId)
    for (const name of ['agent_metrics', 'revenue_metrics', 'customer_metrics', 'quarantined_facts'] as const)
      expect(sorted(await rowsOf(name, clientId)), name).toEqual(sorted(expected[name]))
    const days = await rowsOf('daily_metrics', clientId)
    expect(sorted(naivePart(days)), 'daily_metrics').toEqual(sorted(naivePart(daily_metrics)))
    await expectTrends(clientId, movesTo ?? zone[0])
    await expectHistograms(clientId, sizes)
  }
}

test('in random worlds with late facts, and people who turn out to be something else, every roll-up table equals a count of the facts one by one', async () => {
  const batch = fc.array(world, { minLength: TOGETHER, maxLength: TOGETHER })
  const settings = { numRuns: WORLDS / TOGETHER, seed: 20261121, endOnFailure: true }
  await fc.assert(fc.asyncProperty(batch, check), settings)
})
