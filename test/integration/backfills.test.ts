import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/log.ts'
import { findBackfillView, listBackfillViews } from '../../src/queues/backfills/backfill-views.ts'
import { cancelBackfill, countBackfill, startBackfill } from '../../src/queues/backfills/backfills.ts'
import { type BackfillRequest, createRegistry, on } from '../../src/queues/index.ts'
import { type AnyJob, clientCaps, type JobSchedule, QUEUES } from '../../src/queues/job.ts'
import { planAgain, planRuns } from '../../src/queues/runs/plan-runs.ts'
import { planNight, syncSchedules } from '../../src/queues/schedules/schedule.ts'
import { sqlFile } from '../../src/sql.ts'
import { addDays, dayBefore, dayOf, systemClock } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type TestPayload, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system

const daily: JobSchedule<TestPayload> = {
  cron: '10 0 * * *',
  zone: 'client',
  scope: 'client',
  catchUp: 'all',
  catchUpWithinMs: null,
  lateAfterMs: 3_600_000,
  overlap: 'allow',
  payload: (dueAt, client) => ({ clientId: client.id, name: dayBefore(dueAt, client.timeZone) }),
}
const oneDay = ({ name }: TestPayload) => ({ from: name, to: addDays(name, 1) })

const nightly = testJob('nightly', async () => {}, { schedule: daily, window: oneDay, night: ({ name }) => name })
const summary = testJob('summary', async () => {}, {
  schedule: daily,
  window: oneDay,
  after: (payload: TestPayload) => [on(nightly, payload)],
})

function asked(change: Partial<BackfillRequest> = {}): BackfillRequest {
  return {
    job: nightly,
    clientId: 'acme',
    scheduleId: null,
    from: '2026-03-01',
    to: '2026-03-06',
    reprocess: 'failed',
    newestFirst: false,
    runsMax: 2,
    ...change,
  }
}

const by = { requestedBy: 'tester' }

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db, { time_zone: 'Europe/Berlin' })
})

