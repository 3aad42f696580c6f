import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cancelBackfill } from '../../src/queues/backfills/backfills.ts'
import { type AnyJob, createRegistry, type Ledger, on } from '../../src/queues/index.ts'
import { createLedger } from '../../src/queues/ledger.ts'
import { planLostRuns } from '../../src/queues/queue/plan-lost-runs.ts'
import { closeLostExecutions } from '../../src/reports/execution/close-lost-executions.ts'
import type { RunState } from '../../src/run-state.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, openTestEngine, type TestEngine, testJob } from '../support/test-engine.ts'

/** What was done, and is cancelled when it is to be done once more, is done. */

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
const asked = { origin: 'person', requestedBy: 'first', again: 'no' } as const
const again = { origin: 'late-facts', requestedBy: 'scheduler', again: 'all' } as const

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

/** The run as people see it, but for the attempt and for who stopped it. */
async function only() {
  const {
    attempt: _,
    cancel_requested_at,
    node: _node,
    not_before: _at,
    ...run
  } = await db.selectFrom('runs').selectAll().executeTakeFirstOrThrow()
  return { ...run, isStopAsked: cancel_requested_at !== null }
}

describe.each<BackendKind>(['postgres', 'redis'])('on %s', (kind) => {
  let engine: TestEngine
  let isHeld = false
  const job: AnyJob = testJob('count', async (_payload, { commit, signal }) => {
    if (isHeld) await new Promise((_done, failed) => signal.addEventListener('abort', () => failed(signal.reason)))
    await commit(async () => {})
  })
  const request = on(job, { clientId: 'acme', name: 'one' })

  beforeEach(async () => {
    isHeld = false
    engine = await openTestEngine(kind, database, [job])
    await engine.engine.startScheduler()
  })
  afterEach(() => engine.close())

  async function doneOnce() {
    const { runId } = await engine.engine.ledger.request(request, asked)
    await engine.engine.startWorkers()
    await vi.waitFor(async () => expect(await only()).toMatchObject({ state: 'succeeded' }), PATIENCE)
    await db
      .updateTable('runs')
      .set({ result: JSON.stringify({ rows: 7 }) })
      .execute()
    return { runId, done: await only() }
  }

  test('when the second time is at work', async () => {
    const { runId, done } = await doneOnce()
    isHeld = true
    await engine.engine.ledger.request(request, again)
    await vi.waitFor(async () => expect(await only()).toMatchObject({ state: 'running', result: null }), PATIENCE)
    await engine.engine.ledger.cancel(runId, 'somebody')
    await vi.waitFor(async () => expect(await only()).toEqual({ ...done, isStopAsked: true }), PATIENCE)
    const attempts = await db.selectFrom('run_attempts').select('outcome').orderBy('attempt').execute()
    expect(attempts).toEqual([{ outcome: 'succeeded' }, { outcome: 'cancelled' }])
    isHeld = false
    await engine.engine.ledger.request(request, again)
    await vi.waitFor(
      async () =>
        expect(await only()).toMatchObject({ state: 'succeeded', result: null, done_before: null, isStopAsked: false }),
      PATIENCE,
    )
  })
})

