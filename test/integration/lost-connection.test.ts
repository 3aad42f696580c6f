import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, expect, test, vi } from 'vitest'
import { type AnyDatabase, type Database, openDatabase } from '../../src/db/database.ts'
import { DatabaseAwayError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { on, openQueueBackend } from '../../src/queues/index.ts'
import { type SwallowingProxy, startSwallowingProxy, throughProxy } from '../faults/swallowing-proxy.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine, testJob } from '../support/test-engine.ts'

const { url, database: eyes } = await createTestDatabase()
const log = createLog('silent')
let opened: { database: Database; proxy: SwallowingProxy } | null = null

afterEach(async () => {
  await opened?.proxy.stop()
  await opened?.database.close()
  opened = null
})

/** A database that is reached by way of a network that can swallow. */
async function openFarAway() {
  const { hostname, port } = new URL(url)
  const proxy = await startSwallowingProxy({ host: hostname, port: Number(port) })
  opened = { database: openDatabase(throughProxy(url, proxy), { max: 4, log }), proxy }
  return opened
}

async function one(db: AnyDatabase): Promise<unknown> {
  const { rows } = await sql`select 1 as one`.execute(db)
  return rows
}

test('a connection that the server ends is the database being away, in a transaction too, and the next one works', async () => {
  const { database } = await openFarAway()
  const interrupted = database
    .forClient('acme')
    .transaction()
    .execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(eyes.system)
      await sql`select 1`.execute(tx)
    })
  await expect(interrupted).rejects.toBeInstanceOf(DatabaseAwayError)
  expect(await one(database.forClient('acme'))).toEqual([{ one: 1 }])
})

test('what the server refuses stays what it is, and keeps its connection', async () => {
  const { database } = await openFarAway()
  const refused = sql`select 1 / 0`.execute(database.system)
  await expect(refused).rejects.toMatchObject({ code: '22012' })
  await expect(refused).rejects.not.toBeInstanceOf(DatabaseAwayError)
})

test('a server that nobody answers for is away', async () => {
  const { database, proxy } = await openFarAway()
  await proxy.stop()
  await expect(one(database.system)).rejects.toBeInstanceOf(DatabaseAwayError)
})

test('whoever waits on a connection that fell silent hears of it when all are dropped, and new ones work', async () => {
  const { database, proxy } = await openFarAway()
  await one(database.system)
  proxy.swallow()
  const waiting = one(database.system)
  const dropped = setTimeout(() => database.dropConnections(), 100)
  await expect(waiting).rejects.toBeInstanceOf(DatabaseAwayError)
  clearTimeout(dropped)
  proxy.heal()
  expect(await one(database.system)).toEqual([{ one: 1 }])
})

test('queues whose schema was dropped are made again, once', async () => {
  const { database } = await openFarAway()
  const backend = await openQueueBackend({
    pool: database.queuePool,
    redisUrl: undefined,
    redisCluster: false,
    prefix: 'lost',
    log,
  })
  await sql`drop schema bullmq cascade`.execute(eyes.system)
  await expect(backend.check()).rejects.toThrow('does not exist')
  expect([await backend.repair(), await backend.repair()]).toEqual([true, false])
  await backend.check()
  await backend.queues.get('reports')?.add('render-report', {}, { jobId: 'one-run' })
  expect(await backend.queues.get('reports')?.getWaitingCount()).toBe(1)
  await backend.close()
})

test('workers that lost the queues while they opened are opened again', async () => {
  await eyes.system
    .insertInto('clients')
    .values({ id: 'acme', name: 'Acme', time_zone: 'UTC', currency: 'EUR' })
    .execute()
  const job = testJob('quick', async () => {})
  const { engine, close } = await openTestEngine('postgres', eyes, [job])
  await sql`alter schema bullmq rename to elsewhere`.execute(eyes.system)
  await engine.startWorkers()
  await sleep(500)
  await sql`alter schema elsewhere rename to bullmq`.execute(eyes.system)
  await engine.startScheduler()
  const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
  const { runId } = await engine.ledger.request(on(job, { clientId: 'acme', name: 'x' }), asked)
  await vi.waitFor(async () => expect(await engine.ledger.find(runId)).toMatchObject({ state: 'succeeded' }), PATIENCE)
  await close()
})
