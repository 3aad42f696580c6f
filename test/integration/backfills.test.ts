import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { findBackfillView, listBackfillViews } from '../../src/queues/backfills/backfill-views.ts'
import { cancelBackfill, countBackfill, startBackfill } from '../../src/queues/backfills/backfills.ts'
import { createRegistry } from '../../src/queues/index.ts'
import { planNight } from '../../src/queues/schedules/plan-night.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { RUN_STATES } from '../../src/run-state.ts'
import { addDays, dayOf, systemClock } from '../../src/time.ts'
import { asked, by, daily, db, givenRun, nightly, oneDay, runs, summary } from '../support/backfill-world.ts'
import { given } from '../support/given.ts'
import { testJob } from '../support/test-engine.ts'

/** One day in each state a run can be in, and one that never ran. */
async function givenEveryState(): Promise<void> {
  for (const [index, state] of RUN_STATES.entries()) await givenRun(nightly, `2026-03-0${index + 1}`, state)
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
    const fixing = { ...request, reprocess: 'failed' } as const
    expect(await countBackfill(db, fixing)).toMatchObject({ windows: 1, open: 1, dependencies: 1 })
    await startBackfill(db, fixing, by)
    expect(await runs()).toEqual([['2026-03-01', 'planned', 'backfill', 3, 0]])
    expect(await findBackfillView(db, backfillId)).toMatchObject({ state: 'running', runs: { planned: 1, blocked: 0 } })
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
