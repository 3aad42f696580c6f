import { Cluster, Redis } from 'ioredis'
import { SECOND_MS } from '../../time.ts'

/** Longer than any command waits (10 s for a job), shorter than a dead connection may hold up the work. */
const SILENT_MS = 15 * SECOND_MS

export type RedisConnections = {
  /** Fails at once while Redis is away: the ledger keeps the work. */
  producer: Redis | Cluster
  /** Waits for it to come back. BullMQ makes more of it, one for each worker. */
  consumer: Redis | Cluster
  /** Ends the workers' connections, whatever they wait for. */
  cutOff(): void
  close(): void
}

/** `onError` hears of everything that becomes of a connection. */
export function openRedis(url: string, cluster: boolean, onError: (error: Error) => void): RedisConnections {
  const consumers: (Redis | Cluster)[] = []
  const producer = connect(url, cluster, 1)
  producer.on('error', onError)
  const consumer = kept(connect(url, cluster, null), consumers)
  consumer.on('error', onError)
  const cutOff = () => {
    for (const each of consumers) endForGood(each)
  }
  return {
    producer,
    consumer,
    cutOff,
    close() {
      endForGood(producer)
      cutOff()
    },
  }
}

function connect(url: string, cluster: boolean, maxRetriesPerRequest: number | null): Redis | Cluster {
  const options = {
    maxRetriesPerRequest,
    socketTimeout: SILENT_MS,
    // The address may lead to another server by now, as it does after a failover.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }
  if (!cluster) return new Redis(url, options)
  const { username, password, protocol } = new URL(url)
  const redisOptions = {
    ...options,
    // The address's own hold for the node it names only.
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  }
  return new Cluster([url], { redisOptions })
}

/** BullMQ connects again what ends under it; that one try is the last. */
function endForGood(client: Redis | Cluster): void {
  if (client instanceof Cluster) client.options.clusterRetryStrategy = () => null
  else client.options.retryStrategy = () => null
  client.disconnect()
}

/** BullMQ duplicates a worker's connection, and forgets the copy when it cannot say goodbye to the server. */
function kept<T extends Redis | Cluster>(client: T, all: (Redis | Cluster)[]): T {
  all.push(client)
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => T
  client.duplicate = ((...args: unknown[]) => kept(duplicate(...args), all)) as T['duplicate']
  return client
}
