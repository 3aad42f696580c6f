import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import pg from 'pg'
import { z } from 'zod'
import { type Database } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import {
  createEngine,
  createRegistry,
  defineJob,
  type Engine,
  on,
  openQueueBackend,
  type QueueBackend,
} from '../../src/queues/index.ts'
import { systemClock } from '../../src/time.ts'
import { startRedis } from '../../test/support/redis.ts'
import { closeBench, type Measure, median, percentile, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * `npm run bench:queue`: the engine against bare BullMQ, alternately in the same run, on the same servers. Every figure
 * is a ratio of two measurements a few seconds apart, except those that say "s".
 */

const HELP = `npm run bench:queue -- [options]

  --runs N      no-op runs of one round of throughput (default 5000)
  --rounds N    rounds, of which the median counts (default 3)
  --flat N      runs over which memory must stay flat (default 100000; 0 leaves it out)
  --help        this
`

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    flat: { type: 'string', default: '100000' },
    help: { type: 'boolean', default: false },
  },
})
const RUNS = Number(values.runs)
const ROUNDS = Number(values.rounds)
const FLAT_RUNS = Number(values.flat)

const CONCURRENCY = 16
/** Of one round. */
const PICKUPS = 300
const PICKUP_EVERY_MS = 15
const SCHEDULES = 10_000
const PREFIX = 'bench'
/** Open at once while memory is watched, so that it is not a backlog that is measured. */
const FLAT_CHUNK = 5000

type World = { url: string; database: Database; log: ReturnType<typeof createLog>; redisUrl: string }
type Kind = QueueBackend['kind']

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  return withServer({ connections: 32 }, async ({ url, database, log }) => {
    const client = { id: 'acme', name: 'Acme', time_zone: 'UTC', currency: 'EUR' }
    await database.system.insertInto('clients').values(client).execute()
    const redis = await startRedis()
    try {
      const world = { url, database, log, redisUrl: redis.url }
      return closeBench([
        ...(await throughput(world)),
        ...(await pickUp(world)),
        ...(await planning(world)),
        ...(await flatness(world)),
      ])
    } finally {
      await redis.stop()
    }
  })
}

const KINDS = ['postgres', 'redis'] as const

async function throughput(world: World): Promise<Measure[]> {
  const perSecond = { bare: { postgres: [], redis: [] }, whole: { postgres: [], redis: [] } } as Record<
    'bare' | 'whole',
    Record<Kind, number[]>
  >
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const kind of KINDS) {
      const bare = await onBareBackend(world, kind, (backend) => bareRuns(backend, RUNS))
      const whole = await onEngine(world, kind, (engine) => wholeRuns(world, engine, RUNS))
      perSecond.bare[kind].push(bare)
      perSecond.whole[kind].push(whole)
      tell(`round ${round}, ${kind}: bare ${Math.round(bare)} jobs/s, whole ledger ${Math.round(whole)} runs/s`)
    }
  }
  const yardstick = median(perSecond.bare.postgres)
  return KINDS.flatMap((kind) => {
    const [bare, whole] = [median(perSecond.bare[kind]), median(perSecond.whole[kind])]
    const ratio = whole / yardstick
    return [
      { work: `bare BullMQ on ${kind}, durable`, figure: `${Math.round(bare)} jobs/s`, mark: '', held: null },
      {
        work: `whole ledger on ${kind}, planned to finished`,
        figure: `${Math.round(whole)} runs/s, ${ratio.toFixed(2)} × bare on PostgreSQL`,
        mark: '≥ 0.6 ×',
        held: ratio >= 0.6,
      },
    ]
  })
}

/** Jobs a second from the first add to the last end, without us. */
async function bareRuns(backend: QueueBackend, jobs: number): Promise<number> {
  const queue = queueOf(backend)
  let ended = 0
  const begun = performance.now()
  await queue.addBulk(
    Array.from({ length: jobs }, () => ({
      name: 'no-op',
      data: {},
      opts: { jobId: randomUUID(), removeOnComplete: true },
    })),
  )
  const done = Promise.withResolvers<void>()
  const worker = backend.openWorker(
    'segments',
    async () => {
      ended += 1
      if (ended === jobs) done.resolve()
    },
    { concurrency: CONCURRENCY },
  )
  await done.promise
  const perSecond = jobs / ((performance.now() - begun) / 1000)
  await worker.close()
  return perSecond
}

/** Runs a second from the first planned to the last that the ledger calls succeeded. */
async function wholeRuns({ database }: World, engine: Engine, runs: number): Promise<number> {
  const begun = performance.now()
  const done = ranTimes(runs)
  await plan(engine, runs)
  // To ask the ledger costs as much as a few runs: not before the last of them has begun.
  await done
  await untilNoneIsOpen(database)
  return runs / ((performance.now() - begun) / 1000)
}

async function plan(engine: Engine, runs: number): Promise<void> {
  const requests = Array.from({ length: runs }, () => on(noOp, { clientId: 'acme', name: randomUUID() }))
  await engine.ledger.requestAll(requests, { origin: 'program', requestedBy: 'bench', again: 'no' })
}

