import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/log.ts'
import { findBackfillView, listBackfillViews } from '../../src/queues/backfills/backfill-views.ts'
import { cancelBackfill, startBackfill } from '../../src/queues/backfills/backfills.ts'
import { createRegistry, on } from '../../src/queues/index.ts'
import { type AnyJob, clientCaps, QUEUES } from '../../src/queues/job.ts'
import { planAgain, planRuns } from '../../src/queues/runs/plan-runs.ts'
import { planNight } from '../../src/queues/schedules/plan-night.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { sqlFile } from '../../src/sql.ts'
import { asked, by, db, givenRun, nightly, runs, summary } from '../support/backfill-world.ts'
import { PATIENCE } from '../support/patience.ts'

describe('twice is the same as once', () => {
  test('asked twenty times at once it is one backfill, and one that ended may be asked for again', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => startBackfill(db, asked(), by)))
    expect(new Set(answers.map(({ backfillId }) => backfillId)).size).toBe(1)
    expect(answers.filter(({ count }) => count !== null)).toHaveLength(1)
    expect(await runs()).toHaveLength(5)
    const other = await startBackfill(db, asked({ reprocess: 'all' }), by)
    expect(other).toMatchObject({ count: { open: 5 } })
    const ids = (await db.selectFrom('runs').select('id').execute()).map(({ id }) => id)
    expect(other.windows).toEqual({ new: 0, inProgress: 5, done: 0, elsewhere: expect.arrayContaining(ids) })
    const same = await startBackfill(db, asked(), by)
    expect(same).toMatchObject({ count: null, windows: { new: 0, inProgress: 5, done: 0, elsewhere: [] } })
    await db.updateTable('runs').set({ state: 'succeeded' }).execute()
    const again = await startBackfill(db, asked(), by)
    expect(again).toMatchObject({ count: { left: 5, fresh: 0 } })
    expect(await findBackfillView(db, again.backfillId)).toMatchObject({ state: 'done', share: 1, runs: { total: 0 } })
    expect((await listBackfillViews(db, { limit: 10 })).backfills).toHaveLength(3)
  })

  test('a cancel leaves on record when it was', async () => {
    const { backfillId } = await startBackfill(db, asked(), by)
    await db.updateTable('runs').set({ state: 'running' }).where('position', '=', 0).execute()
    await db.updateTable('runs').set({ state: 'queued' }).where('position', '=', 1).execute()
    const queued = await cancelBackfill(db, backfillId)
    expect(queued).toEqual([{ id: expect.any(String), queue: 'aggregation', was: 'queued' }])
    const once = await findBackfillView(db, backfillId)
    expect(once).toMatchObject({ state: 'cancelling', runs: { running: 1, cancelled: 4 } })
    expect(await cancelBackfill(db, backfillId)).toEqual([])
    expect(await findBackfillView(db, backfillId)).toEqual(once)
  })

  test('cancelled after its end it stays done', async () => {
    const { backfillId } = await startBackfill(db, asked(), by)
    await db.updateTable('runs').set({ state: 'succeeded' }).execute()
    await cancelBackfill(db, backfillId)
    expect(await findBackfillView(db, backfillId)).toMatchObject({ state: 'done', cancelledAt: null, share: 1 })
  })
})

test('a backfill whose cap is reached keeps no place in front of the next one', async () => {
  const takeReady = sqlFile(join(import.meta.dirname, '../../src/queues/queue'), 'ready-runs.sql')
  const queuedKeys = async () => {
    await takeReady(db, [clientCaps(4), 100, QUEUES])
    const queued = await db.selectFrom('runs').select('key').where('state', '=', 'queued').orderBy('key').execute()
    return queued.map(({ key }) => key)
  }
  await startBackfill(db, asked({ from: '2025-03-01', to: '2025-04-01' }), by)
  await startBackfill(db, asked({ from: '2026-03-01', to: '2026-03-06' }), by)
  expect(await queuedKeys()).toEqual(['acme.2025-03-01', 'acme.2025-03-02'])
  expect(await queuedKeys()).toEqual(['acme.2025-03-01', 'acme.2025-03-02', 'acme.2026-03-01', 'acme.2026-03-02'])
})

