import {
  type BackendFactory,
  createPostgresBackend,
  type Processor,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import { Cluster, Redis } from 'ioredis'
import type { Database, SystemDatabase } from '../db/database.ts'
import type { Log } from '../log.ts'
import { SECOND_MS } from '../time.ts'
import { QUEUES, type QueueName } from './job.ts'
import { rescueStalled } from './rescue-stalled.ts'

/** Where BullMQ lives: PostgreSQL beside the ledger, or Redis. Nothing outside this file knows which. */
export type QueueBackend = {
  kind: 'postgres' | 'redis'
  queues: Map<QueueName, Queue>
  openWorker(name: QueueName, processor: Processor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): Worker
  check(): Promise<void>
  /** Makes what the queues need and somebody has removed; the ledger fills it again. Says whether anything was missing. */
  mend(): Promise<boolean>
  /** Gives back the jobs of workers that fell silent, where workers do not see to that by themselves. Cheap to call often. */
  rescueStalled(db: SystemDatabase): Promise<void>
  close(): Promise<void>
}

export type QueueBackendOptions = {
  /** A pool whose connections find the schema `bullmq` first. */
  pool: Database['queuePool']
  redisUrl: string | undefined
  redisCluster: boolean
  prefix: string
  log: Log
}

/** Opens the queues, on PostgreSQL after bringing BullMQ's own schema up to date: its start check compares majors only. */
export async function openQueueBackend(options: QueueBackendOptions): Promise<QueueBackend> {
  return options.redisUrl === undefined ? onPostgres(options) : onRedis(options, options.redisUrl)
}

async function onPostgres({ pool, log }: QueueBackendOptions): Promise<QueueBackend> {
  // Every queue and worker listens for errors on the one pool they share: no leak, so no warning.
  pool.setMaxListeners(0)
  await migrateQueues(pool)
  const factory = createPostgresBackend as unknown as BackendFactory
  const connection = pool as never
  const queues = openQueues(
    log,
    (name) => new Queue(name, { connection, defaultJobOptions }, factory) as unknown as Queue,
  )
  // One that loses the database now would stay without it for ever: then the start fails, and the next one is another try.
  await Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()))
  return {
    kind: 'postgres',
    queues,
    openWorker: (name, processor, rest) =>
      new Worker(name, processor, { ...rest, skipStalledCheck: true, connection }, factory) as unknown as Worker,
    async check() {
      await pool.query('select from job limit 1')
    },
    async mend() {
      const { rows } = await pool.query("select to_regclass('job') is null as gone")
      if (rows[0]?.gone !== true) return false
      await migrateQueues(pool)
      log.warn('the tables of the queues were gone: they are made again, and filled from the ledger')
      return true
    },
    rescueStalled,
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()))
    },
  }
}

async function migrateQueues(pool: Database['queuePool']): Promise<void> {
  const client = await pool.connect()
  try {
    await runMigrations(client)
  } finally {
    client.release()
  }
}

function onRedis({ redisCluster, prefix, log }: QueueBackendOptions, url: string): QueueBackend {
  // Producers fail at once while Redis is away: the ledger keeps the work. Workers wait for it to come back.
  const producer = connect(url, redisCluster, { enableOfflineQueue: true, maxRetriesPerRequest: 1 })
  const consumer = connect(url, redisCluster, { maxRetriesPerRequest: null })
  for (const connection of [producer, consumer]) {
    connection.on('error', (error: Error) => log.warn({ error: error.message }, 'the connection to Redis is lost'))
  }
  // Braces keep all keys of a prefix in one cluster slot, as BullMQ's scripts need.
  const keyPrefix = redisCluster ? `{${prefix}}` : prefix
  const queues = openQueues(
    log,
    (name) => new Queue(name, { connection: producer, prefix: keyPrefix, defaultJobOptions }),
  )
  return {
    kind: 'redis',
    queues,
    openWorker: (name, processor, rest) =>
      new Worker(name, processor, { ...rest, connection: consumer, prefix: keyPrefix }),
    async check() {
      await producer.ping()
    },
    // Redis has nothing to make.
    mend: async () => false,
    rescueStalled: async () => {},
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()))
      producer.disconnect()
      consumer.disconnect()
    },
  }
}

const defaultJobOptions = {
  // The ledger decides on every retry (see work.ts); this only has to be more than it will ever ask for.
  attempts: 1000,
  backoff: { type: 'ledger' },
  // See trimQueues.
  removeOnComplete: false,
  removeOnFail: false,
  stackTraceLimit: 5,
}

/** Longer than any command waits (10 s for a job), shorter than a dead connection may hold up the work. */
const SILENT_MS = 15 * SECOND_MS

function connect(
  url: string,
  cluster: boolean,
  change: { enableOfflineQueue?: boolean; maxRetriesPerRequest: number | null },
): Redis | Cluster {
  const options = { ...change, socketTimeout: SILENT_MS }
  return cluster ? new Cluster([url], { redisOptions: options }) : new Redis(url, options)
}

function openQueues(log: Log, open: (name: QueueName) => Queue): Map<QueueName, Queue> {
  return new Map(
    QUEUES.map((name) => {
      const queue = open(name)
      queue.on('error', (error) => log.warn({ queue: name, error: error.message }, `queue ${name}: ${error.message}`))
      return [name, queue]
    }),
  )
}
