import { join } from 'node:path'
import { openDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import { createEngine, createRegistry, openQueueBackend } from '../../src/queues/index.ts'
import { systemClock } from '../../src/time.ts'
import type { IsolationSettings } from './isolation-child.ts'
import { isolationJobs } from './isolation-jobs.ts'

/** A worker in a process of its own, for isolation.test.ts to kill. Its settings come from the environment. */

const { DATABASE_URL = '', REDIS_URL, QUEUE_PREFIX = '' } = process.env
const log = createLog('silent')
const database = openDatabase(DATABASE_URL, { max: 8, log })
const settings: IsolationSettings = { databaseUrl: DATABASE_URL }
const backend = await openQueueBackend({
  pool: database.queuePool,
  redisUrl: REDIS_URL,
  redisCluster: false,
  prefix: QUEUE_PREFIX,
  log,
})
const engine = createEngine({
  database,
  backend,
  registry: createRegistry(isolationJobs),
  jobTools: {},
  child: { entry: join(import.meta.dirname, 'isolation-child.ts'), settings, compiledFolder: null },
  clock: systemClock,
  clientRunsMax: 50,
  concurrency: { aggregation: 4, segments: 1, predictions: 1, reports: 1, deliveries: 1, imports: 1, erasures: 1 },
  log,
  onTick: async () => {},
})
await engine.startScheduler()
await engine.startWorkers()
