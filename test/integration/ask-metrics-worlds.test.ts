import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import {
  AGENT_COMPONENTS,
  COMPONENTS,
  type Component,
  type ComponentSums,
  DIMENSIONS,
  type Dimension,
  dimensionsOf,
  METRICS,
} from '../../src/analytics/metrics/index.ts'
import { askMetrics, createQuestions, type Group, setThresholds } from '../../src/analytics/questions/index.ts'
import { ingredientsOf } from '../../src/analytics/questions/metrics-asked.ts'
import type { MetricQuestion } from '../../src/analytics/questions/question.ts'
import { addDays, type Day, type DayWindow } from '../../src/time.ts'
import { given } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const questions = createQuestions(database)

/** Days of a world: two whole months and some at both ends. */
const DAYS = 80
const FIRST_DAY = '2026-02-20'
const at = Temporal.Instant.from('2026-09-01T00:00:00Z')
const plain = {
  // All metrics at once.
  valuesMax: Number.POSITIVE_INFINITY,
  granularity: 'none',
  dimension: 'client',
  filters: {},
  compare: [],
  at,
} as const

/** Zones whose clocks change within a world, and one of half hours. */
const zone = fc.constantFrom('Europe/Zurich', 'America/Havana', 'Asia/Kathmandu')
const maybe = (...names: string[]) => fc.option(fc.constantFrom(...names), { nil: null })
const minute = fc.integer({ min: 0, max: DAYS * 24 * 60 - 1 })
const who = {
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales', 'help'),
  channel: fc.constantFrom('voice', 'web'),
}
const call = fc.record({
  ...who,
  // Few, so that they come again within a week: a day changes those before it.
  customer_id: maybe('c1', 'c2'),
  campaign_id: maybe('spring'),
  status: fc.constantFrom('answered', 'answered', 'abandoned', 'missed'),
  wait_s: fc.integer({ min: 0, max: 40 }),
  talk_s: fc.integer({ min: 0, max: 600 }),
  resolved: fc.boolean(),
})
const survey = fc.record({ ...who, csat: fc.integer({ min: 1, max: 5 }), nps: fc.integer({ min: 0, max: 10 }) })
const payment = fc.record({
  ...who,
  campaign_id: maybe('spring'),
  amount_minor: fc.integer({ min: -5000, max: 10_000 }),
})
const facts = fc.record({
  calls: fc.array(call, { maxLength: 15 }),
  surveys: fc.array(survey, { maxLength: 5 }),
  payments: fc.array(payment, { maxLength: 5 }),
})
const window = fc
  .record({ start: fc.integer({ min: 0, max: DAYS - 1 }), length: fc.integer({ min: 1, max: DAYS }) })
  .map(({ start, length }) => ({ from: addDays(FIRST_DAY, start), to: addDays(FIRST_DAY, start + length) }))
type Drawn<T> = T extends fc.Arbitrary<infer V> ? V : never

let worlds = 0

async function newClient(time_zone: string): Promise<string> {
  worlds += 1
  return given.client(db, { id: `world-${worlds}`, time_zone })
}

async function write(
  clientId: string,
  timeZone: string,
  { calls, surveys, payments }: Drawn<typeof facts>,
): Promise<void> {
  const start = Temporal.PlainDate.from(FIRST_DAY).toZonedDateTime(timeZone)
  const row = <Row extends { minute: number }>({ minute: minutes, ...rest }: Row): [string, Omit<Row, 'minute'>] => [
    start.add({ minutes }).toInstant().toString(),
    { client_id: clientId, ...rest },
  ]
  await given.calls(db, calls.map(row))
  await given.surveys(db, surveys.map(row))
  await given.payments(db, payments.map(row))
}

async function dirtyDays(clientId: string): Promise<Day[]> {
  const rows = await db
    .selectFrom('rollup_days')
    .select('day')
    .where('client_id', '=', clientId)
    .whereRef('facts_version', '>', 'rolled_version')
    .orderBy('day')
    .execute()
  return rows.map(({ day }) => day)
}

