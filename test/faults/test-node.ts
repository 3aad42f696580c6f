import { join } from 'node:path'
import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { createEngine, createRegistry, openQueueBackend } from '../../src/queues/index.ts'
import { systemClock } from '../../src/time.ts'
import { testJobs } from './test-jobs.ts'

/** A process that works as `daybreak start` does, on the jobs made for faults. Its settings are the same. */

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
const engine = createEngine({
  database,
  backend,
  registry: createRegistry(testJobs),
  jobTools: {},
  child: { entry: join(import.meta.dirname, 'test-child.ts'), settings: config.DATABASE_URL, compiledFolder: null },
  clock: systemClock,
  clientRunsMax: config.CLIENT_RUNS_MAX,
  concurrency: {
    aggregation: config.CONCURRENCY_AGGREGATION,
    segments: config.CONCURRENCY_SEGMENTS,
    predictions: config.CONCURRENCY_PREDICTIONS,
    reports: config.CONCURRENCY_REPORTS,
    deliveries: config.CONCURRENCY_DELIVERIES,
    imports: config.CONCURRENCY_IMPORTS,
    erasures: config.CONCURRENCY_ERASURES,
  },
  log,
  onTick: async () => {},
})

process.once('SIGTERM', () => {
  void engine
    .close(config.SHUTDOWN_GRACE_SECONDS * 1000)
    .then(() => backend.close())
    .then(() => database.close())
})
if (config.ROLES.includes('scheduler')) await engine.startScheduler()
if (config.ROLES.includes('worker')) await engine.startWorkers()
process.stdout.write(`runs as ${config.ROLES.join(', ')}, node ${engine.node}\n`)
