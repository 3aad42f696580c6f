import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { AGENT_COMPONENTS, COMPONENTS } from '../../src/analytics/metrics/index.ts'
import { askMetrics } from '../../src/analytics/questions/index.ts'
import type { MetricQuestion } from '../../src/analytics/questions/question.ts'
import { type Database, openDatabase, type SystemDatabase } from '../../src/db/database.ts'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createLog } from '../../src/log.ts'
import { sqlFile } from '../../src/sql.ts'
import { addDays } from '../../src/time.ts'
import { closeBench, type Measure, median, percentile, tell } from './table.ts'

/** How quick questions about metrics are over a year of a client with five million interactions. */

const FOLDER = join(import.meta.dirname, 'questions')
const CLIENT = 'big'
const INTERACTIONS = 5_000_000
const DAYS = 365
const TODAY = '2026-11-01'
const FIRST_DAY = addDays(TODAY, -DAYS)
const UNCACHED_MAX_MS = 100
const CACHED_MAX_MS = 20
const ROUNDS = 15
/** The first ones find nothing in memory and no plan made. */
const WARM_UP = 2

const fillHours = sqlFile(FOLDER, 'fill-hours.sql')
const fillMembers = sqlFile(FOLDER, 'fill-members.sql')
const fillHistograms = sqlFile(FOLDER, 'fill-histograms.sql')

async function fill(db: SystemDatabase): Promise<void> {
  const filled = await db.selectFrom('clients').select('id').where('id', '=', CLIENT).executeTakeFirst()
  if (filled !== undefined) return tell('the roll-ups are there already')
  tell(`filling the roll-ups of a year of ${INTERACTIONS} interactions: about a minute`)
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

/** Times of one question: over roll-ups that have just changed, and asked again. */
async function timesOf({ system, forClient }: Database, asked: Asked): Promise<{ fresh: number[]; again: number[] }> {
  const at = Temporal.Instant.from(`${TODAY}T12:00:00Z`)
  const ask = async () => {
    const began = performance.now()
    await askMetrics(forClient(CLIENT), { clientId: CLIENT, ...asked, at })
    return performance.now() - began
  }
  const [fresh, again]: [number[], number[]] = [[], []]
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    await sql`update rollup_days set rolled_at = now() where client_id = ${CLIENT} and day = ${addDays(TODAY, -1)}`.execute(
      system,
    )
    fresh.push(await ask())
    again.push(await ask())
  }
  return { fresh: fresh.slice(WARM_UP), again: again.slice(WARM_UP) }
}

const ms = (value: number) => `${value.toFixed(1)} ms`

/** Fills a database (one of its own, or that of a folder, once), asks every question again and again, and measures. */
export async function questionsBench(kept?: string): Promise<Measure[]> {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'daybreak-bench-')))
  const server = await startEmbeddedServer({ folder, port: 0 })
  await migrate(server.url)
  const database = openDatabase(server.url, { max: 8, log: createLog('error') })
  try {
    await fill(database.unhurried)
    const measures: Measure[] = []
    const all: { fresh: number[]; again: number[] } = { fresh: [], again: [] }
    for (const [work, asked] of Object.entries(QUESTIONS)) {
      const { fresh, again } = await timesOf(database, asked)
      const figure = `median ${ms(median(fresh))}, p95 ${ms(percentile(fresh, 0.95))}; cached p95 ${ms(percentile(again, 0.95))}`
      measures.push({ work, figure, mark: '', held: null })
      all.fresh.push(...fresh)
      all.again.push(...again)
    }
    const [fresh, again] = [percentile(all.fresh, 0.95), percentile(all.again, 0.95)]
    return [
      ...measures,
      {
        work: 'all of them, from roll-ups, p95',
        figure: ms(fresh),
        mark: `≤ ${UNCACHED_MAX_MS} ms`,
        held: fresh <= UNCACHED_MAX_MS,
      },
      {
        work: 'all of them, cached, p95',
        figure: ms(again),
        mark: `≤ ${CACHED_MAX_MS} ms`,
        held: again <= CACHED_MAX_MS,
      },
    ]
  } finally {
    await database.close()
    await server.release()
    if (kept === undefined) await rm(folder, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = closeBench(await questionsBench(process.argv[2]))