test('a backfill is planned whole or not at all', async () => {
  const broken = { ...nightly, queue: null } as unknown as AnyJob
  await givenRun(nightly, '2026-03-01', 'failed')
  const before = await runs()
  await expect(startBackfill(db, asked({ job: broken }), by)).rejects.toThrow(/queue/)
  expect(await runs()).toEqual(before)
  expect(await db.selectFrom('backfills').select('id').execute()).toEqual([])
})

test('killed in the middle it leaves nothing', async () => {
  await givenRun(nightly, '2026-03-03', 'failed')
  const before = await runs()
  const starting = await db.transaction().execute(async (tx) => {
    await tx.selectFrom('runs').select('id').forUpdate().execute()
    const outcome = startBackfill(db, asked(), by).then(
      () => 'planned',
      () => 'killed',
    )
    // It has written its own row and waits for the run that is held.
    await vi.waitFor(async () => {
      const { rows } = await sql<{ killed: boolean }>`
        select pg_terminate_backend(pid) as killed from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
      expect(rows).toEqual([{ killed: true }])
    }, PATIENCE)
    return outcome
  })
  expect(starting).toBe('killed')
  expect(await runs()).toEqual(before)
  expect(await db.selectFrom('backfills').select('id').execute()).toEqual([])
})

describe('live nights come first', () => {
  test('a window the night has planned stays the night’s', async () => {
    await givenRun(nightly, '2026-03-02', 'planned')
    const { backfillId } = await startBackfill(db, asked({ to: '2026-03-04', reprocess: 'all' }), by)
    expect((await runs())[1]).toEqual(['2026-03-02', 'planned', 'schedule', 2, 0])
    await cancelBackfill(db, backfillId)
    expect((await runs()).map(([, state]) => state)).toEqual(['cancelled', 'planned', 'cancelled'])
  })

  test('a window that a night or a person asks for leaves the backfill for its place in theirs', async () => {
    const { backfillId } = await startBackfill(db, asked({ to: '2026-03-04' }), by)
    const registry = createRegistry([nightly])
    await syncSchedules(db, registry, createLog('silent'))
    await planNight(db, registry, 'acme', '2026-03-02')
    const person = { origin: 'person', requestedBy: 'Ada', priority: 1 } as const
    await planRuns(db, [{ request: on(summary, { clientId: 'acme', name: '2026-03-03' }), options: person }])
    expect(await runs()).toEqual([
      ['2026-03-01', 'planned', 'backfill', 3, 0],
      ['2026-03-02', 'planned', 'schedule', 2, 0],
      ['2026-03-03', 'planned', 'person', 1, 0],
    ])
    const night = await db.selectFrom('runs').selectAll().where('key', '=', 'acme.2026-03-02').executeTakeFirstOrThrow()
    expect(night).toMatchObject({ due_at: '2026-03-02T23:10:00Z', schedule_id: 'nightly.acme', requested_by: null })
    expect(night.late_at).toBe('2026-03-03T00:10:00Z')
    expect((await findBackfillView(db, backfillId))?.runs.total).toBe(1)
    await cancelBackfill(db, backfillId)
    expect((await runs()).map(([, state]) => state)).toEqual(['cancelled', 'planned', 'planned'])
  })

  test('facts that came late take no window over: the backfill reads them too', async () => {
    await startBackfill(db, asked({ to: '2026-03-02' }), by)
    const late = { origin: 'late-facts', requestedBy: 'scheduler', priority: 2 } as const
    await planRuns(db, [{ request: on(nightly, { clientId: 'acme', name: '2026-03-01' }), options: late }])
    expect(await runs()).toEqual([['2026-03-01', 'planned', 'backfill', 3, 0]])
  })

  test('what a person retries counts in the backfill and is not cancelled with it', async () => {
    const { backfillId } = await startBackfill(db, asked({ to: '2026-03-03' }), by)
    const failed = db.updateTable('runs').set({ state: 'failed' }).where('position', '=', 0)
    const [row] = await failed.returning('id').execute()
    const person = { origin: 'person', requestedBy: 'Ada', priority: 1 } as const
    await planAgain(db, [{ id: row?.id ?? '' }], ['failed'], person)
    await cancelBackfill(db, backfillId)
    const view = await findBackfillView(db, backfillId)
    expect(view).toMatchObject({ state: 'cancelled', runs: { planned: 1, cancelled: 1, total: 2 } })
  })
})
