import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import {
  attributeConversions,
  measureCohorts,
  measureFunnel,
  observeLtv,
  projectLtv,
} from '../../src/analytics/journeys/index.ts'
import { AGENT_COMPONENTS, addUpPeriods, COMPONENTS } from '../../src/analytics/metrics/index.ts'
import { createQuestions, type Questions } from '../../src/analytics/questions/index.ts'
import type { MetricQuestion } from '../../src/analytics/questions/question.ts'
import type { ClientDatabase, Database, SystemDatabase } from '../../src/db/database.ts'
import { sqlFile } from '../../src/sql.ts'
import { addDays } from '../../src/time.ts'
import { nightMeasures } from './questions/night.ts'
import { ms, p95, type Slowest, slowest } from './questions/slowest.ts'
import { closeBench, type Measure, median, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * How quick questions about metrics are over a year of a client with five million interactions, and those on journeys.
 * Before each round a day of every month has changed, as if it had been rolled up again, and the periods been added up
 * after it: an answer from roll-ups is made of nothing that was kept in memory.
 */

const HELP = `npm run bench:questions -- [folder] [options]

  folder     where the database is kept from one time to the next (none: it is made again, and gone afterwards)
  --help     this
`

const FOLDER = join(import.meta.dirname, 'questions')
const CLIENT = 'big'
const INTERACTIONS = 5_000_000
const DAYS = 365
const TODAY = '2026-11-01'
const FIRST_DAY = addDays(TODAY, -DAYS)
/** Those of the facts that funnels and attribution read. */
const JOURNEY_DAYS = 90
const UNCACHED_MAX_MS = 100
const CACHED_MAX_MS = 20
/** The second slowest is the p95. */
const ROUNDS = 20
/** Of those without a mark, which take seconds. */
const UNMARKED_ROUNDS = 3
/** The first ones find nothing in memory and no plan made. */
const WARM_UP = 2

const fillHours = sqlFile(FOLDER, 'fill-hours.sql')
const fillMembers = sqlFile(FOLDER, 'fill-members.sql')
const fillHistograms = sqlFile(FOLDER, 'fill-histograms.sql')
const fillCustomers = sqlFile(FOLDER, 'fill-customers.sql')
const fillJourneys = sqlFile(FOLDER, 'fill-journeys.sql')

async function fill(database: Database): Promise<void> {
  const db: SystemDatabase = database.unhurried
  const filled = await db.selectFrom('clients').select('id').where('id', '=', CLIENT).executeTakeFirst()
  if (filled !== undefined) return tell('the roll-ups are there already')
  tell(`filling the roll-ups of a year of ${INTERACTIONS} interactions: a few minutes`)
  await db.insertInto('clients').values({ id: CLIENT, name: 'Big', time_zone: 'UTC', currency: 'EUR' }).execute()
  await sql`insert into rollup_days (client_id, day, facts_version, rolled_version, rolled_at)
    select ${CLIENT}, ${FIRST_DAY}::date - 365 + n, 1, 1, now() from generate_series(0, ${2 * DAYS - 1}::integer) as n`.execute(
    db,
  )
  await fillHours(db, [CLIENT, FIRST_DAY, DAYS, INTERACTIONS])
  await addUp(db)
  await fillMembers(db, [CLIENT])
  await yearBefore(db)
  await addUpTrends(db)
  await fillHistograms(db, [CLIENT])
  await db.transaction().execute(async (tx) => {
    // No day is to be marked: what is filled stands for facts that are rolled up.
    await sql`set local session_replication_role = replica`.execute(tx)
    await fillCustomers(tx, [CLIENT, FIRST_DAY, DAYS])
    await fillJourneys(tx, [CLIENT, addDays(TODAY, -JOURNEY_DAYS)])
  })
  await sql`vacuum analyze`.execute(db)
  tell('adding up the periods')
  // Each adds up some hundreds.
  for (let time = 0; time < 4; time += 1) await addUpPeriods(database, AbortSignal.timeout(600_000))
  await sql`vacuum analyze`.execute(db)
}

/** Days of the client, its agents, sectors and channels, from the hours. */
async function addUp(db: SystemDatabase): Promise<void> {
  const names = sql.raw(AGENT_COMPONENTS.join(', '))
  const sums = sql.raw(AGENT_COMPONENTS.map((name) => `sum(${name})`).join(', '))
  for (const [dimension, member] of [
    ['client', `''`],
    ['agent', 'agent_id'],
    ['sector', 'sector_id'],
    ['channel', 'channel'],
  ])
    await sql`insert into daily_metrics (client_id, dimension, day, member, ${names})
      select client_id, ${dimension}, day, ${sql.raw(member ?? '')}, ${sums} from agent_metrics group by 1, 2, 3, 4`.execute(
      db,
    )
  await sql`update daily_metrics set mrr_new_minor = 9900, mrr_churned_minor = 4900, subscribers_new = 3, subscribers_churned = 1,
    deals_opened = 5, deals_opened_minor = 500000, deals_won = 2, deals_won_minor = 200000, deals_lost = 1, deals_lost_minor = 100000,
    leads = 20, spend_minor = 90000, quarantined = 1 where dimension = 'client'`.execute(db)
}

/** The same a year before, to compare with. */
async function yearBefore(db: SystemDatabase): Promise<void> {
  const names = sql.raw(COMPONENTS.join(', '))
  await sql`insert into daily_metrics (client_id, dimension, day, member, ${names})
    select client_id, dimension, day - 365, member, ${names} from daily_metrics`.execute(db)
}

async function addUpTrends(db: SystemDatabase): Promise<void> {
  const [names, hours] = [COMPONENTS.join(', '), AGENT_COMPONENTS.join(', ')]
  const sumOf = (list: readonly string[]) => sql.raw(list.map((name) => `sum(${name})`).join(', '))
  await sql`insert into performance_trends (client_id, grain, dimension, bucket_at, bucket_day, member, ${sql.raw(hours)})
    select client_id, 'hour', 'client', hour_at, day, '', ${sumOf(AGENT_COMPONENTS)} from agent_metrics group by 1, 4, 5`.execute(
    db,
  )
  for (const grain of ['week', 'month'])
    await sql`insert into performance_trends (client_id, grain, dimension, bucket_at, bucket_day, member, ${sql.raw(names)})
      select client_id, ${grain}, dimension, date_trunc(${grain}, day::timestamp), date_trunc(${grain}, day::timestamp)::date, member,
        ${sumOf(COMPONENTS)} from daily_metrics group by 1, 2, 3, 4, 5, 6`.execute(db)
}

type Asked = Omit<MetricQuestion, 'clientId' | 'at'>
const year = { range: '1y', granularity: 'none', dimension: 'client', filters: {}, compare: [] } as const
const CALLS = [
  'offered',
  'answered',
  'abandonment',
  'service-level',
  'handle-time',
  'first-contact-resolution',
  'csat',
  'nps',
]
const MONEY = ['orders', 'gross', 'net', 'average-order', 'mrr', 'pipeline-value', 'roi']

/** What the pages of a dashboard ask. */
const QUESTIONS: Record<string, Asked> = {
  'a year, all figures, with both comparisons': {
    ...year,
    metrics: [...CALLS, ...MONEY],
    compare: ['previous', 'last-year'],
  },
  'a year by day': { ...year, metrics: CALLS, granularity: 'day' },
  'a year by month, with the year before': {
    ...year,
    metrics: [...CALLS, ...MONEY],
    granularity: 'month',
    compare: ['previous'],
  },
  'a year by hour': { ...year, metrics: ['offered', 'service-level'], granularity: 'hour' },
  'levels of a year by week': { ...year, metrics: ['mrr', 'pipeline-value'], granularity: 'week' },
  'percentiles of a year by day': { ...year, metrics: ['wait-median', 'wait-p95', 'handle-p95'], granularity: 'day' },
  'agents of a year, with the year before': { ...year, metrics: CALLS, dimension: 'agent', compare: ['previous'] },
  'agents of a year by month': { ...year, metrics: CALLS, dimension: 'agent', granularity: 'month' },
  'percentiles of agents of a year': { ...year, metrics: ['handle-p95'], dimension: 'agent' },
  'sectors of a year by week': { ...year, metrics: CALLS, dimension: 'sector', granularity: 'week' },
  'channels of a year by day': { ...year, metrics: ['offered', 'answered'], dimension: 'channel', granularity: 'day' },
  'campaigns of a year by month': {
    ...year,
    metrics: ['spend', 'leads', 'gross'],
    dimension: 'campaign',
    granularity: 'month',
  },
  'one agent of a year by day': { ...year, metrics: CALLS, filters: { agent: ['agent-7'] }, granularity: 'day' },
  'one agent of a year by channel': { ...year, metrics: CALLS, dimension: 'channel', filters: { agent: ['agent-7'] } },
  'one sector of a year by agent': { ...year, metrics: CALLS, dimension: 'agent', filters: { sector: ['sector-3'] } },
  'agents of 90 days by week': { ...year, range: '90d', metrics: CALLS, dimension: 'agent', granularity: 'week' },
  'agents of 7 days by hour': { ...year, range: '7d', metrics: ['offered'], dimension: 'agent', granularity: 'hour' },
}

type Work = { name: string; ask: (db: ClientDatabase, questions: Questions) => Promise<unknown>; isMarked: boolean }

const at = Temporal.Instant.from(`${TODAY}T12:00:00Z`)
const dashboards = Object.entries(QUESTIONS).map(
  ([name, asked]): Work => ({
    name,
    ask: (_, questions) => questions.ask({ clientId: CLIENT, ...asked, at }),
    isMarked: true,
  }),
)

const wholeYear = { from: FIRST_DAY, to: TODAY }
const quarter = { from: addDays(TODAY, -JOURNEY_DAYS), to: TODAY }
const journey = {
  clientId: CLIENT,
  timeZone: 'UTC',
  window: wholeYear,
  today: TODAY,
  currency: 'EUR',
  keptFrom: { events: null, facts: null },
}
const event = (name: string) => ({ kind: 'event', name, property: null }) as const

/** Read from facts, or from each customer's days: no mark is theirs, which is about roll-ups. */
const JOURNEYS: Record<string, Work['ask']> = {
  'funnel of 90 days, 133,000 events (from facts)': (db, { rows }) =>
    measureFunnel(
      db,
      {
        ...{ ...journey, window: quarter, conversionDays: 7, split: 'none' },
        steps: [event('visit'), event('sign-up'), { kind: 'payment' }],
      },
      rows,
    ),
  'attribution of 90 days, 300,000 touchpoints (from facts)': (db, { rows }) =>
    attributeConversions(
      db,
      {
        ...{ ...journey, window: quarter, conversion: 'payment', model: 'time-decay', by: 'campaign' },
        ...{ lookbackDays: 30, halfLifeDays: 7 },
      },
      rows,
    ),
  'cohorts of a year by month (from the days of 100,000 customers)': (db, { rows }) =>
    measureCohorts(db, { ...journey, grain: 'month', activity: 'order', periods: 12 }, rows),
  'lifetime value of a year, observed (from the same)': (db, { rows }) => observeLtv(db, { ...journey, top: 10 }, rows),
  'lifetime value of a year, projected (from the same)': (db, { rows }) =>
    projectLtv(db, { ...journey, horizonMonths: 36 }, rows),
}
const journeys = Object.entries(JOURNEYS).map(([name, ask]): Work => ({ name, ask, isMarked: false }))

/**
 * Changes one day of every month, as its roll-up does, and has the periods be of the days as they are now: their sums
 * are the same.
 */
async function touch(db: SystemDatabase, round: number): Promise<void> {
  await sql`update rollup_days set rolled_at = now() where client_id = ${CLIENT} and extract(day from day) = ${1 + (round % 28)}`.execute(
    db,
  )
  await sql`update rollup_periods set stamp = period_stamp(client_id, bucket_day, case grain
    when 'day' then bucket_day + 1 when 'week' then bucket_day + 7 else (bucket_day + interval '1 month')::date end)
    where client_id = ${CLIENT}`.execute(db)
}

type Times = { fresh: number[]; again: number[] }

/** Times of each question: over roll-ups that have just changed, and asked again. */
async function timesOf(database: Database, works: readonly Work[]): Promise<Map<Work, Times>> {
  const { unhurried, forClient } = database
  const questions = createQuestions(database)
  const times = new Map(works.map((work): [Work, Times] => [work, { fresh: [], again: [] }]))
  const timed = async (work: Work) => {
    const began = performance.now()
    await work.ask(forClient(CLIENT), questions)
    return performance.now() - began
  }
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    await touch(unhurried, round)
    for (const [work, { fresh, again }] of times) {
      if (!work.isMarked && round >= WARM_UP + UNMARKED_ROUNDS) continue
      const [first, second] = [await timed(work), await timed(work)]
      if (round < WARM_UP) continue
      fresh.push(first)
      again.push(second)
    }
  }
  return times
}

