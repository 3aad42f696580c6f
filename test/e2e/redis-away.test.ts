import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/db/embedded-server.ts'
import { type Ended, makeDataFolder, runDaybreak, startDaybreak } from '../support/program.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { url } = await createTestDatabase()
const data = await makeDataFolder()
let nowhere: string
let replica: RedisServer

beforeAll(async () => {
  nowhere = `redis://127.0.0.1:${await freePort()}`
  replica = await startRedis({ settings: ['--replicaof', '127.0.0.1', '1'] })
})
afterAll(async () => {
  await replica.stop('SIGKILL')
  await data.remove()
})

function settings(redisUrl: string, cluster = false) {
  return { DATABASE_URL: url, DATA_DIR: data.path, PORT: '0', REDIS_URL: redisUrl, REDIS_CLUSTER: String(cluster) }
}

/** A process that hangs is killed, and has no code then. */
function daybreak(words: string[], redisUrl: string, cluster = false): Promise<Ended> {
  return runDaybreak(words, settings(redisUrl, cluster))
}

describe.each([
  ['a single server', false],
  ['the only seed of a cluster', true],
])('without %s', (_name, cluster) => {
  test('a start ends with 1 and says why', async () => {
    const { code, err } = await daybreak(['start'], nowhere, cluster)
    expect(code).toBe(1)
    expect(err).toMatch(/daybreak: Redis cannot be used: /)
  })

  test('doctor says so and looks at all else', async () => {
    const { code, out } = await daybreak(['doctor'], nowhere, cluster)
    expect(code).toBe(1)
    expect(out).toMatch(/^NOT OK {2}queues +Redis cannot be used: .*; see that it runs/m)
    expect(out).toMatch(/^ok +board/m)
  })
})

test('neither takes a replica for a server of jobs', async () => {
  const words = 'REDIS_URL names a replica, which takes no jobs; set it to its master, 127.0.0.1:1'
  expect(await daybreak(['start'], replica.url)).toMatchObject({ code: 1, err: expect.stringContaining(words) })
  expect((await daybreak(['doctor'], replica.url)).out).toContain(words)
})

test('the program ends on SIGTERM while its Redis is gone', async () => {
  const redis = await startRedis()
  const started = await startDaybreak(settings(redis.url))
  await redis.stop('SIGKILL')
  expect(await started.stop()).toBe(0)
})
