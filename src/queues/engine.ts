import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../time.ts'
import { createChildPool } from './child/child-pool.ts'
import type { ChildProgram } from './child/run-child.ts'
import type { QueueName } from './job.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { QueueBackend } from './queue/backend.ts'
import type { Registry } from './registry.ts'
import { createScheduler } from './schedules/scheduler.ts'
import { startWorkers } from './work/work.ts'
import { createWorkNode } from './work/work-node.ts'

export type EngineOptions<JobTools> = {
  database: Database
  backend: QueueBackend
  registry: Registry
  /** What jobs find in their context beside the engine's own. */
  jobTools: JobTools
  /**
   * Runs the jobs that have a memory limit, and runs under which a worker died; it must know the same jobs. null: all
   * run in this process.
   */
  child: ChildProgram | null
  clock: Clock
  /** Of one client, in each queue; of imports and erasures a client has one at a time. */
  clientRunsMax: number
  concurrency: Record<QueueName, number>
  log: Log
  /** What this program plans beside the schedules, once a minute: dirty days, for one. */
  onTick: (ledger: Ledger) => Promise<void>
  /** What it does every few seconds while it schedules: raise alerts. */
  onSweep?: () => Promise<void>
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

export function createEngine<JobTools>(options: EngineOptions<JobTools>): Engine {
  const { database, backend, registry, clock, clientRunsMax, log } = options
  const scheduler = createScheduler({ db: database.system, backend, clientRunsMax, log }, registry, {
    onTick: () => options.onTick(ledger),
    onSweep: options.onSweep ?? (async () => {}),
  })
  const ledger = createLedger({
    db: database.system,
    backend,
    registry,
    atOnce: { clientRunsMax, handOver: scheduler.handOver },
    onPlanned: scheduler.dispatchNow,
  })
  const children = options.child === null ? null : createChildPool(options.child, log)
  const node = createWorkNode({
    database,
    clock,
    log,
    jobs: [...registry.keys()],
    rescueStalled: () => backend.rescueStalled(database.system),
    startWorkers: (id) => startWorkers({ ...options, children, node: id, onFinished: scheduler.dispatchSoon }),
  })
  return {
    node: node.id,
    ledger,
    tick: scheduler.tick,
    startScheduler: scheduler.start,
    startWorkers: node.start,
    refusal: node.refusal,
    checkClock: node.checkClock,
    async close(graceMs) {
      await node.close(graceMs)
      await children?.close()
      await scheduler.stop()
    },
  }
}
