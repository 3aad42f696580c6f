import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/db/embedded-server.ts'
import { createLog } from '../../src/log.ts'
import { openQueueBackend } from '../../src/queues/index.ts'
import { type RedisServer, startRedis, startRedisCluster, startSentinel } from '../support/redis.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { freshPrefix } from '../support/test-engine.ts'

const { database } = await createTestDatabase()

let master: RedisServer
let replica: RedisServer
let sentinel: RedisServer
let cluster: Awaited<ReturnType<typeof startRedisCluster>>

beforeAll(async () => {
  master = await startRedis()
  replica = await startRedis({ settings: ['--replicaof', '127.0.0.1', String(master.port)] })
  sentinel = await startSentinel(master.port)
  cluster = await startRedisCluster('s3cret')
})
afterAll(async () => {
  await Promise.all([sentinel.stop('SIGKILL'), replica.stop('SIGKILL'), cluster.stop(), master.stop('SIGKILL')])
})

/** What is said of a server: how it is, or what is wrong with it. */
async function examined(redisUrl: string, redisCluster = false): Promise<unknown> {
  const log = createLog('silent')
  const options = { pool: database.queuePool, redisUrl, redisCluster, prefix: freshPrefix(), log }
  const backend = await openQueueBackend(options)
  try {
    return await backend.examine().catch((error: Error) => error.message)
  } finally {
    await backend.close()
  }
}

describe('a server that REDIS_URL names', () => {
  test('is in order when it takes a key and keeps what it has', async () => {
    expect(await examined(master.url)).toEqual({ server: expect.stringMatching(/^redis \d/), evicts: null })
  })

  test('may throw jobs away, which is said', async () => {
    const forgetful = await startRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] })
    expect(await examined(forgetful.url)).toMatchObject({ evicts: 'allkeys-lru' })
    await forgetful.stop()
  })

  test('is a replica, a sentinel, or a node of a cluster, each with what to set instead', async () => {
    expect(await examined(replica.url)).toBe(
      `REDIS_URL names a replica, which takes no jobs; set it to its master, 127.0.0.1:${master.port}`,
    )
    expect(await examined(sentinel.url)).toBe(
      'REDIS_URL names a sentinel, which holds no queues; set it to the master it watches',
    )
    expect(await examined(node().url.replace('//', '//:s3cret@'))).toBe(
      'REDIS_URL names a node of a cluster; set REDIS_CLUSTER=true',
    )
  })

  test('wants a password, or is no cluster', async () => {
    expect(await examined(node().url)).toContain('put the password into REDIS_URL')
    expect(await examined(master.url, true)).toMatch(/^Redis cannot be used: /)
  })

  test('is out of memory', async () => {
    const full = await startRedis({ settings: ['--maxmemory', '1'] })
    expect(await examined(full.url)).toContain('raise its maxmemory')
    await full.stop()
  })

  test('is not there', async () => {
    const gone = `redis://127.0.0.1:${await freePort()}`
    expect(await examined(gone)).toMatch(/^Redis cannot be used: /)
    expect(await examined(gone, true)).toMatch(/^Redis cannot be used: /)
  })
})

test('every node of a cluster is asked with the password of REDIS_URL', async () => {
  expect(await examined(node().url.replace('//', '//:s3cret@'), true)).toMatchObject({ evicts: null })
})

function node(): RedisServer {
  const [first] = cluster.nodes
  if (!first) throw new Error('the cluster has no node')
  return first
}
