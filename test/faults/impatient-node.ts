import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/db/database.ts'
import { deliverCopy } from '../../src/jobs/deliver-copy.ts'
import { renderReport } from '../../src/jobs/render-report.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { createLog } from '../../src/log.ts'
import { openSmtp } from '../../src/mail/smtp.ts'
import { openJobTools } from '../../src/main/open-job-tools.ts'
import { createEngine, createRegistry, openQueueBackend } from '../../src/queues/index.ts'
import { systemClock } from '../../src/time.ts'

/**
 * A process that renders and mails as `daybreak start` does, but waits seconds where that waits minutes. Its settings
 * are the same.
 */

const RETRY = { attempts: 5, delayMs: 500, maxDelayMs: 1_000 }
/** What a busy machine is late by is no silence. */
const TIMEOUTS_MS = { connection: 5_000, greeting: 5_000, socket: 10_000 }

const config = readConfig()
const log = createLog(config.LOG_LEVEL)
const database = openDatabase(config.DATABASE_URL ?? '', { max: config.DATABASE_POOL_MAX, log })
const backend = await openQueueBackend({
  pool: database.queuePool,
  redisUrl: config.REDIS_URL,
  redisCluster: config.REDIS_CLUSTER,
  prefix: config.QUEUE_PREFIX,
  log,
})
const jobTools = await openJobTools(config, database, log)
const engine = createEngine({
  database,
  backend,
  registry: createRegistry([rollUpDay, { ...renderReport, memoryMaxMb: null }, { ...deliverCopy, retry: RETRY }]),
  jobTools: {
    ...jobTools,
    mailer: openSmtp(config.SMTP_URL ?? '', { from: config.MAIL_FROM, timeoutsMs: TIMEOUTS_MS }),
  },
  child: null,
  clock: systemClock,
  clientRunsMax: config.CLIENT_RUNS_MAX,
  concurrency: { aggregation: 4, segments: 1, predictions: 1, reports: 2, deliveries: 8, imports: 1, erasures: 1 },
  log,
  onTick: async () => {},
})
await engine.startScheduler()
await engine.startWorkers()
process.stdout.write(`runs as scheduler, worker, node ${engine.node}\n`)
