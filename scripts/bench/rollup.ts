import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { type Database } from '../../src/db/database.ts'
import type { JobTools } from '../../src/jobs/job-tools.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { createLog } from '../../src/log.ts'
import { createEngine, createRegistry, type Engine, on, openQueueBackend } from '../../src/queues/index.ts'
import { sqlFile } from '../../src/sql.ts'
import { addDays, type Day, systemClock } from '../../src/time.ts'
import { importBench } from './import.ts'
import { ingestBench } from './ingest.ts'
import { questionsBench } from './questions.ts'
import { closeBench, type Measure, median, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * `npm run bench:rollup`: nights of many clients through the queue, against one statement per table written by hand
 * over the same rows, on the same server in the same run.
 */

const HELP = `npm run bench:rollup -- [part…] [options]

  night       200 clients × 5,000 interactions of one day, all families, against SQL by hand
  history     the same night of 40 of them, with 8 days of facts and with 80: about ten minutes
  backfill    30 days × 50 clients: is it linear, does memory stay flat?
  questions   dashboard questions over a year of 5,000,000 interactions (also: npm run bench:questions)
  import      1,000,000 CSV rows against COPY (also: npm run bench:import)
  ingest      batches of 1,000 over HTTP (also: npm run bench:ingest)
  (none: all)

  --clients N      clients of a night (default 200)
  --contacts N     interactions of each and day (default 5000)
  --rounds N       rounds of the night, of which the median counts (default 3)
  --backfill N     days of the backfill (default 30)
  --help           this
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clients: { type: 'string', default: '200' },
    contacts: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    backfill: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false },
  },
})
const CLIENTS = Number(values.clients)
const CONTACTS = Number(values.contacts)
const ROUNDS = Number(values.rounds)
const BACKFILL_DAYS = Number(values.backfill)
const BACKFILL_CLIENTS = Math.min(50, CLIENTS)
/** With 30 days and 50 clients: 10,000,000. */
const BACKFILL_CONTACTS = Math.round((CONTACTS * 4) / 3)
/**
 * Of the shorter history, the night among them; the longer one has ten times as many. A night looks a week back for
 * repeated contacts.
 */
const HISTORY_DAYS = 8
const HISTORY_CLIENTS = Math.min(40, CLIENTS)

const FOLDER = join(import.meta.dirname, 'rollup')
const NIGHT: Day = '2026-03-18'
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata']

/** Each output and the statement written by hand for it, in the order they are made. */
const BY_HAND = [
  ['agent_metrics', 'bare-agent-metrics.sql'],
  ['daily_metrics', 'bare-daily-metrics.sql'],
  ['performance_trends', 'bare-trends.sql'],
  ['metric_histograms', 'bare-histograms.sql'],
  ['revenue_metrics', 'bare-revenue.sql'],
  ['customer_metrics', 'bare-customers.sql'],
] as const

const fillFacts = sqlFile<{ contacts: number }>(FOLDER, 'fill-facts.sql')
const fillDays = sqlFile(FOLDER, 'fill-days.sql')

type World = { database: Database; engine: Engine }

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const wanted = (part: string) => positionals.length === 0 || positionals.includes(part)
  const measures: Measure[] = []
  for (const part of [night, history, backfill].filter(({ name }) => wanted(name)))
    measures.push(...(await inWorld(part)))
  if (wanted('questions')) measures.push(...(await questionsBench()))
  if (wanted('import')) measures.push(...(await importBench()))
  if (wanted('ingest')) measures.push(...(await ingestBench()))
  return closeBench(measures)
}

/** Measures on a server of its own. */
function inWorld(measure: (world: World) => Promise<Measure[]>): Promise<Measure[]> {
  return withServer({ connections: 16 }, async ({ database, log }) => {
    const options = { pool: database.queuePool, redisUrl: undefined, redisCluster: false, prefix: 'bench', log }
    const backend = await openQueueBackend(options)
    const engine = openEngine(database, backend, log)
    try {
      await addClients(database)
      await engine.startScheduler()
      await engine.startWorkers()
      return await measure({ database, engine })
    } finally {
      await engine.close(1000)
      await backend.close()
    }
  })
}

async function addClients({ unhurried }: Database): Promise<void> {
  await sql`
    insert into clients (id, name, time_zone, currency)
    select 'client-' || lpad(n::text, 4, '0'), 'Client ' || n, (${ZONES}::text[])[1 + n % 3], 'EUR' from generate_series(0, ${CLIENTS}::integer - 1) n`.execute(
    unhurried,
  )
  await sql`
    insert into customers (client_id, id, name, role, country)
    select c.id, 'customer-' || n, 'Customer ' || n, case n % 9 when 0 then 'ca' else 'client' end, 'DE' from clients c, generate_series(0, 1999) n`.execute(
    unhurried,
  )
}

/**
 * Facts of whole days of the first clients, as a load without triggers would leave them, and their days marked. They
 * happen from 06:00 to 18:00 UTC: in the zones of these clients that is one local day.
 */
async function fill(
  { database: { unhurried } }: World,
  days: readonly Day[],
  size: { clients: number; contacts: number },
): Promise<void> {
  const [from, to] = [days[0] ?? NIGHT, days.at(-1) ?? NIGHT]
  await sql`select ensure_fact_partitions(${addDays(from, -20)}::date, ${addDays(to, 1)}::date)`.execute(unhurried)
  for (const day of days) {
    await unhurried.transaction().execute(async (tx) => {
      await sql`set local session_replication_role = replica`.execute(tx)
      await fillFacts(tx, [size.clients, size.contacts, day])
    })
    tell(`filled ${day}: ${size.clients} clients × ${size.contacts} interactions`)
  }
  await sql`vacuum analyze`.execute(unhurried)
  await fillDays(unhurried, [from, addDays(to, 1)])
}

/**
 * Rolls the days of the first clients up through the queue, by the ledger; returns seconds from the first planned to
 * the last done.
 */
async function rollUpThroughQueue({ database, engine }: World, days: readonly Day[], clients: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`select id from clients order by id limit ${clients}`.execute(
    database.system,
  )
  const requests = days.flatMap((day) => rows.map(({ id }) => on(rollUpDay, { clientId: id, day })))
  const begun = performance.now()
  await engine.ledger.requestAll(requests, { origin: 'program', requestedBy: 'bench', again: 'all' })
  for (;;) {
    const { rows: left } = await sql<{ state: string; runs: number }>`
      select state, count(*) as runs from runs where state <> 'succeeded' group by 1`.execute(database.system)
    if (left.some(({ state }) => state === 'failed')) throw new Error(await whatFailed(database))
    if (left.length === 0) return (performance.now() - begun) / 1000
    await sleep(100)
  }
}

async function whatFailed(database: Database): Promise<string> {
  const run = await database.system
    .selectFrom('runs')
    .select(['key', 'error_message'])
    .where('state', '=', 'failed')
    .executeTakeFirst()
  return `the roll-up ${run?.key} failed: ${run?.error_message}`
}

/** Seconds the statements written by hand take, one for each table. */
async function rollUpByHand({ database: { unhurried } }: World, day: Day): Promise<number> {
  for (const [table] of BY_HAND) {
    await sql`drop table if exists ${sql.table(`bare_${table}`)}`.execute(unhurried)
    await sql`create table ${sql.table(`bare_${table}`)} (like ${sql.table(table)} including all)`.execute(unhurried)
  }
  const begun = performance.now()
  for (const [table, file] of BY_HAND) {
    const started = performance.now()
    const text = (await readFile(join(FOLDER, file), 'utf8')).replaceAll('$1', `'${day}'`)
    await sql.raw(text).execute(unhurried)
    tell(`  by hand: ${table} ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
  return (performance.now() - begun) / 1000
}

