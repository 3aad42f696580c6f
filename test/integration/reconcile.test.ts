import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createRegistry, on } from '../../src/queues/index.ts'
import { createLedger } from '../../src/queues/ledger.ts'
import { dispatch } from '../../src/queues/queue/dispatch.ts'
import { reconcile, trimQueues } from '../../src/queues/queue/reconcile.ts'
import { AGREED, disagreementOf } from '../support/agreement.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, openTestEngine, type TestEngine, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
const work = testJob('work', async () => {})

describe.each<BackendKind>(['postgres', 'redis'])('a sweep on %s', (kind) => {
  let opened: TestEngine
  let said: string[] = []

  beforeEach(async () => {
    await emptyDatabase(db)
    await given.client(db)
    said = []
    opened = await openTestEngine(kind, database, [work])
    for (const queue of opened.backend.queues.values()) await queue.obliterate({ force: true })
  })
  afterEach(() => opened.close())

  const toolsOf = ({ backend }: TestEngine) => ({
    db,
    backend,
    clientRunsMax: 50,
    log: pino(
      { level: 'warn' },
      { write: (line: string) => void said.push((JSON.parse(line) as { msg: string }).msg) },
    ),
  })

  async function givenQueued(...names: string[]): Promise<string[]> {
    const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
    // The engine's own would dispatch meanwhile.
    const registry = createRegistry([work])
    const ledger = createLedger({ db, backend: opened.backend, registry, atOnce: null, onPlanned() {} })
    const ids: string[] = []
    for (const name of names) {
      const { runId } = await ledger.request(on(work, { clientId: 'acme', name }), asked)
      ids.push(runId)
    }
    await dispatch(toolsOf(opened))
    return ids
  }

  function queueOf({ backend }: TestEngine) {
    const queue = backend.queues.get('aggregation')
    if (!queue) throw new Error('there is no queue aggregation')
    return queue
  }

  test('reports and removes jobs whose run the ledger does not know or has ended, wherever they wait, and no other', async () => {
    const queue = queueOf(opened)
    const [open = '', ended = ''] = await givenQueued('open', 'ended')
    await db.updateTable('runs').set({ state: 'succeeded' }).where('id', '=', ended).execute()
    const unknown = randomUUID()
    await queue.add('work', {}, { jobId: unknown })
    await queue.add('work', {}, { jobId: 'no-run', priority: 2 })
    await queue.add('work', {}, { jobId: 'later', delay: 60_000 })
    await reconcile(toolsOf(opened), { olderThanMs: 0 })
    expect(await queue.getRanges(['wait', 'prioritized', 'delayed'], 0, -1)).toEqual([open])
    expect(said).toEqual(['4 jobs in queue aggregation had no open run in the ledger and were removed'])
    expect(await disagreementOf(db, opened.backend)).toEqual(AGREED)
  })

  test('plans a queued run again that its queue has lost, and no other', async () => {
    const [lost = '', kept = ''] = await givenQueued('lost', 'kept')
    await queueOf(opened).remove(lost)
    expect(await reconcile(toolsOf(opened), { olderThanMs: 0 })).toBe(1)
    const states = await db.selectFrom('runs').select(['id', 'state']).execute()
    expect(Object.fromEntries(states.map(({ id, state }) => [id, state]))).toEqual({
      [lost]: 'planned',
      [kept]: 'queued',
    })
    expect(said).toEqual(['1 runs were no longer in their queue and are dispatched again'])
    await dispatch(toolsOf(opened))
    expect(await disagreementOf(db, opened.backend)).toEqual(AGREED)
  })

  /** Jobs that have ended, as a worker leaves them. */
  async function givenFinished(jobs: number): Promise<void> {
    const queue = queueOf(opened)
    if (kind === 'postgres') {
      await sql`
        insert into bullmq.job (queue, id, seq, name, state, added_at_ms, finished_at_ms)
        select ${queue.name}, n::text, n, 'work', 'completed', n, n from generate_series(1, ${jobs}::integer) n`.execute(
        db,
      )
      return
    }
    const redis = new Redis(inject('redisUrl'))
    const pipeline = redis.pipeline()
    for (let id = 1; id <= jobs; id += 1) {
      pipeline.zadd(queue.toKey('completed'), id, String(id))
      pipeline.hset(queue.toKey(String(id)), { name: 'work', data: '{}', timestamp: id, finishedOn: id })
    }
    await pipeline.exec()
    redis.disconnect()
  }

  test('leaves the last hundred of the jobs that have ended, however many there are', async () => {
    await givenFinished(12_000)
    expect(await queueOf(opened).getJobCounts('completed')).toEqual({ completed: 12_000 })
    await trimQueues(opened.backend)
    expect(await queueOf(opened).getJobCounts('completed')).toEqual({ completed: 100 })
    expect(await queueOf(opened).getJob('12000')).toBeDefined()
  })

  test('finds few events in a queue: nobody listens to them', async () => {
    // To obliterate a queue takes its settings along.
    await opened.close()
    opened = await openTestEngine(kind, database, [work])
    const queue = queueOf(opened)
    // Two events each.
    for (let job = 0; job < 400; job += 1) await queue.add('work', {})
    expect(await countEvents()).toBeLessThan(500)
  })

  async function countEvents(): Promise<number> {
    const queue = queueOf(opened)
    if (kind === 'postgres') {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from bullmq.event where queue = ${queue.name}`.execute(db)
      return rows[0]?.n ?? 0
    }
    const redis = new Redis(inject('redisUrl'))
    const events = await redis.xlen(queue.toKey('events'))
    redis.disconnect()
    return events
  }

  test('sees what waits in a paused queue, and what is added to it', async () => {
    const queue = queueOf(opened)
    await givenQueued('before')
    await queue.pause()
    await givenQueued('meanwhile')
    expect(await reconcile(toolsOf(opened), { olderThanMs: 0 })).toBe(0)
    expect(await disagreementOf(db, opened.backend)).toEqual(AGREED)
    expect(await queue.getRanges(['wait', 'prioritized'], 0, -1)).toHaveLength(2)
    expect(said).toEqual([])
    await queue.resume()
  })
})
