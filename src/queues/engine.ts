import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { sql } from 'kysely'
import { schedule as everyMinute, type ScheduledTask } from 'node-cron'
import type { Database } from '../db/database.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Clock, SECOND_MS } from '../time.ts'
import type { QueueBackend } from './backend.ts'
import { dispatch, reconcile } from './dispatch.ts'
import type { QueueName } from './job.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { Registry } from './registry.ts'
import { planDueSchedules, syncSchedules } from './schedule.ts'
import { startWorkers, type WorkerSet } from './work.ts'

export type EngineOptions<Services> = {
  database: Database
  backend: QueueBackend
  registry: Registry
  services: Services
  clock: Clock
  clientRunsMax: number
  concurrency: Record<QueueName, number>
  log: Log
  /** What this program plans beside the schedules, once a minute: dirty days, for one. */
  onTick: (ledger: Ledger) => Promise<void>
}

/** The parts of the engine, started by role. */
export type Engine = {
  node: string
  ledger: Ledger
  /** Plans what is due now and hands over what is ready; the scheduler does it once a minute. */
  tick(): Promise<void>
  startScheduler(): Promise<void>
  startWorkers(): Promise<void>
  /** null while this node may work; else the reason it refuses to. */
  refusal(): string | null
  /** Compares this node's clock with the database's now; the reason not to work, or null. */
  checkClock(): Promise<string | null>
  close(graceMs: number): Promise<void>
}

const DISPATCH_EVERY_MS = SECOND_MS
/** However often something may have become ready, the ledger is not asked more often than this. */
const DISPATCH_GAP_MS = 50
const HEARTBEAT_EVERY_MS = SECOND_MS
const RECONCILE_EVERY_MS = 10 * SECOND_MS
const RECONCILE_OLDER_MS = 15 * SECOND_MS
/** On PostgreSQL BullMQ's locks trust each worker's clock: a node off by more than this steals work that is in good hands. */
const CLOCK_SKEW_MAX_MS = 2 * SECOND_MS

export function createEngine<Services>(options: EngineOptions<Services>): Engine {
  const { database, backend, log } = options
  const node = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const tools = { db: database.system, backend, clientRunsMax: options.clientRunsMax, log }
  const loops: Loop[] = []
  let task: ScheduledTask | null = null
  let workers: WorkerSet | null = null
  let refusal: string | null = null

  const dispatching = loop('dispatch', DISPATCH_EVERY_MS, log, async () => {
    await dispatch(tools)
  })
  const ledger = createLedger({ db: database.system, backend, onPlanned: dispatching.now })

  const tick = async () => {
    await syncSchedules(database.system, options.registry)
    await planDueSchedules(database.system, options.registry)
    await options.onTick(ledger)
    await dispatching.run()
  }

  const heartbeat = async () => {
    refusal = await beat(database, node, options.clock)
    if (refusal !== null) return suspend()
    workers ??= startWorkers({ ...options, node, onFinished: dispatching.now })
    for (const runId of await cancelRequests(database, node)) workers.stopRun(runId, 'cancel')
  }
  const suspend = async () => {
    if (workers === null) return
    log.error(`this node stops working: ${refusal}`)
    const stopping = workers
    workers = null
    await stopping.close(0)
  }

  return {
    node,
    ledger,
    tick,
    refusal: () => refusal,
    checkClock: () => beat(database, node, options.clock),
    async startScheduler() {
      // What a killed process left behind is picked up now, not at the next sweep.
      await reconcile(tools, { olderThanMs: 0 })
      loops.push(
        dispatching,
        loop('reconcile', RECONCILE_EVERY_MS, log, () => reconcile(tools, { olderThanMs: RECONCILE_OLDER_MS })),
      )
      await tick()
      task = everyMinute(
        '* * * * *',
        () => tick().catch((error) => log.error(`the tick failed: ${messageOf(error)}`)),
        { noOverlap: true },
      )
      for (const each of loops) each.start()
    },
    async startWorkers() {
      await heartbeat()
      const beating = loop('heartbeat', HEARTBEAT_EVERY_MS, log, heartbeat)
      loops.push(beating)
      beating.start()
    },
    async close(graceMs) {
      await task?.destroy()
      // The heart beats until the last run is given back: a silent node's runs are orphans.
      await workers?.close(graceMs)
      workers = null
      await Promise.all(loops.map((each) => each.stop()))
      await database.system.deleteFrom('nodes').where('id', '=', node).execute()
    },
  }
}

/** Gives a sign of life. Returns why this node may not work, or null. */
async function beat(database: Database, node: string, clock: Clock): Promise<string | null> {
  const sentAt = clock().epochMilliseconds
  const row = await database.system
    .insertInto('nodes')
    .values({ id: node })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: sql`now()` }))
    .returning(sql<number>`(extract(epoch from clock_timestamp()) * 1000)::double precision`.as('now_ms'))
    .executeTakeFirstOrThrow()
  const receivedAt = clock().epochMilliseconds
  // The database read its clock somewhere between the two; only what lies outside both is skew.
  const skewMs = Math.max(sentAt - row.now_ms, row.now_ms - receivedAt, 0)
  if (skewMs <= CLOCK_SKEW_MAX_MS) return null
  return `its clock differs from the database's by ${(skewMs / SECOND_MS).toFixed(1)} s; set the clock (NTP) and it resumes by itself`
}

async function cancelRequests(database: Database, node: string): Promise<string[]> {
  const rows = await database.system
    .selectFrom('runs')
    .select('id')
    .where('node', '=', node)
    .where('state', '=', 'running')
    .where('cancel_requested_at', 'is not', null)
    .execute()
  return rows.map((row) => row.id)
}

type Loop = {
  start(): void
  /** Runs in a moment, however many ask. */
  now(): void
  run(): Promise<void>
  stop(): Promise<void>
}

/** Does `work` every so often, never twice at once; an error is logged and the next pass comes all the same. */
function loop(name: string, everyMs: number, log: Log, work: () => Promise<unknown>): Loop {
  let current: Promise<void> | null = null
  let again = false
  let timer: NodeJS.Timeout | null = null
  let soon: NodeJS.Timeout | null = null
  let stopped = false
  const pass = async () => {
    do {
      again = false
      try {
        await work()
      } catch (error) {
        log.warn({ loop: name }, `${name} failed: ${messageOf(error)}`)
      }
    } while (again && !stopped)
  }
  const run = () => {
    if (current) {
      again = true
      return current
    }
    current = pass().finally(() => {
      current = null
    })
    return current
  }
  return {
    run,
    now() {
      if (stopped || soon) return
      soon = setTimeout(() => {
        soon = null
        void run()
      }, DISPATCH_GAP_MS)
    },
    start() {
      timer = setInterval(() => void run(), everyMs)
    },
    async stop() {
      stopped = true
      if (timer) clearInterval(timer)
      if (soon) clearTimeout(soon)
      await current
    },
  }
}
