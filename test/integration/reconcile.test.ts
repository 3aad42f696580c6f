import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRegistry, on } from '../../src/queues/index.ts'
import { createLedger } from '../../src/queues/ledger.ts'
import { dispatch } from '../../src/queues/queue/dispatch.ts'
import { reconcile } from '../../src/queues/queue/reconcile.ts'
import { AGREED, disagreementOf } from '../support/agreement.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, openTestEngine, type TestEngine, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
await given.client(db)
const work = testJob('work', async () => {})

describe.each<BackendKind>(['postgres', 'redis'])('a sweep on %s', (kind) => {
  let opened: TestEngine
  let said: string[] = []

  beforeEach(async () => {
    await db.deleteFrom('runs').execute()
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
