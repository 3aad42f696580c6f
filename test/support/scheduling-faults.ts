import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { openDatabase, type SystemDatabase } from '../../src/db/database.ts'
import { messageOf } from '../../src/errors.ts'
import { createLog, withLineSink } from '../../src/log.ts'
import { type AnyJob, createEngine, createRegistry, openQueueBackend } from '../../src/queues/index.ts'
import type { JobSchedule } from '../../src/queues/job.ts'
import { planDueSchedules } from '../../src/queues/schedules/plan-due-schedules.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { addDays, dayBefore, dayOf, startOfDay, systemClock } from '../../src/time.ts'
import { type TestPayload, testJob } from './test-job.ts'

/** Faults of scheduling, in any size: short in the integration tests, long in `npm run faults`. */

const POLICIES = ['all', 'latest', 'none'] as const
type Policy = (typeof POLICIES)[number]

/** Older fires count as missed. */
const MISSED_AFTER_S = 120
const PLANNERS = 8

function midnightJob(policy: Policy): AnyJob {
  const schedule: JobSchedule<TestPayload> = {
    cron: '0 0 * * *',
    zone: 'client',
    scope: 'client',
    catchUp: policy,
    catchUpWithinMs: null,
    lateAfterMs: null,
    overlap: 'allow',
    payload: (dueAt, client) => ({ clientId: client.id, name: dayBefore(dueAt, client.timeZone) }),
  }
  return testJob(policy, async () => {}, { schedule })
}

export type Outage = { zones: readonly string[]; from: Temporal.Instant; until: Temporal.Instant }

/**
 * Nobody plans from one instant to another, then eight schedulers at once do, twice. Returns what was planned otherwise
 * than each policy says, and how many runs were.
 */
export async function survive(
  db: SystemDatabase,
  { zones, from, until }: Outage,
): Promise<{ runs: number; wrong: string[] }> {
  const log = createLog('silent')
  const registry = createRegistry(POLICIES.map(midnightJob))
  await sql`truncate runs, schedules, clients cascade`.execute(db)
  const clients = zones.map((zone, index) => ({ id: `c${index}`, name: zone, time_zone: zone, currency: 'EUR' }))
  await db.insertInto('clients').values(clients).execute()
  await syncSchedules(db, registry, log, from)
  for (const at of [until, until.add({ seconds: 59 })]) {
    await Promise.all(Array.from({ length: PLANNERS }, () => planDueSchedules(db, registry, log, at)))
  }
  const rows = await db.selectFrom('runs').select(['job', 'key']).execute()
  const found = rows.map(({ job, key }) => `${job} ${key}`)
  const wanted = clients.flatMap(({ id, time_zone: zone }) =>
    POLICIES.flatMap((policy) => wantedDays(policy, zone, { from, until }).map((day) => `${policy} ${id}.${day}`)),
  )
  const missing = wanted.filter((each) => !found.includes(each)).map((each) => `not planned: ${each}`)
  const extra = found.filter((each) => !wanted.includes(each)).map((each) => `planned in vain: ${each}`)
  return { runs: found.length, wrong: [...missing, ...extra] }
}

/**
 * The days a policy plans after an outage, from the calendar alone. The second look, 59 s later, may find midnights of
 * its own.
 */
function wantedDays(policy: Policy, zone: string, { from, until }: Pick<Outage, 'from' | 'until'>): string[] {
  const end = until.add({ seconds: 59 })
  const midnights: Temporal.Instant[] = []
  for (let day = dayOf(from, zone); day <= dayOf(end, zone); day = addDays(day, 1)) {
    const midnight = startOfDay(day, zone)
    if (isWithin(midnight, from, end)) midnights.push(midnight)
  }
  const missed = midnights.filter((each) => until.since(each).total('seconds') > MISSED_AFTER_S)
  const inTime = midnights.filter((each) => !missed.includes(each))
  const chosen = { all: midnights, none: inTime, latest: missed.length === 0 ? inTime : midnights.slice(-1) }[policy]
  return chosen.map((midnight) => dayBefore(midnight, zone))
}

function isWithin(instant: Temporal.Instant, after: Temporal.Instant, until: Temporal.Instant): boolean {
  return Temporal.Instant.compare(instant, after) > 0 && Temporal.Instant.compare(instant, until) <= 0
}

export type Boot = {
  databaseUrl: string
  redisUrl: string | undefined
  nodes: number
  schedules: number
  rounds: number
}