async function night(world: World): Promise<Measure[]> {
  await fill(world, [NIGHT], { clients: CLIENTS, contacts: CONTACTS })
  const [queue, hand]: [number[], number[]] = [[], []]
  for (let round = 1; round <= ROUNDS; round += 1) {
    hand.push(await rollUpByHand(world, NIGHT))
    queue.push(await rollUpThroughQueue(world, [NIGHT], CLIENTS))
    tell(`night ${round}: by hand ${hand.at(-1)?.toFixed(1)} s, through the queue ${queue.at(-1)?.toFixed(1)} s`)
  }
  const ratio = median(queue) / median(hand)
  return [
    {
      work: `a night of ${CLIENTS} clients × ${CONTACTS} interactions, all families, through the queue`,
      figure: `${median(queue).toFixed(1)} s, ${ratio.toFixed(2)} × SQL by hand (${median(hand).toFixed(1)} s)`,
      mark: '≤ 1.6 ×',
      held: ratio <= 1.6,
    },
  ]
}

async function history(world: World): Promise<Measure[]> {
  const size = { clients: HISTORY_CLIENTS, contacts: CONTACTS }
  await fill(world, daysUntil(NIGHT, HISTORY_DAYS), size)
  const short = median(await nights(world))
  tell(`with ${HISTORY_DAYS} days of facts: ${short.toFixed(1)} s`)
  await fill(world, daysUntil(addDays(NIGHT, -HISTORY_DAYS), 9 * HISTORY_DAYS), size)
  const long = median(await nights(world))
  tell(`with ${10 * HISTORY_DAYS} days of facts: ${long.toFixed(1)} s`)
  const ratio = long / short
  return [
    {
      work: `a night of ${HISTORY_CLIENTS} of them when history is 10 × longer (${10 * HISTORY_DAYS} days)`,
      figure: `${long.toFixed(1)} s, ${ratio.toFixed(2)} × (${short.toFixed(1)} s)`,
      mark: '≤ 1.15 ×',
      held: ratio <= 1.15,
    },
  ]
}

