import { sql } from 'kysely'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { createRegistry, on } from '../../src/queues/index.ts'
import type { AnyJob, JobSchedule } from '../../src/queues/job.ts'
import { planDueSchedules } from '../../src/queues/schedules/plan-due-schedules.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { dayBefore } from '../../src/time.ts'
import { inSpan, openTracing } from '../../src/tracing.ts'
import { openCollector, type ReceivedSpan } from '../support/collector.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, openTestEngine, type TestEngine, type TestPayload, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
const log = createLog('silent')
const collector = await openCollector()
const closeTracing = await openTracing({
  endpoint: collector.endpoint,
  headers: {},
  serviceName: 'test',
  version: '1',
  keptShare: 1,
  log,
})
afterAll(async () => {
  await closeTracing()
  await collector.close()
})

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const

function spansOf(root: string): ReceivedSpan[] {
  const traceId = collector.spans.find(({ name, parentId }) => name === root && parentId === null)?.traceId
  return collector.spans.filter((span) => span.traceId === traceId)
}

/** Each span as the names from the root down to it, sorted. */
function pathsOf(spans: readonly ReceivedSpan[]): string[] {
  const pathOf = (span: ReceivedSpan): string => {
    const parent = spans.find(({ id }) => id === span.parentId)
    return parent === undefined ? span.name : `${pathOf(parent)} > ${span.name}`
  }
  return spans.map(pathOf).toSorted()
}

describe.each<BackendKind>(['postgres', 'redis'])('on %s', (kind) => {
  let opened: TestEngine[] = []
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()))
    opened = []
  })

  async function start(...jobs: AnyJob[]): Promise<TestEngine> {
    const engine = await openTestEngine(kind, database, jobs)
    opened.push(engine)
    await engine.engine.startScheduler()
    await engine.engine.startWorkers()
    return engine
  }

  test('dependencies, every try and what follows stand below who asked', async () => {
    const root = `asked on ${kind}`
    const base = testJob('base', async () => {})
    const letter = testJob('letter', async () => {
      throw new PermanentError('mail-address', 'ada@acme.example has no stamp')
    })
    const top = testJob(
      'top',
      async (payload, { attempt, commit }) => {
        if (attempt === 1) throw new Error('no luck')
        await commit((_tx, follow) => follow(on(letter, payload)))
      },
      { after: (payload: TestPayload) => [on(base, payload)] },
    )
    const { engine } = await start(base, top, letter)
    await inSpan(root, {}, null, () => engine.ledger.request(on(top, { clientId: 'acme', name: 'x' }), asked))
    const run = `${root} > plan`
    const waits = ['wait in queue', 'wait to be queued'].map((wait) => `${run} > ${wait}`)
    const follow = `${run} > run top > plan`
    const expected = [
      root,
      run,
      ...waits,
      ...waits,
      `${run} > wait in queue`,
      `${run} > run base`,
      `${run} > run top`,
      `${run} > run top`,
      follow,
      `${follow} > run letter`,
      `${follow} > wait in queue`,
      `${follow} > wait to be queued`,
    ]
    await vi.waitFor(() => expect(pathsOf(spansOf(root))).toEqual(expected.toSorted()), PATIENCE)
    const ends = spansOf(root).filter(({ name }) => name.startsWith('run'))
    const errors = ends.map(({ name, isError, attributes }) => [name, isError, attributes['error.type']].join(' '))
    expect(errors.toSorted()).toEqual([
      'run base false ',
      'run letter true mail-address',
      'run top false ',
      'run top true error',
    ])
    expect(collector.said()).not.toContain('ada@acme.example')
  })

  test('a retry is traced from who asked for it', async () => {
    const root = `retried on ${kind}`
    let broken = true
    const job = testJob('fickle', async () => {
      if (broken) throw new PermanentError('object-missing', 'it is broken')
    })
    const { engine } = await start(job)
    const { runId } = await engine.ledger.request(on(job, { clientId: 'acme', name: kind }), asked)
    await vi.waitFor(async () => expect((await engine.ledger.find(runId))?.state).toBe('failed'), PATIENCE)
    broken = false
    await inSpan(root, {}, null, () => engine.ledger.retry(runId, 'tester'))
    const run = `${root} > plan again`
    const expected = [root, run, `${run} > run fickle`, `${run} > wait in queue`]
    await vi.waitFor(() => expect(pathsOf(spansOf(root))).toEqual(expected), PATIENCE)
  })
})

test('each client’s night is a trace of its own, with all that falls due in it', async () => {
  await given.client(db, { id: 'basel' })
  const nightly: JobSchedule<TestPayload> = {
    cron: '10 0 * * *',
    zone: 'client',
    scope: 'client',
    catchUp: 'latest',
    catchUpWithinMs: null,
    lateAfterMs: null,
    overlap: 'allow',
    payload: (dueAt, client) => ({ clientId: client.id, name: dayBefore(dueAt, client.timeZone) }),
  }
  const base = testJob('base', async () => {}, { schedule: nightly })
  const top = testJob('top', async () => {}, {
    schedule: nightly,
    after: (payload: TestPayload) => [on(base, payload)],
  })
  const registry = createRegistry([base, top])
  await syncSchedules(db, registry, log)
  await sql`update schedules set planned_until = now() - interval '1 day', next_due_at = now() - interval '1 day'`.execute(
    db,
  )
  expect(await planDueSchedules(db, registry, log)).toBe(4)
  const runs = await db.selectFrom('runs').select(['client_id', 'job', 'trace_parent']).orderBy('job').execute()
  const nights = Map.groupBy(runs, (run) => run.client_id)
  const places = [...nights.values()].map((night) => [night.map(({ job }) => job), new Set(night.map(placeOf)).size])
  expect(places).toEqual([
    [['base', 'top'], 1],
    [['base', 'top'], 1],
  ])
  expect(new Set(runs.map(placeOf)).size).toBe(2)
  await vi.waitFor(() => {
    const roots = collector.spans.filter(({ name }) => name === 'schedule')
    expect(new Set(roots.map(({ attributes }) => attributes['daybreak.client']))).toEqual(new Set(['acme', 'basel']))
    expect(roots).toHaveLength(2)
    expect(new Set(roots.map(({ traceId, id }) => `00-${traceId}-${id}-01`))).toEqual(new Set(runs.map(placeOf)))
  }, PATIENCE)
})

function placeOf(run: { trace_parent: string | null }): string | null {
  return run.trace_parent
}