async function untilNoneIsOpen(database: Database): Promise<void> {
  for (;;) {
    const open = await database.system
      .selectFrom('runs')
      .select('id')
      .where('state', 'in', ['planned', 'queued', 'running'])
      .limit(1)
      .execute()
    if (open.length === 0) return
    await sleep(20)
  }
}

/** From asking for one run (bare: adding one job) to its first line, on an idle machine. */
async function pickUp(world: World): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const kind of KINDS) {
    const [bareWaits, wholeWaits]: [number[], number[]] = [[], []]
    for (let round = 1; round <= ROUNDS; round += 1) {
      bareWaits.push(...(await onBareBackend(world, kind, barePickUps)))
      wholeWaits.push(...(await onEngine(world, kind, wholePickUps)))
    }
    const [bare, whole] = [percentile(bareWaits, 0.99), percentile(wholeWaits, 0.99)]
    measures.push({
      work: `pick-up on ${kind}`,
      figure: `p99 ${whole.toFixed(1)} ms, ${(whole / bare).toFixed(1)} × bare (${bare.toFixed(1)} ms); median ${median(wholeWaits).toFixed(1)} (${median(bareWaits).toFixed(1)}) ms`,
      mark: 'p99 ≤ 3 ×',
      held: whole <= 3 * bare,
    })
    tell(measures.at(-1)?.figure ?? '')
  }
  return measures
}

async function barePickUps(backend: QueueBackend): Promise<number[]> {
  const queue = queueOf(backend)
  const worker = backend.openWorker('segments', async (job) => arrived(String(job.id)), { concurrency: CONCURRENCY })
  const waits = await pacedWaits((id) => queue.add('no-op', {}, { jobId: id, removeOnComplete: true }))
  await worker.close()
  return waits
}

function wholePickUps(engine: Engine): Promise<number[]> {
  const options = { origin: 'program', requestedBy: 'bench', again: 'no' } as const
  return pacedWaits((name) => engine.ledger.request(on(noOp, { clientId: 'acme', name }), options))
}

const waiting = new Map<string, { askedAt: number; resolve: (waitMs: number) => void }>()

let countdown: { left: number; resolve: () => void } | null = null

function ranTimes(runs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  countdown = { left: runs, resolve }
  return promise
}

function arrived(id: string): void {
  if (countdown !== null) {
    countdown.left -= 1
    if (countdown.left === 0) countdown.resolve()
  }
  const asked = waiting.get(id)
  if (!asked) return
  waiting.delete(id)
  asked.resolve(performance.now() - asked.askedAt)
}

async function pacedWaits(ask: (id: string) => Promise<unknown>): Promise<number[]> {
  // The first few open connections.
  const warmUp = 20
  const waits: Promise<number>[] = []
  for (let n = 0; n < PICKUPS + warmUp; n += 1) {
    const id = randomUUID()
    const { promise, resolve } = Promise.withResolvers<number>()
    waiting.set(id, { askedAt: performance.now(), resolve })
    waits.push(promise)
    await ask(id)
    await sleep(PICKUP_EVERY_MS)
  }
  return (await Promise.all(waits)).slice(warmUp)
}

async function planning(world: World): Promise<Measure[]> {
  const { system } = world.database
  const seconds = await onBackend(world, 'postgres', async (backend) => {
    const engine = openEngine(world, backend)
    await engine.tick()
    await sql`
      insert into schedules (id, job, client_id, cron, zone, payload, catch_up, overlap, planned_until, next_due_at, is_edited)
      select 'bench.' || n, 'no-op', 'acme', '0 0 * * *', 'UTC', jsonb_build_object('name', n), 'latest', 'allow',
        date_trunc('day', now()) - interval '1 minute', date_trunc('day', now()), true
      from generate_series(1, ${SCHEDULES}::integer) as n`.execute(system)
    const begun = performance.now()
    await engine.tick()
    const took = (performance.now() - begun) / 1000
    await engine.close(0)
    return took
  })
  const { planned } = await system
    .selectFrom('runs')
    .select((e) => e.fn.countAll<number>().as('planned'))
    .where('schedule_id', 'like', 'bench.%')
    .executeTakeFirstOrThrow()
  if (planned !== SCHEDULES) throw new Error(`${planned} runs were planned for ${SCHEDULES} due schedules`)
  await system.deleteFrom('runs').execute()
  await system.deleteFrom('schedules').execute()
  return [
    {
      work: `one tick plans ${SCHEDULES} due schedules`,
      figure: `${seconds.toFixed(1)} s`,
      mark: '≤ 5 s',
      held: seconds <= 5,
    },
  ]
}

