import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { on } from '../../src/queues/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { freshPrefix, openTestEngine, type TestEngine, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
const work = testJob('work', async () => {
  await sleep(50)
})
/** More than are done in a moment: a worker that has more to do asks for it without a pause. */
const BACKLOG = 40
/**
 * How long the commands of workers that have nothing to do are counted, and how many these may be: one that spins sends
 * tens of thousands.
 */
const COUNTED_MS = 3000
const COMMANDS_MAX = 1000

let server: RedisServer
let operator: Redis
let opened: TestEngine
let said: string[]

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
  server = await startRedis()
  operator = new Redis(server.url)
  said = []
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void said.push((JSON.parse(line) as { msg: string }).msg) },
  )
  opened = await openTestEngine('redis', database, [work], freshPrefix(), null, { redisUrl: server.url, log })
  await opened.engine.startScheduler()
  await opened.engine.startWorkers()
  await isDone(await request('before'))
  said.length = 0
})
afterEach(async () => {
  await opened.close()
  operator.disconnect()
  await server.stop()
})

async function request(name: string): Promise<string> {
  return (await opened.engine.ledger.request(on(work, { clientId: 'acme', name }), asked)).runId
}

async function isDone(runId: string): Promise<void> {
  await vi.waitFor(async () => expect((await opened.engine.ledger.find(runId))?.state).toBe('succeeded'), PATIENCE)
}

async function commandsSoFar(): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await operator.info('stats'))?.[1])
}

const refusals: [string, { begin(): Promise<unknown>; end(): Promise<unknown> }][] = [
  [
    'READONLY',
    {
      begin: () => operator.replicaof('127.0.0.1', 1),
      end: () => operator.replicaof('NO', 'ONE'),
    },
  ],
  [
    'OOM',
    {
      begin: () => operator.config('SET', 'maxmemory', '1'),
      end: () => operator.config('SET', 'maxmemory', '0'),
    },
  ],
  [
    'NOAUTH',
    {
      async begin() {
        await operator.config('SET', 'requirepass', 's3cret')
        await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      },
      end: () => operator.config('SET', 'requirepass', ''),
    },
  ],
]

describe.each(refusals)('a Redis that refuses its work with %s', (word, { begin, end }) => {
  test('pauses the workers with one line, and they go on by themselves when it takes it again', async () => {
    const waiting = await Promise.all(Array.from({ length: BACKLOG }, (_, n) => request(`backlog-${n}`)))
    await isDone(waiting[0] ?? '')
    await begin()
    waiting.push(await request('one'), await request('two'))
    await vi.waitFor(() => expect(said.some((line) => line.includes(word))).toBe(true), PATIENCE)
    const before = await commandsSoFar()
    await sleep(COUNTED_MS)
    expect((await commandsSoFar()) - before).toBeLessThan(COMMANDS_MAX)
    expect(said.filter((line) => line.includes(word))).toEqual([
      expect.stringMatching(new RegExp(`^the queues cannot be used: .*${word}`)),
    ])
    await expect(opened.backend.check()).rejects.toThrow(word)
    await end()
    for (const runId of waiting) await isDone(runId)
    expect(said.filter((line) => line.startsWith('the queues can'))).toHaveLength(2)
  })

  test('keeps no node from ending', async () => {
    await begin()
    await request('one')
    await vi.waitFor(() => expect(opened.backend.health.trouble()).toContain(word), PATIENCE)
    await opened.close(1000)
    await end()
    opened = await openTestEngine('redis', database, [work], freshPrefix(), null, { redisUrl: server.url })
  })
})