/** What nodes that boot at once are to plan: as many schedules, each with three days behind it. */
const DAYS_BEHIND = 3

/**
 * Boots nodes at once, each with connections of its own, against one empty queue and schedules nobody has made yet;
 * then again, with three days unplanned. Returns the runs found and wanted, and every line a node logged above `info`.
 */
export async function bootTogether(boot: Boot): Promise<{ runs: number; wanted: number; wrong: string[] }> {
  const database = openDatabase(boot.databaseUrl, { max: 4, log: createLog('silent') })
  const totals = { runs: 0, wanted: 0, wrong: [] as string[] }
  try {
    for (let round = 0; round < boot.rounds; round += 1) {
      const { runs, wrong } = await bootRound(database.system, boot, round)
      const wanted = boot.schedules * DAYS_BEHIND
      if (runs !== wanted) wrong.push(`round ${round}: ${runs} runs instead of ${wanted}`)
      totals.runs += runs
      totals.wanted += wanted
      totals.wrong.push(...wrong)
    }
    return totals
  } finally {
    await database.close()
  }
}

async function bootRound(db: SystemDatabase, boot: Boot, round: number): Promise<{ runs: number; wrong: string[] }> {
  await sql`truncate runs, schedules, clients cascade`.execute(db)
  // The queue is theirs to make, too.
  await sql`drop schema if exists bullmq cascade`.execute(db)
  await sql`
    insert into clients (id, name, time_zone, currency)
    select 'c' || i, 'C', 'UTC', 'EUR' from generate_series(1, ${boot.schedules}::integer) i`.execute(db)
  const prefix = `boot_${round}_${randomBytes(4).toString('hex')}`
  const job = midnightJob('all')
  const wrong = await startAll(boot, job, prefix)
  // As if they had been down for three days.
  await sql`
    update schedules set planned_until = date_trunc('day', now()) - interval '2 days 12 hours',
      next_due_at = date_trunc('day', now()) - interval '2 days'`.execute(db)
  wrong.push(...(await startAll(boot, job, prefix)))
  const { rows } = await sql<{ runs: number; schedules: number; due: number }>`
    select (select count(*) from runs) as runs, (select count(*) from schedules) as schedules,
      (select count(*) from schedules where next_due_at is null or next_due_at <= now()) as due`.execute(db)
  const { runs = 0, schedules = 0, due = 0 } = rows[0] ?? {}
  if (schedules !== boot.schedules) wrong.push(`round ${round}: ${schedules} schedules instead of ${boot.schedules}`)
  if (due > 0) wrong.push(`round ${round}: ${due} schedules are still due`)
  return { runs, wrong }
}

/** Boots all of them at once and ends them again; returns what went wrong on the way. */
async function startAll(boot: Boot, job: AnyJob, prefix: string): Promise<string[]> {
  const wrong: string[] = []
  const sink = ({ level, message }: { level: string; message: string }) => {
    if (['warn', 'error', 'fatal'].includes(level)) wrong.push(`${level}: ${message}`)
  }
  await withLineSink(sink, async () => {
    const nodes = Array.from({ length: boot.nodes }, () => bootNode(boot, job, prefix))
    const booted = await Promise.allSettled(nodes)
    for (const node of booted) {
      if (node.status === 'rejected') wrong.push(`a node did not boot: ${messageOf(node.reason)}`)
      else await node.value.close()
    }
  })
  return wrong
}

async function bootNode(
  { databaseUrl, redisUrl }: Boot,
  job: AnyJob,
  prefix: string,
): Promise<{ close(): Promise<void> }> {
  const log = createLog('warn')
  const database = openDatabase(databaseUrl, { max: 4, log })
  const backend = await openQueueBackend({ pool: database.queuePool, redisUrl, redisCluster: false, prefix, log })
  const engine = createEngine({
    database,
    backend,
    registry: createRegistry([job]),
    jobTools: {},
    child: { entry: 'started by no job of this engine', settings: null, compiledFolder: null },
    clock: systemClock,
    clientRunsMax: 50,
    concurrency: { aggregation: 4, segments: 2, predictions: 2, reports: 2, deliveries: 2, imports: 1, erasures: 1 },
    log,
    onTick: async () => {},
  })
  const close = async () => {
    await engine.close(5000)
    await backend.close()
    await database.close()
  }
  try {
    await engine.startScheduler()
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}
