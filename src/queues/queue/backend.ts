import {
  type BackendFactory,
  createPostgresBackend,
  type Processor,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
} from 'bullmq'
import type { Database, SystemDatabase } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import { QUEUES, type QueueName } from '../job.ts'
import { checkRedis, examineRedis, redisWords } from './check-redis.ts'
import { ALWAYS_WELL, type QueueHealth, watchQueueHealth } from './queue-health.ts'
import { openRedis } from './redis-connections.ts'
import { rescueStalled } from './rescue-stalled.ts'

/** Where BullMQ lives: PostgreSQL beside the ledger, or Redis. Nothing outside this file knows which. */
export type QueueBackend = {
  kind: 'postgres' | 'redis'
  queues: Map<QueueName, Queue>
  openWorker(name: QueueName, processor: Processor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): Worker
  health: QueueHealth
  /** Whether they can be used now; throws within seconds. */
  check(): Promise<void>
  /**
   * Whether it is a server as they need it, for a start and for doctor. `evicts`: the policy by which it may throw jobs
   * away. Throws InputError.
   */
  examine(): Promise<{ server: string; evicts: string | null }>
  /**
   * Makes what the queues need and somebody has removed; the ledger fills it again. Says whether anything was missing.
   */
  repair(): Promise<boolean>
  /**
   * Gives back the jobs of workers that fell silent, where workers do not see to that by themselves. Cheap to call
   * often.
   */
  rescueStalled(db: SystemDatabase): Promise<void>
  /** Ends what workers wait for at a server that does not answer them; null where they wait for nothing. */
  cutOff: (() => void) | null
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

/**
 * Opens the queues, on PostgreSQL after bringing BullMQ's own schema up to date: its start check compares majors only.
 */
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
    (name) => new Queue(name, { connection, defaultJobOptions, streams }, factory) as unknown as Queue,
  )
  // One that loses the database now would stay without it for ever: then the start fails, and the next one is another
  // try.
  await Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()))
  return {
    kind: 'postgres',
    queues,
    openWorker: (name, processor, rest) =>
      new Worker(name, processor, { ...rest, skipStalledCheck: true, connection }, factory) as unknown as Worker,
    health: ALWAYS_WELL,
    check: () => checkPostgres(pool),
    async examine() {
      await checkPostgres(pool)
      return { server: 'postgres', evicts: null }
    },
    async repair() {
      const { rows } = await pool.query("select to_regclass('job') is null as gone")
      if (rows[0]?.gone !== true) return false
      await migrateQueues(pool)
      log.warn('the tables of the queues were gone: they are made again, and filled from the ledger')
      return true
    },
    rescueStalled,
    cutOff: null,
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()))
    },
  }
}

async function checkPostgres(pool: Database['queuePool']): Promise<void> {
  await pool.query('select from job limit 1')
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
  const redis = openRedis(url, redisCluster, (error) => health.report(error))
  // Braces keep all keys of a prefix in one cluster slot, as BullMQ's scripts need.
  const keyPrefix = redisCluster ? `{${prefix}}` : prefix
  const health = watchQueueHealth(() => checkRedis(redis.producer, keyPrefix), log)
  const queues = openQueues(
    log,
    (name) => new Queue(name, { connection: redis.producer, prefix: keyPrefix, defaultJobOptions, streams }),
    health,
  )
  return {
    kind: 'redis',
    queues,
    openWorker: (name, processor, rest) =>
      new Worker(name, processor, { ...rest, connection: redis.consumer, prefix: keyPrefix }),
    health,
    async check() {
      await checkRedis(redis.producer, keyPrefix).catch((error: unknown) => {
        health.report(error)
        throw new Error(redisWords(error), { cause: error })
      })
    },
    async examine() {
      const { version, evicts } = await examineRedis(redis.producer, keyPrefix, health.trouble)
      return { server: `redis ${version}`, evicts }
    },
    // Redis has nothing to make.
    repair: async () => false,
    rescueStalled: async () => {},
    cutOff: redis.cutOff,
    async close() {
      health.stop()
      await Promise.all([...queues.values()].map((queue) => queue.close()))
      redis.close()
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

/**
 * Nobody listens to a queue's events; BullMQ would keep ten thousand of each. None at all would be all of them, on
 * PostgreSQL.
 */
const streams = { events: { maxLen: 100 } }

function openQueues(log: Log, open: (name: QueueName) => Queue, health = ALWAYS_WELL): Map<QueueName, Queue> {
  return new Map(
    QUEUES.map((name) => {
      const queue = open(name)
      queue.on('error', (error) => {
        if (!health.report(error)) log.warn({ queue: name, error: error.message }, `queue ${name}: ${error.message}`)
      })
      return [name, queue]
    }),
  )
}
