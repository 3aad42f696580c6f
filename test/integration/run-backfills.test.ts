import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { type BackfillRequest, on } from '../../src/queues/index.ts'
import type { AnyJob, JobSchedule } from '../../src/queues/job.ts'
import { planRuns } from '../../src/queues/runs/plan-runs.ts'
import { addDays, dayBefore } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import {
  type BackendKind,
  freshPrefix,
  openTestEngine,
  type TestEngine,
  type TestPayload,
  testJob,
} from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system

/** Longer than any test. */
const FOR_EVER_MS = 3_600_000
const schedule: JobSchedule<TestPayload> = {
  cron: '10 0 * * *',
  zone: 'client',
  scope: 'client',
  catchUp: 'all',
  catchUpWithinMs: null,
  lateAfterMs: null,
  overlap: 'allow',
  payload: (dueAt, client) => ({ clientId: client.id, name: dayBefore(dueAt, client.timeZone) }),
}
const window = ({ name }: TestPayload) => ({ from: name, to: addDays(name, 1) })

function nightlyJob(run: (payload: TestPayload, context: { signal: AbortSignal }) => Promise<void>): AnyJob {
  return testJob('nightly', run, { schedule, window })
}

/** Day `n` of a month of 31 days. */
function day(n: number): string {
  return `2026-01-${String(n).padStart(2, '0')}`
}