/** Seconds of each round of the night. */
async function nights(world: World): Promise<number[]> {
  const seconds: number[] = []
  for (let round = 1; round <= ROUNDS; round += 1)
    seconds.push(await rollUpThroughQueue(world, [NIGHT], HISTORY_CLIENTS))
  return seconds
}

/** So many days, the last of which is this one. */
function daysUntil(last: Day, count: number): Day[] {
  return Array.from({ length: count }, (_, n) => addDays(last, n - count + 1))
}

async function backfill(world: World): Promise<Measure[]> {
  const days = daysUntil(NIGHT, BACKFILL_DAYS)
  await fill(world, days, { clients: BACKFILL_CLIENTS, contacts: BACKFILL_CONTACTS })
  const third = Math.ceil(days.length / 3)
  const seconds: number[] = []
  const memory: Memory[] = []
  for (let at = 0; at < days.length; at += third) {
    const part = days.slice(at, at + third)
    seconds.push((await rollUpThroughQueue(world, part, BACKFILL_CLIENTS)) / part.length)
    memory.push(await memoryOf(world))
    tell(`backfill: ${at + part.length} of ${days.length} days, ${seconds.at(-1)?.toFixed(2)} s a day`)
  }
  const linear = (seconds.at(-1) ?? 0) / (seconds[0] ?? 1)
  const flat = (of: keyof Memory) => (memory.at(-1)?.[of] ?? 0) / (memory[0]?.[of] ?? 1)
  return [
    {
      work: `backfill of ${days.length} days × ${BACKFILL_CLIENTS} clients × ${BACKFILL_CONTACTS} interactions`,
      figure: `${seconds.map((each) => each.toFixed(2)).join(', ')} s a day in each third, last ${linear.toFixed(2)} × first`,
      mark: '≤ 1.15 ×',
      held: linear <= 1.15,
    },
    ...(['node', 'postgres'] as const).map((which) => ({
      work: `  memory of ${which}, first third to last`,
      figure: `${memory.map((each) => `${Math.round(each[which])} MB`).join(', ')}, ${flat(which).toFixed(2)} ×`,
      mark: '≤ 1.2 ×',
      held: flat(which) <= 1.2,
    })),
  ]
}

type Memory = { node: number; postgres: number }

/** Of this process, and of the server's own processes without what they share. */
async function memoryOf({ database }: World): Promise<Memory> {
  const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity where pid is not null`.execute(
    database.system,
  )
  let postgres = 0
  for (const { pid } of rows) postgres += await privateMegabytes(pid)
  return { node: process.memoryUsage().rss / 1e6, postgres }
}

async function privateMegabytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kilobytes = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce(
    (sum, [, size]) => sum + Number(size),
    0,
  )
  return kilobytes / 1000
}

function openEngine(
  database: Database,
  backend: Awaited<ReturnType<typeof openQueueBackend>>,
  log: ReturnType<typeof createLog>,
): Engine {
  const retention = { reportDays: 400, ledgerDays: 400, factDays: null, eventDays: 36_500 }
  return createEngine({
    database,
    backend,
    registry: createRegistry([rollUpDay]),
    // A roll-up uses nothing else.
    jobTools: { database, retention } as JobTools,
    child: null,
    clock: systemClock,
    clientRunsMax: 50,
    // As config.ts has it.
    concurrency: { aggregation: 4, segments: 1, predictions: 1, reports: 1, deliveries: 1, imports: 1, erasures: 1 },
    log,
    onTick: async () => {},
  })
}

process.exitCode = await main()