/** Plans a run of a day as the night does, and sets it to a state. */
async function givenRun(job: AnyJob, day: string, state: string): Promise<string> {
  const dueAt = Temporal.PlainDate.from(day).add({ days: 1 }).toZonedDateTime('Europe/Berlin').toInstant()
  const options = { origin: 'schedule', requestedBy: null, priority: 2, dueAt, lateAt: dueAt } as const
  await planRuns(db, [{ request: on(job, { clientId: 'acme', name: day }), options }])
  const { id } = await db
    .updateTable('runs')
    .set({ state })
    .where('job', '=', job.name)
    .where('key', '=', `acme.${day}`)
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** Every run, oldest window first: its day, what state it is in, for whom it runs, and in which place. */
async function runs(job = 'nightly') {
  const rows = await db.selectFrom('runs').selectAll().where('job', '=', job).orderBy('key').execute()
  return rows.map((run) => [run.key.slice('acme.'.length), run.state, run.origin, run.priority, run.position])
}

/** One day in each state a run can be in, and one that never ran. */
async function givenEveryState(): Promise<void> {
  const states = ['planned', 'queued', 'running', 'succeeded', 'failed', 'cancelled']
  for (const [index, state] of states.entries()) await givenRun(nightly, `2026-03-0${index + 1}`, state)
}

describe('which windows are run again is a person’s choice', () => {
  const week = { from: '2026-03-01', to: '2026-03-08' }
  const night = (day: number, state: string) => [`2026-03-0${day}`, state, 'schedule', 2, 0]
  const filled = (day: number, position: number) => [`2026-03-0${day}`, 'planned', 'backfill', 3, position]
  const asIs = [night(1, 'planned'), night(2, 'queued'), night(3, 'running')]

  test.each([
    {
      reprocess: 'none' as const,
      count: { fresh: 1, again: 0, left: 3, first: '2026-03-07' },
      table: [night(4, 'succeeded'), night(5, 'failed'), night(6, 'cancelled'), filled(7, 0)],
    },
    {
      reprocess: 'failed' as const,
      count: { fresh: 1, again: 2, left: 1, first: '2026-03-05' },
      table: [night(4, 'succeeded'), filled(5, 0), filled(6, 1), filled(7, 2)],
    },
    {
      reprocess: 'all' as const,
      count: { fresh: 1, again: 3, left: 0, first: '2026-03-04' },
      table: [filled(4, 0), filled(5, 1), filled(6, 2), filled(7, 3)],
    },
  ])('$reprocess', async ({ reprocess, count: { first, ...numbers }, table }) => {
    await givenEveryState()
    const before = await runs()
    const expected = {
      windows: 7,
      open: 3,
      dependencies: 0,
      ...numbers,
      first: { from: first, to: addDays(first, 1) },
      last: { from: '2026-03-07', to: '2026-03-08' },
    }
    expect(await countBackfill(db, asked({ ...week, reprocess }))).toEqual(expected)
    expect(await runs()).toEqual(before)
    const { backfillId, count } = await startBackfill(db, asked({ ...week, reprocess }), by)
    expect(count).toEqual(expected)
    expect(await runs()).toEqual([...asIs, ...table])
    const view = await findBackfillView(db, backfillId)
    expect(view).toMatchObject({ state: 'running', share: 0, runs: { planned: table.length - numbers.left } })
  })
})

test('the newest come first when asked', async () => {
  await startBackfill(db, asked({ newestFirst: true, to: '2026-03-04' }), by)
  const order = await db.selectFrom('runs').select('key').orderBy('position').execute()
  expect(order.map(({ key }) => key)).toEqual(['acme.2026-03-03', 'acme.2026-03-02', 'acme.2026-03-01'])
})

test('a window that a backfill runs again is never late, and no schedule waits for it', async () => {
  const id = await givenRun(nightly, '2026-03-01', 'failed')
  await db.updateTable('runs').set({ is_serial: true, attempt: 3, failures: 3, error_code: 'x' }).execute()
  await startBackfill(db, asked({ to: '2026-03-02' }), by)
  const run = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const { due_at, late_at, schedule_id, is_serial, attempt, failures, error_code } = run
  expect({ due_at, late_at, schedule_id, is_serial, attempt, failures, error_code }).toEqual({
    due_at: null,
    late_at: null,
    schedule_id: null,
    is_serial: false,
    attempt: 3,
    failures: 0,
    error_code: null,
  })
})

test('the windows are those the schedule would have asked for, in days of 23 and 25 hours too', async () => {
  const march = asked({ from: '2026-03-28', to: '2026-03-31' })
  const october = asked({ from: '2026-10-24', to: '2026-10-27' })
  const { backfillId } = await startBackfill(db, march, by)
  await startBackfill(db, october, by)
  const days = ['2026-03-28', '2026-03-29', '2026-03-30', '2026-10-24', '2026-10-25', '2026-10-26']
  expect((await runs()).map(([day]) => day)).toEqual(days)
  expect(await findBackfillView(db, backfillId)).toMatchObject({ from: '2026-03-28', to: '2026-03-31' })
  const registry = createRegistry([nightly])
  await syncSchedules(db, registry, createLog('silent'))
  for (const day of days) expect(await planNight(db, registry, 'acme', day)).toBe(0)
})

test('a schedule named explicitly is filled by its own times and payload; without its name such a job is refused', async () => {
  const report = testJob('report', async () => {}, {
    schedule: {
      ...daily,
      cron: null,
      payload: (dueAt, client, extra) => ({ clientId: client.id, name: `${extra['report']}.${dayOf(dueAt, 'UTC')}` }),
    },
  })
  const mondays = { id: 'weekly', job: 'report', client_id: 'acme', cron: '0 7 * * 1', zone: 'client' }
  const payload = JSON.stringify({ report: 'revenue' })
  await db
    .insertInto('schedules')
    .values({ ...mondays, payload, catch_up: 'all', overlap: 'allow' })
    .execute()
  const march = { job: report, from: '2026-03-01', to: '2026-03-31' }
  const count = await countBackfill(db, asked({ ...march, scheduleId: 'weekly' }))
  expect(count).toMatchObject({ windows: 5, fresh: 5, first: { from: '2026-03-01' }, last: { from: '2026-03-29' } })
  await startBackfill(db, asked({ ...march, scheduleId: 'weekly' }), by)
  expect((await runs('report')).map(([name]) => name)).toEqual(
    ['02', '09', '16', '23', '30'].map((day) => `revenue.2026-03-${day}`),
  )
  await expect(countBackfill(db, asked(march))).rejects.toMatchObject({ code: 'schedule-needed' })
  await expect(countBackfill(db, asked({ ...march, scheduleId: 'yearly' }))).rejects.toMatchObject({
    code: 'no-such-schedule',
  })
  await expect(countBackfill(db, asked({ scheduleId: 'weekly' }))).rejects.toMatchObject({ code: 'no-such-schedule' })
})

test('what cannot be filled is refused in words', async () => {
  const today = dayOf(systemClock(), 'Europe/Berlin')
  const unscheduled = testJob('unscheduled', async () => {})
  const refusals = [
    asked({ clientId: 'nobody' }),
    asked({ from: '2026-03-06' }),
    asked({ to: addDays(today, 1) }),
    asked({ from: '1950-01-01', to: today }),
    asked({ job: unscheduled }),
    asked({ job: { ...nightly, schedule: { ...daily, scope: 'system' } } }),
  ].map((request) => startBackfill(db, request, by).catch((error) => error.code))
  expect(await Promise.all(refusals)).toEqual([
    'no-such-client',
    'range',
    'range',
    'range',
    'not-scheduled',
    'not-scheduled',
  ])
  expect(await db.selectFrom('backfills').select('id').execute()).toEqual([])
})

test('what a schedule still has to plan is left to it', async () => {
  const now = systemClock()
  const zone = 'Europe/Berlin'
  const late = now.add({ hours: 1 }).toZonedDateTimeISO(zone)
  const cron = `${late.minute} ${late.hour} * * *`
  const job = testJob('later', async () => {}, { schedule: { ...daily, cron }, window: oneDay })
  const today = dayOf(now, zone)
  const count = await countBackfill(db, asked({ job, from: addDays(today, -3), to: today }))
  // In the hour before midnight its next time lies in the day after next.
  const dueTomorrow = late.toPlainDate().toString() === today
  expect(count.windows).toBe(dueTomorrow ? 2 : 3)
})

describe('what windows stand on', () => {
  test('is planned with them, counted, and cancelled with them', async () => {
    await givenRun(nightly, '2026-03-02', 'succeeded')
    const request = asked({ job: summary, to: '2026-03-04' })
    expect(await countBackfill(db, request)).toMatchObject({ windows: 3, fresh: 3, dependencies: 2 })
    const { backfillId } = await startBackfill(db, request, by)
    expect(await runs()).toEqual([
      ['2026-03-01', 'planned', 'backfill', 3, 0],
      ['2026-03-02', 'succeeded', 'schedule', 2, 0],
      ['2026-03-03', 'planned', 'backfill', 3, 2],
    ])
    expect((await findBackfillView(db, backfillId))?.runs).toMatchObject({ planned: 5, total: 5 })
    await cancelBackfill(db, backfillId)
    expect((await findBackfillView(db, backfillId))?.runs).toMatchObject({ planned: 0, cancelled: 5 })
  })

  test('is run again where it failed, unless what ran is to be left; else the backfill is blocked', async () => {
    await givenRun(nightly, '2026-03-01', 'failed')
    const request = asked({ job: summary, to: '2026-03-02', reprocess: 'none' })
    const { backfillId } = await startBackfill(db, request, by)
    expect(await findBackfillView(db, backfillId)).toMatchObject({ state: 'blocked', runs: { planned: 1, blocked: 1 } })
    const mending = { ...request, reprocess: 'failed' } as const
    expect(await countBackfill(db, mending)).toMatchObject({ windows: 1, open: 1, dependencies: 1 })
    await startBackfill(db, mending, by)
    expect(await runs()).toEqual([['2026-03-01', 'planned', 'backfill', 3, 0]])
    expect(await findBackfillView(db, backfillId)).toMatchObject({ state: 'running', runs: { planned: 1, blocked: 0 } })
  })
})

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

test('backfills are listed newest first, a client’s own apart, in pages', async () => {
  await given.client(db, { id: 'basel' })
  for (const day of [1, 2, 3])
    await startBackfill(db, asked({ from: `2026-02-0${day}`, to: `2026-02-0${day + 1}` }), by)
  await startBackfill(db, asked({ clientId: 'basel', from: '2026-02-01', to: '2026-02-02' }), by)
  const first = await listBackfillViews(db, { clientId: 'acme', limit: 2 })
  const second = await listBackfillViews(db, { clientId: 'acme', limit: 2, cursor: first.nextCursor ?? '' })
  expect([...first.backfills, ...second.backfills].map(({ from }) => from)).toEqual([
    '2026-02-03',
    '2026-02-02',
    '2026-02-01',
  ])
  expect(second.nextCursor).toBe(null)
  expect((await listBackfillViews(db, { limit: 9 })).backfills).toHaveLength(4)
})