async function rollUp(clientId: string, days: readonly Day[]): Promise<void> {
  await rollUpDays(database, clientId, days)
}

/** What daily_metrics holds of the client as a whole in a window, added up: every dimension has to say the same. */
async function sumsOfDays(clientId: string, { from, to }: DayWindow): Promise<ComponentSums> {
  return await db
    .selectFrom('daily_metrics')
    .select((eb) => COMPONENTS.map((name) => eb.fn.coalesce(eb.fn.sum<number>(name), eb.lit(0)).as(name)))
    .where('client_id', '=', clientId)
    .where('dimension', '=', 'client')
    .where('day', '>=', from)
    .where('day', '<', to)
    .executeTakeFirstOrThrow()
}

/** Contacts of each member and bucket with any, from the days. */
async function offeredByDays(
  clientId: string,
  {
    dimension,
    granularity,
    range,
  }: { dimension: Dimension; granularity: 'none' | 'day' | 'week' | 'month'; range: DayWindow },
): Promise<[string, string | null, number][]> {
  const bucket =
    granularity === 'none' ? sql`null::date` : sql`date_trunc(${sql.lit(granularity)}, day::timestamp)::date`
  const { rows } = await sql<{ member: string; bucket: string | null; offered: number }>`
    select member, ${bucket} as bucket, sum(offered)::bigint as offered from daily_metrics
    where client_id = ${clientId} and dimension = ${dimension} and day >= ${range.from} and day < ${range.to}
    group by 1, 2 having sum(offered) > 0 order by 1, 2`.execute(db)
  return rows.map(({ member, bucket: key, offered }) => [member, key, offered])
}

const offeredIn = (groups: readonly Group[]) =>
  groups.flatMap(({ member, bucket, sums }) => ((sums.offered ?? 0) > 0 ? [[member, bucket, sums.offered]] : []))

const ADDITIVE = Object.values(METRICS).filter(({ kind }) => kind === 'sums')
const AGENT_SET: ReadonlySet<Component> = new Set(AGENT_COMPONENTS)
const HOURLY = ADDITIVE.filter((metric) => ingredientsOf([metric]).within.every((name) => AGENT_SET.has(name)))
const names = (metrics: readonly { name: string }[]) => metrics.map(({ name }) => name)

function added(groups: readonly Group[], like: ComponentSums): ComponentSums {
  const entries = (Object.keys(like) as Component[]).map((name) => [
    name,
    groups.reduce((sum, group) => sum + (group.sums[name] ?? 0), 0),
  ])
  return Object.fromEntries(entries)
}

const only = (sums: ComponentSums, like: ComponentSums) =>
  Object.fromEntries(Object.keys(like).map((name) => [name, sums[name as Component]]))

test('every component adds up to the same, to the unit: by hour, day, week, month, by every dimension, and from the days', async () => {
  await fc.assert(
    fc.asyncProperty(zone, facts, window, async (timeZone, drawn, range) => {
      const clientId = await newClient(timeZone)
      await write(clientId, timeZone, drawn)
      await rollUp(clientId, await dirtyDays(clientId))
      const ask = (question: Partial<MetricQuestion>) =>
        askMetrics(database.forClient(clientId), { clientId, metrics: names(ADDITIVE), range, ...plain, ...question })
      const whole = await sumsOfDays(clientId, range)
      for (const dimension of DIMENSIONS) {
        const metrics = names(ADDITIVE.filter((metric) => dimensionsOf(metric).includes(dimension)))
        for (const granularity of ['none', 'day', 'week', 'month'] as const) {
          const { groups, period } = await ask({ metrics, dimension, granularity })
          if (period.total === null) continue
          const { sums } = period.total
          expect(sums).toEqual(only(whole, sums))
          expect(added(groups, sums)).toEqual(sums)
          expect(offeredIn(groups)).toEqual(await offeredByDays(clientId, { dimension, granularity, range }))
        }
      }
      for (const question of [
        { dimension: 'client', granularity: 'hour' },
        { dimension: 'agent', granularity: 'hour' },
        {
          dimension: 'agent',
          granularity: 'week',
          filters: { sector: ['sales', 'help', ''], channel: ['voice', 'web', ''] },
        },
        { dimension: 'channel', granularity: 'none', filters: { agent: ['anna', 'ben', ''] } },
      ] as const) {
        const { groups, period } = await ask({ ...question, metrics: names(HOURLY) })
        if (period.total === null) continue
        const { sums } = period.total
        expect(sums).toEqual(only(whole, sums))
        expect(added(groups, sums)).toEqual(sums)
      }
    }),
    { numRuns: 6 },
  )
})