describe('whoever cancels it, and however', () => {
  const job = testJob('count', async () => {})
  const request = on(job, { clientId: 'acme', name: 'one' })
  let engine: TestEngine
  let ledger: Ledger
  beforeEach(async () => {
    engine = await openTestEngine('postgres', database, [job])
    // Nothing is dispatched, so that what waits goes on waiting.
    const tools = { db, backend: engine.backend, registry: createRegistry([job]), atOnce: null, onPlanned() {} }
    ledger = createLedger(tools)
  })
  afterEach(() => engine.close())

  async function doneAndPlannedAgain() {
    const { runId } = await ledger.request(request, asked)
    await db
      .updateTable('runs')
      .set({
        ...{ state: 'succeeded', attempt: 1, progress: 1, failures: 2, result: JSON.stringify({ rows: 7 }) },
        ...{ started_at: '2026-03-01T01:00:00.123456Z', finished_at: '2026-03-01T01:00:01Z' },
      })
      .execute()
    const done = await only()
    await ledger.request(request, again)
    expect(await only()).toMatchObject({ state: 'planned', result: null, finished_at: null, failures: 0 })
    return { runId, done: { ...done, isStopAsked: true } }
  }

  const set = (state: RunState, more: object = {}) =>
    db
      .updateTable('runs')
      .set({ state, node: 'gone', ...more })
      .execute()

  test.each<[string, (runId: string) => Promise<unknown>]>([
    ['a person, while it is planned', (runId) => ledger.cancel(runId, 'somebody')],
    [
      'a person, while it is queued',
      async (runId) => {
        await set('queued')
        await ledger.cancel(runId, 'somebody')
      },
    ],
    ['the page of the queue', (runId) => ledger.cancelAll([runId], 'somebody')],
    [
      'a search',
      () =>
        ledger.changeAll({
          action: 'discard',
          filter: { states: ['planned'] },
          seen: 1,
          requestedBy: 'x',
        }),
    ],
    [
      'a node that forgot it while it was to stop',
      async (id) => {
        await set('running', { cancel_requested_at: '2026-03-02T00:00:00Z', started_at: '2026-03-02T00:00:00Z' })
        await planLostRuns(db, [{ id, state: 'running', attempt: 1 }])
      },
    ],
    [
      'a person, after a second time that failed and was tried again',
      async (runId) => {
        await set('failed', {
          failures: 3,
          error_code: 'error',
          error_message: 'no',
          finished_at: '2026-03-02T00:00:00Z',
        })
        await ledger.retry(runId, 'somebody')
        await ledger.cancel(runId, 'somebody')
      },
    ],
  ])('%s', async (_who, cancel) => {
    const { runId, done } = await doneAndPlannedAgain()
    await cancel(runId)
    const { node: _, ...run } = { node: null, ...(await only()) }
    expect(run).toEqual(done)
  })

  test('a backfill that is cancelled: the run counts in it as done', async () => {
    const { done } = await doneAndPlannedAgain()
    const { id } = await db
      .insertInto('backfills')
      .values({
        ...{ client_id: 'acme', job: 'count', window_from: '2026-03-01', window_to: '2026-03-02', reprocess: 'all' },
        ...{ newest_first: false, runs_max: 4, requested_by: 'x' },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await db.updateTable('runs').set({ backfill_id: id, priority: 3 }).execute()
    await cancelBackfill(db, id)
    expect(await only()).toEqual({ ...done, backfill_id: id })
  })

  test('what never succeeded is cancelled, and what failed the second time and is set aside too', async () => {
    const { runId } = await ledger.request(request, asked)
    await ledger.cancel(runId, 'somebody')
    expect(await only()).toMatchObject({ state: 'cancelled', requested_by: 'somebody' })
    await db.deleteFrom('runs').execute()
    await doneAndPlannedAgain()
    await set('failed', { error_code: 'error', error_message: 'no' })
    await ledger.changeAll({ action: 'discard', filter: { states: ['failed'] }, seen: 1, requestedBy: 'x' })
    expect(await only()).toMatchObject({ state: 'cancelled', error_code: 'discarded' })
  })

  test('the execution of its report is completed again, with the files it had', async () => {
    const { runId, done } = await doneAndPlannedAgain()
    await ledger.cancel(runId, 'somebody')
    const window = { window_from: '2026-03-01', window_to: '2026-03-02', time_zone: 'UTC', currency: 'EUR' }
    await db
      .insertInto('executions')
      .values({ client_id: 'acme', id: runId, report: 'monthly-revenue', state: 'running', ...window })
      .execute()
    await closeLostExecutions(db)
    expect(await db.selectFrom('executions').select(['state', 'error_message', 'finished_at']).execute()).toEqual([
      { state: 'completed', error_message: null, finished_at: done.finished_at },
    ])
  })

  test('whoever is refused a cancel hears of the state that stood in the way, not of one before it', async () => {
    const { runId } = await ledger.request(request, asked)
    await set('running')
    const ending = Promise.withResolvers<void>()
    const written = Promise.withResolvers<void>()
    const finish = db.transaction().execute(async (tx) => {
      await tx.updateTable('runs').set({ state: 'succeeded' }).execute()
      written.resolve()
      await ending.promise
    })
    await written.promise
    const refused = ledger.cancel(runId, 'somebody').catch((error: Error) => error.message)
    await vi.waitFor(async () => {
      const { rows } = await sql`select from pg_locks where not granted`.execute(db)
      expect(rows).toHaveLength(1)
    }, PATIENCE)
    ending.resolve()
    await finish
    expect(await refused).toBe('count acme.one is succeeded; there is nothing to stop.')
  })
})
