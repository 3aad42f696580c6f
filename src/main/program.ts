import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type AlertOptions, alertKinds, watchAlerts } from '../alerts/index.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { startPulse } from '../db/pulse.ts'
import { messageOf } from '../errors.ts'
import { jobs } from '../jobs/index.ts'
import type { JobTools } from '../jobs/job-tools.ts'
import { planLateWork } from '../jobs/plan-late-work.ts'
import { postAlert } from '../jobs/post-alert.ts'
import type { Log } from '../log.ts'
import {
  createEngine,
  createRegistry,
  type Engine,
  openQueueBackend,
  type QueueBackend,
  type Registry,
} from '../queues/index.ts'
import { ownersOfReports } from '../reports/execution/report-owners.ts'
import { MINUTE_MS, systemClock } from '../time.ts'
import { openTracing } from '../tracing.ts'
import { openJobTools } from './open-job-tools.ts'
import { openMigratedDatabase } from './open-migrated-database.ts'
import { tracingOf } from './tracing-of.ts'
import type { ChildSettings } from './work-child.ts'

export { outboxFolder, publicUrlOf } from './open-job-tools.ts'

const CHILD_ENTRY = fileURLToPath(import.meta.resolve('./work-child.ts'))

/** Everything a process of ours may need, opened and wired. */
export type Program = {
  config: Config
  log: Log
  database: Database
  backend: QueueBackend
  registry: Registry
  engine: Engine
  jobTools: JobTools
  /**
   * Stops work within `SHUTDOWN_GRACE_SECONDS`, then closes everything; the embedded database too, unless others use
   * it.
   */
  close(): Promise<void>
}

/** Opens every part. What is missing (a font, a template, a server) stops the start here, not the night. */
export async function openProgram(config: Config, log: Log): Promise<Program> {
  const opened = new AsyncDisposableStack()
  try {
    return await openParts(config, log, opened)
  } catch (error) {
    await closeInTime(opened, log)
    throw error
  }
}

/** What a start had opened before it failed must not keep the process. */
const CLOSE_TIMEOUT_MS = 2000

async function closeInTime(opened: AsyncDisposableStack, log: Log): Promise<void> {
  const closed = opened.disposeAsync().catch((error: unknown) => log.warn(`closing failed: ${messageOf(error)}`))
  await Promise.race([closed, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
}

/** Each part is closed after those that were opened later. */
async function openParts(config: Config, log: Log, opened: AsyncDisposableStack): Promise<Program> {
  opened.defer(await openTracing({ ...tracingOf(config), log }))
  const { database, url, close: closeDatabase } = await openMigratedDatabase(config, log)
  opened.defer(closeDatabase)
  opened.defer(startPulse(url, log, database.dropConnections))
  const backend = await openQueueBackend({
    pool: database.queuePool,
    redisUrl: config.REDIS_URL,
    redisCluster: config.REDIS_CLUSTER,
    prefix: config.QUEUE_PREFIX,
    log,
  })
  opened.defer(() => backend.close())
  const jobTools = await openJobTools(config, database, log)
  opened.defer(async () => void (await Promise.all([jobTools.mailer.close(), jobTools.printer.close()])))
  const registry = createRegistry(jobs)
  const engine = createEngine({
    database,
    backend,
    registry,
    jobTools,
    child: {
      entry: CHILD_ENTRY,
      settings: { config, databaseUrl: url, logLevel: log.level } satisfies ChildSettings,
      compiledFolder: join(config.DATA_DIR, 'compiled'),
    },
    clock: systemClock,
    clientRunsMax: config.CLIENT_RUNS_MAX,
    concurrency: concurrencyOf(config),
    log,
    onTick: (ledger) => planLateWork(database.system, ledger, systemClock(), config.FACTS_TTL_DAYS ?? null),
    onSweep: watchAlerts(alertOptionsOf(config, database, registry, jobTools.webhook)),
  })
  return {
    config,
    log,
    database,
    backend,
    registry,
    engine,
    jobTools,
    async close() {
      await engine.close(config.SHUTDOWN_GRACE_SECONDS * 1000)
      await opened.disposeAsync()
    },
  }
}

function alertOptionsOf(
  config: Config,
  { system }: Database,
  registry: Registry,
  webhook: JobTools['webhook'],
): AlertOptions {
  return {
    db: system,
    registry,
    receivers: [
      ...config.ALERT_MAIL_TO.map((address) => ({ channel: 'mail' as const, address })),
      ...(webhook === null ? [] : [{ channel: 'webhook' as const, address: webhook.origin }]),
    ],
    queueAgeMs: config.QUEUE_AGE_ALERT_MINUTES * MINUTE_MS,
    postAlert,
    owners: { run: ownersOfReports },
    kinds: alertKinds,
  }
}

function concurrencyOf(config: Config) {
  return {
    aggregation: config.CONCURRENCY_AGGREGATION,
    segments: config.CONCURRENCY_SEGMENTS,
    predictions: config.CONCURRENCY_PREDICTIONS,
    reports: config.CONCURRENCY_REPORTS,
    deliveries: config.CONCURRENCY_DELIVERIES,
    imports: config.CONCURRENCY_IMPORTS,
    erasures: config.CONCURRENCY_ERASURES,
  }
}