test('a level at the end of a bucket is all movements before it, and the next begins where it ends', async () => {
  const movement = fc.record({
    start: fc.integer({ min: 0, max: DAYS - 1 }),
    length: fc.option(fc.integer({ min: 1, max: DAYS }), { nil: null }),
    amount: fc.integer({ min: 1, max: 1000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(movement, { maxLength: 10 }), window, async (drawn, range) => {
      const clientId = await newClient('UTC')
      const noon = (day: number) => `${addDays(FIRST_DAY, day)}T12:00:00Z`
      const rows = drawn.map(({ start, length, amount }, index) => ({
        ...{ client_id: clientId, id: `s${index}`, customer_id: `c${index}`, amount_minor: amount, currency: 'EUR' },
        starts_at: noon(start),
        ends_at: length === null ? null : noon(start + length),
      }))
      if (rows.length > 0) await db.insertInto('subscriptions').values(rows).execute()
      await rollUp(clientId, await dirtyDays(clientId))
      const rateAt = (day: Day) =>
        rows
          .filter(({ starts_at, ends_at }) => starts_at < day && (ends_at === null || ends_at >= day))
          .reduce((sum, row) => sum + row.amount_minor, 0)
      for (const granularity of ['none', 'day', 'week', 'month'] as const) {
        const { groups, period } = await askMetrics(database.forClient(clientId), {
          ...{ clientId, range, ...plain, granularity, metrics: ['mrr', 'mrr-at-start'] },
        })
        if (period.total === null) continue
        expect(period.total.values).toMatchObject({
          mrr: { value: rateAt(range.to) },
          'mrr-at-start': { value: rateAt(range.from) },
        })
        const ends = groups.map(({ values }) => values['mrr']?.value)
        const starts = groups.map(({ values }) => values['mrr-at-start']?.value)
        expect([starts[0], ends.at(-1)]).toEqual([rateAt(range.from), rateAt(range.to)])
        expect(starts.slice(1)).toEqual(ends.slice(0, -1))
      }
    }),
    { numRuns: 15 },
  )
})

/** Questions of every kind about the same days. */
const QUESTIONS: Partial<MetricQuestion>[] = [
  { metrics: ['offered', 'service-level', 'net'] },
  { metrics: ['offered'], granularity: 'day', compare: ['previous', 'last-year'] },
  { metrics: ['handle-time', 'wait-median'], granularity: 'week', dimension: 'agent' },
  { metrics: ['first-contact-resolution'], granularity: 'hour' },
  {
    metrics: ['offered', 'first-contact-resolution'],
    dimension: 'agent',
    filters: { sector: ['sales'], channel: ['voice'] },
  },
  { metrics: ['first-contact-resolution', 'repeat-rate'], granularity: 'month' },
  { metrics: ['offered'], filters: { campaign: ['spring'] }, granularity: 'month' },
  { metrics: ['mrr', 'csat', 'nps'], granularity: 'month' },
]

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), facts }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('rollUp' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('limit' as const), target: fc.double({ min: 0, max: 0.7, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('settings' as const), service_level_s: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), which: fc.nat(QUESTIONS.length - 1) }) },
)