/** Memory after a fifth of the runs against memory after all of them: this process's heap, and what the queue keeps. */
async function flatness(world: World): Promise<Measure[]> {
  if (FLAT_RUNS === 0) return []
  const measures: Measure[] = []
  for (const kind of KINDS) {
    const [early, late] = await onEngine(world, kind, async (engine, backend) => {
      const sizes = []
      for (let done = 0; done < FLAT_RUNS; done += FLAT_CHUNK) {
        await plan(engine, FLAT_CHUNK)
        await untilNoneIsOpen(world.database)
        tell(`${kind}: ${done + FLAT_CHUNK} of ${FLAT_RUNS} runs`)
        const isMark = done + FLAT_CHUNK === FLAT_RUNS / 5 || done + FLAT_CHUNK === FLAT_RUNS
        if (isMark) sizes.push(await memory(world, backend))
      }
      return sizes as [Memory, Memory]
    })
    for (const what of ['heap', 'queue'] as const) {
      const ratio = late[what] / early[what]
      measures.push({
        work: `${what} on ${kind} after ${FLAT_RUNS} runs`,
        figure: `${mega(late[what])} MB, ${ratio.toFixed(2)} × after ${FLAT_RUNS / 5}`,
        mark: '≤ 1.2 ×',
        held: ratio <= 1.2,
      })
    }
  }
  return measures
}

type Memory = { heap: number; queue: number }

async function memory(world: World, backend: QueueBackend): Promise<Memory> {
  // Longer than the sweep that trims the queues takes to come round.
  await sleep(12_000)
  collectGarbage()
  return { heap: process.memoryUsage().heapUsed, queue: await queueBytes(world, backend) }
}

async function queueBytes({ database, redisUrl }: World, backend: QueueBackend): Promise<number> {
  if (backend.kind === 'postgres') {
    const { rows } = await sql<{ bytes: number }>`
      select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c
      where c.relkind = 'r' and c.relnamespace = 'bullmq'::regnamespace`.execute(database.system)
    return Number(rows[0]?.bytes)
  }
  const redis = new Redis(redisUrl)
  try {
    return await bytesOfKeys(redis)
  } finally {
    redis.disconnect()
  }
}

/** What the keys of the queues hold. What the server uses besides is that of its connections and its allocator. */
async function bytesOfKeys(redis: Redis): Promise<number> {
  let bytes = 0
  for await (const keys of redis.scanStream({ match: `${PREFIX}:*`, count: 1000 })) {
    const sizes = await Promise.all((keys as string[]).map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)))
    bytes += sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  }
  return bytes
}

const mega = (bytes: number): string => (bytes / 1_000_000).toFixed(1)

const noOp = defineJob({
  name: 'no-op',
  summary: 'Does nothing.',
  queue: 'aggregation',
  payload: z.strictObject({ clientId: z.string(), name: z.string() }),
  key: ({ clientId, name }) => `${clientId}.${name}`,
  client: ({ clientId }) => clientId,
  night: () => null,
  window: () => null,
  schedule: {
    cron: null,
    zone: 'client',
    scope: 'client',
    catchUp: 'latest',
    catchUpWithinMs: null,
    lateAfterMs: null,
    overlap: 'allow',
    payload: (_dueAt, client, extra) => ({ clientId: client.id, name: String(extra['name']) }),
  },
  after: () => [],
  retry: { attempts: 1, delayMs: 1000, maxDelayMs: 1000 },
  timeoutMs: 60_000,
  memoryMaxMb: null,
  run: async ({ name }) => arrived(name),
})

/** BullMQ as one has it without us: its writes are durable, because it is then the only memory. */
async function onBareBackend<T>(world: World, kind: Kind, work: (backend: QueueBackend) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: world.url, max: 32, options: '-c search_path=bullmq' })
  try {
    return await onBackend(world, kind, work, pool)
  } finally {
    await pool.end()
  }
}

async function onBackend<T>(
  world: World,
  kind: Kind,
  work: (backend: QueueBackend) => Promise<T>,
  pool = world.database.queuePool,
): Promise<T> {
  const { log, redisUrl } = world
  const backend = await openQueueBackend({
    pool,
    redisUrl: kind === 'redis' ? redisUrl : undefined,
    redisCluster: false,
    prefix: PREFIX,
    log,
  })
  try {
    return await work(backend)
  } finally {
    await backend.close()
  }
}

function onEngine<T>(
  world: World,
  kind: Kind,
  work: (engine: Engine, backend: QueueBackend) => Promise<T>,
): Promise<T> {
  return onBackend(world, kind, async (backend) => {
    const engine = openEngine(world, backend)
    await engine.startScheduler()
    await engine.startWorkers()
    try {
      return await work(engine, backend)
    } finally {
      await engine.close(1000)
    }
  })
}

function openEngine({ database, log }: World, backend: QueueBackend): Engine {
  return createEngine({
    database,
    backend,
    registry: createRegistry([noOp]),
    jobTools: {},
    child: { entry: 'started by no job of this engine', settings: null, compiledFolder: null },
    clock: systemClock,
    // One client stands for all: its cap must not be what is measured.
    clientRunsMax: 1_000_000,
    concurrency: {
      aggregation: CONCURRENCY,
      segments: 1,
      predictions: 1,
      reports: 1,
      deliveries: 1,
      imports: 1,
      erasures: 1,
    },
    log,
    onTick: async () => {},
  })
}

function queueOf(backend: QueueBackend) {
  const queue = backend.queues.get('segments')
  if (queue) return queue
  throw new Error('there is no queue segments')
}

process.exitCode = await main()