/** Fills a database (one of its own, or that of a folder, once), asks every question again and again, and measures. */
export function questionsBench(kept?: string): Promise<Measure[]> {
  return withServer({ connections: 8, kept }, async ({ url, database }) => {
    await fill(database)
    tell(`asking ${dashboards.length} questions ${WARM_UP + ROUNDS} times each, and ${journeys.length} on journeys`)
    const times = await timesOf(database, [...dashboards, ...journeys])
    tell('preparing what pages ask for every day, and asking it')
    const night = await nightMeasures(url, database, {
      clientId: CLIENT,
      timeZone: 'UTC',
      currency: 'EUR',
      today: TODAY,
    })
    const each = [...times].map(([{ name, isMarked }, { fresh, again }]): Measure => {
      const figure = `median ${ms(median(fresh))}, ${isMarked ? 'p95' : 'most'} ${ms(p95(fresh))}; cached ${ms(p95(again))}`
      return { work: isMarked ? name : `${name}; no mark`, figure, mark: '', held: null }
    })
    const marked = [...times].filter(([{ isMarked }]) => isMarked)
    const freshest = marked.map(([work, { fresh }]): Slowest => ({ work, p95Ms: p95(fresh) }))
    const cached = marked.map(([work, { again }]): Slowest => ({ work, p95Ms: p95(again) }))
    return [
      ...each,
      ...night,
      slowest('any dashboard question, from roll-ups: the slowest p95', freshest, UNCACHED_MAX_MS),
      slowest('any dashboard question, cached: the slowest p95', cached, CACHED_MAX_MS),
    ]
  })
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  return closeBench(await questionsBench(positionals[0]))
}

if (import.meta.main) process.exitCode = await main()