async function take(clientId: string, timeZone: string, drawn: Drawn<typeof step>, range: DayWindow): Promise<void> {
  const handle = database.forClient(clientId)
  const questionOf = (which: number) =>
    ({ clientId, range, ...plain, metrics: ['offered'], ...QUESTIONS[which] }) satisfies MetricQuestion
  switch (drawn.do) {
    case 'write':
      return write(clientId, timeZone, drawn.facts)
    case 'rollUp': {
      const dirty = await dirtyDays(clientId)
      const some = dirty.filter((_, index) => index <= drawn.share * dirty.length)
      // Others ask while it is at work.
      await Promise.all([rollUp(clientId, some), ...QUESTIONS.map((_, which) => questions.ask(questionOf(which)))])
      return
    }
    case 'limit': {
      const limits = { target: 1, warning: 0.9, critical: drawn.target }
      await setThresholds(handle, { clientId, metric: 'service-level', limits })
      return
    }
    case 'settings':
      await db
        .updateTable('clients')
        .set({ service_level_s: drawn.service_level_s })
        .where('id', '=', clientId)
        .execute()
      return
    case 'ask': {
      const kept = await questions.ask(questionOf(drawn.which))
      // A transaction is never given what was kept.
      const again = await handle.transaction().execute((tx) => askMetrics(tx, questionOf(drawn.which)))
      expect(kept).toEqual(again)
      expect(await questions.ask(questionOf(drawn.which))).toBe(kept)
    }
  }
}

test('whatever is written, rolled up or set meanwhile, an answer is never older than the roll-up, and kept when nothing was', async () => {
  const runs = fc.asyncProperty(
    zone,
    window,
    fc.array(step, { minLength: 5, maxLength: 25 }),
    async (timeZone, range, steps) => {
      const clientId = await newClient(timeZone)
      for (const each of steps) await take(clientId, timeZone, each, range)
      expect(steps.length).toBeGreaterThan(0)
    },
  )
  await fc.assert(runs, { numRuns: 15 })
})

test('two clients with the same ids never see each other’s rows, whichever of them a question names', async () => {
  const drawn = fc.sample(facts, { numRuns: 6, seed: 4 })
  const [mine, others] = [await newClient('UTC'), await newClient('UTC')]
  await write(mine, 'UTC', drawn[0] ?? { calls: [], surveys: [], payments: [] })
  for (const more of drawn) await write(others, 'UTC', more)
  for (const clientId of [mine, others]) await rollUp(clientId, await dirtyDays(clientId))
  await db
    .insertInto('metric_thresholds')
    .values({ client_id: others, metric: 'service-level', target: 0.123 })
    .execute()
  const range = { from: FIRST_DAY, to: addDays(FIRST_DAY, DAYS) }
  for (const question of QUESTIONS) {
    const asked = { range, ...plain, metrics: ['offered'], ...question }
    const own = await questions.ask({ ...asked, clientId: mine })
    const theirs = await questions.ask({ ...asked, clientId: others })
    expect(own.period.total?.sums).not.toEqual(theirs.period.total?.sums)
    // Kept for another handle or not, it is out of reach.
    for (const [handle, clientId] of [
      [mine, others],
      [others, mine],
    ] as const)
      await expect(askMetrics(database.forClient(handle), { ...asked, clientId })).rejects.toMatchObject({
        code: 'no-such-client',
      })
  }
  const sees = await sql<{ rows: number }>`
    select (select count(*) from daily_metrics where client_id = ${others}) + (select count(*) from performance_trends where client_id = ${others})
      + (select count(*) from metric_histograms where client_id = ${others}) + (select count(*) from goals where client_id = ${others})
      + (select count(*) from metric_thresholds where client_id = ${others}) as rows`.execute(database.forClient(mine))
  expect(sees.rows).toEqual([{ rows: 0 }])
})