describe.each<BackendKind>(['postgres', 'redis'])('on %s', (kind) => {
  let opened: TestEngine[] = []

  beforeEach(async () => {
    await emptyDatabase(db)

    await given.client(db)
  })

  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()))
    opened = []
  })

  async function open(jobs: AnyJob[], prefix = freshPrefix()): Promise<TestEngine> {
    const engine = await openTestEngine(kind, database, jobs, prefix)
    opened.push(engine)
    return engine
  }

  async function work({ engine }: TestEngine): Promise<void> {
    await engine.startScheduler()
    await engine.startWorkers()
  }

  async function start({ engine }: TestEngine, job: AnyJob, change: Partial<BackfillRequest> = {}): Promise<string> {
    const days = { from: day(1), to: day(31) }
    const options = { reprocess: 'failed', newestFirst: false, runsMax: 4 } as const
    const request = { job, clientId: 'acme', scheduleId: null, ...days, ...options, ...change }
    return (await engine.ledger.startBackfill(request, { requestedBy: 'tester' })).backfill.id
  }

  function ended({ engine }: TestEngine, id: string) {
    return vi.waitFor(async () => {
      const backfill = await engine.ledger.findBackfill(id)
      expect(['done', 'failed', 'cancelled', 'blocked']).toContain(backfill?.state)
      return backfill
    }, PATIENCE)
  }

  function inFlight(backfillId: string): Promise<{ id: string }[]> {
    const open = db.selectFrom('runs').select('id').where('backfill_id', '=', backfillId)
    return open.where('state', 'in', ['queued', 'running']).execute()
  }

  test.each([
    ['the oldest', false, [1, 2, 3, 4, 5, 6]],
    ['the newest', true, [6, 5, 4, 3, 2, 1]],
  ] as const)('%s window goes first', async (_which, newestFirst, order) => {
    const begun: string[] = []
    const job = nightlyJob(async ({ name }) => void begun.push(name))
    const engine = await open([job])
    const id = await start(engine, job, { to: day(7), newestFirst, runsMax: 1 })
    await work(engine)
    expect(await ended(engine, id)).toMatchObject({ state: 'done', share: 1, runs: { succeeded: 6, total: 6 } })
    expect(begun).toEqual(order.map(day))
  })

  test('never more than its cap is in flight', async () => {
    const job = nightlyJob(() => sleep(20))
    const prefix = freshPrefix()
    const [one, two] = [await open([job], prefix), await open([job], prefix)]
    const id = await start(one, job, { runsMax: 3 })
    const counts: number[] = []
    const watching = new AbortController()
    const watch = (async () => {
      while (!watching.signal.aborted) counts.push((await inFlight(id)).length)
    })()
    await Promise.all([work(one), work(two)])
    await ended(one, id)
    watching.abort()
    await watch
    expect(Math.max(...counts)).toBe(3)
    expect(counts.length).toBeGreaterThan(30)
  })

  test('a live run overtakes it', async () => {
    const job = nightlyJob(() => sleep(150))
    const engine = await open([job])
    const id = await start(engine, job, { runsMax: 2 })
    await work(engine)
    await vi.waitFor(
      async () => expect((await engine.engine.ledger.findBackfill(id))?.runs.succeeded).toBeGreaterThan(1),
      PATIENCE,
    )
    const asked = { origin: 'schedule', requestedBy: null, priority: 2 } as const
    await planRuns(db, [
      // A new window of tonight, and the last of the backfill, which a report of tonight stands on.
      { request: on(job, { clientId: 'acme', name: '2026-02-01' }), options: asked },
      { request: on(job, { clientId: 'acme', name: day(30) }), options: asked },
    ])
    const live = db.selectFrom('runs').select('id').where('priority', '=', 2)
    const done = live.where('state', '=', 'succeeded')
    await vi.waitFor(async () => expect(await done.execute()).toHaveLength(2), PATIENCE)
    expect((await engine.engine.ledger.findBackfill(id))?.runs.planned).toBeGreaterThan(10)
    await engine.engine.ledger.cancelBackfill(id)
  })

  test('a cancel stops what runs and starts nothing more', async () => {
    const begun: string[] = []
    const job = nightlyJob(async ({ name }, { signal }) => {
      begun.push(name)
      await sleep(FOR_EVER_MS, undefined, { signal })
    })
    const engine = await open([job])
    const id = await start(engine, job, { runsMax: 6 })
    await work(engine)
    // Four at work, as many as the workers take, and two in the queue.
    await vi.waitFor(() => expect(begun).toHaveLength(4), PATIENCE)
    await vi.waitFor(async () => expect(await inFlight(id)).toHaveLength(6), PATIENCE)
    const [first, second] = [
      await engine.engine.ledger.cancelBackfill(id),
      await engine.engine.ledger.cancelBackfill(id),
    ]
    expect([first.state, first.runs.cancelled, second.cancelledAt]).toEqual(['cancelling', 26, first.cancelledAt])
    expect(await ended(engine, id)).toMatchObject({ state: 'cancelled', runs: { cancelled: 30, total: 30 } })
    expect(begun).toHaveLength(4)
    expect(await engine.backend.queues.get('aggregation')?.getJobCounts('waiting', 'prioritized')).toEqual({
      waiting: 0,
      prioritized: 0,
    })
  })

  test('what fails is counted, and asking again runs only that again', async () => {
    const tries: string[] = []
    let broken = true
    const job = nightlyJob(async ({ name }) => {
      tries.push(name)
      if (broken && name === day(2)) throw new PermanentError('object-missing', 'it is broken')
    })
    const top = testJob('top', async () => {}, {
      schedule,
      window,
      after: (payload: TestPayload) => [on(job, payload)],
    })
    const engine = await open([job, top])
    await work(engine)
    const first = await start(engine, top, { to: day(4) })
    const runs = { planned: 1, blocked: 1, succeeded: 4, failed: 1, total: 6 }
    expect(await ended(engine, first)).toMatchObject({ state: 'blocked', runs })
    broken = false
    const second = await start(engine, top, { to: day(4) })
    expect(second).not.toBe(first)
    expect(await ended(engine, second)).toMatchObject({ state: 'done', runs: { succeeded: 1, total: 1 } })
    expect(await ended(engine, first)).toMatchObject({ state: 'done', runs: { succeeded: 5, total: 5 } })
    expect(tries.toSorted()).toEqual([day(1), day(2), day(2), day(3)])
  })
})
