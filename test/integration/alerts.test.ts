import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { raiseAlerts } from '../../src/alerts/raise.ts'
import { postsOf } from '../../src/alerts/tell.ts'
import { jobs } from '../../src/jobs/index.ts'
import { postAlert } from '../../src/jobs/post-alert.ts'
import { planRuns } from '../../src/queues/runs/plan-runs.ts'
import { ago, db, doPosts, FAILED, givenRun, openAlerts, options, rollUp, server } from '../support/alert-world.ts'

const WINDOW = { window_from: '2026-11-20', window_to: '2026-11-21' }

/** What a stalled run's alert is about: it is told again once the run is asked for again. */
async function stalled(id: string): Promise<string> {
  const { planned_at } = await db.selectFrom('runs').select('planned_at').where('id', '=', id).executeTakeFirstOrThrow()
  return `${id}.${Math.trunc(Temporal.Instant.from(planned_at).epochMilliseconds / 1000)}`
}

describe('each kind is noticed once, though the sweep runs ten times and two sweep at once', () => {
  test('with what happened, to what, and what to do', async () => {
    const failed = await givenRun({ ...FAILED, ...WINDOW })
    const late = await givenRun({ state: 'queued', queued_at: ago(5), late_at: ago(3), due_at: ago(120), ...WINDOW })
    // Done in time, and done again since: nobody has to know.
    const redone = await givenRun({ key: 'acme.2026-11-19', late_at: ago(3), due_at: ago(120), not_before: ago(-60) })
    await db
      .insertInto('run_attempts')
      .values({
        run_id: redone,
        attempt: 1,
        node: 'alive',
        outcome: 'succeeded',
        started_at: ago(119),
        finished_at: ago(118),
      })
      .execute()
    const silent = await givenRun({ state: 'running', node: 'gone', attempt: 1, started_at: ago(2), ...WINDOW })
    const overdue = await givenRun({ state: 'running', node: 'alive', attempt: 1, started_at: ago(7) })
    const rescued = await givenRun({ state: 'running', node: 'alive', attempt: 3, crashes: 2, started_at: ago(0) })
    const waiting = await givenRun({ queue: 'reports', planned_at: ago(20), not_before: ago(16) })
    for (let sweep = 0; sweep < 10; sweep += 1) {
      await Promise.all([raiseAlerts(options(), true), raiseAlerts(options(), true)])
    }
    const { not_before: began } = await db
      .selectFrom('runs')
      .select('not_before')
      .where('id', '=', waiting)
      .executeTakeFirstOrThrow()
    expect(new Set(await openAlerts())).toEqual(
      new Set([
        ['run-failed', `${failed}.5`, 'roll-up-day failed for acme, 2026-11-20'],
        ['window-late', late, 'roll-up-day is late for acme, 2026-11-20'],
        ['run-stalled', await stalled(silent), 'roll-up-day is stuck for acme, 2026-11-20'],
        ['run-stalled', await stalled(overdue), 'roll-up-day is stuck for acme'],
        ['run-stalled', await stalled(rescued), 'roll-up-day is stuck for acme'],
        ['queue-old', `reports.${began}`, 'The queue reports does not keep up'],
      ]),
    )
    expect(await db.selectFrom('alert_notices').select('alert_id').execute()).toHaveLength(6)
  })

  test('a retry that fails again is told again, and the first alert is closed', async () => {
    const run = await givenRun(FAILED)
    await raiseAlerts(options(), true)
    await db.updateTable('runs').set({ state: 'queued' }).where('id', '=', run).execute()
    expect(await raiseAlerts(options(), true)).toBe(0)
    await db.updateTable('runs').set({ state: 'failed', attempt: 6 }).where('id', '=', run).execute()
    expect(await raiseAlerts(options(), true)).toBe(1)
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([, subject]) => subject)).toEqual([`${run}.6`])
  })

  test('a window that is late and then fails, is late and failed', async () => {
    const run = await givenRun({ state: 'running', node: 'alive', started_at: ago(1), late_at: ago(1) })
    await raiseAlerts(options(), true)
    await db.updateTable('runs').set(FAILED).where('id', '=', run).execute()
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([kind]) => kind)).toEqual(['run-failed', 'window-late'])
  })

  test('old failures are not dug up', async () => {
    await givenRun({ ...FAILED, finished_at: ago(8 * 24 * 60) })
    expect(await raiseAlerts(options(), true)).toBe(0)
  })

  test('while signs of life cannot be trusted nobody is called silent, and no queue old', async () => {
    await givenRun({ state: 'running', node: 'gone', attempt: 1, started_at: ago(7) })
    await givenRun({ queue: 'reports', planned_at: ago(20), not_before: ago(16) })
    expect(await raiseAlerts(options(), false)).toBe(0)
  })
})

test('a night that late facts began before its schedule did is late by the deadline of its schedule', async () => {
  const request = { job: rollUp, payload: { clientId: 'acme', name: 'night' } }
  const facts = { origin: 'late-facts', requestedBy: 'scheduler', priority: 2 } as const
  await planRuns(db, [{ request, options: facts }])
  await givenSchedule('roll-up-day.acme')
  const dueAt = Temporal.Now.instant().subtract({ hours: 3 })
  const schedule = {
    origin: 'schedule',
    requestedBy: null,
    priority: 2,
    scheduleId: 'roll-up-day.acme',
    dueAt,
  } as const
  await planRuns(db, [{ request, options: { ...schedule, lateAt: dueAt.add({ hours: 2 }) } }])
  await raiseAlerts(options(), true)
  expect((await openAlerts()).map(([kind]) => kind)).toEqual(['window-late'])
})

async function givenSchedule(id: string): Promise<void> {
  const values = { id, job: 'roll-up-day', client_id: 'acme', cron: '10 0 * * *', zone: 'client' }
  await db
    .insertInto('schedules')
    .values({ ...values, catch_up: 'all', overlap: 'allow' })
    .execute()
}

describe('a queue is old when a run could have been at work and was not', () => {
  const OLD = { planned_at: ago(60), not_before: ago(60) }

  test('not while it waits for others, for its time, or as a backfill while a node works', async () => {
    const failed = await givenRun({ ...FAILED, finished_at: ago(40) })
    const blocked = await givenRun(OLD)
    const { job, key } = await db
      .selectFrom('runs')
      .select(['job', 'key'])
      .where('id', '=', failed)
      .executeTakeFirstOrThrow()
    await db.insertInto('run_dependencies').values({ run_id: blocked, job, key }).execute()
    await givenRun({ ...OLD, not_before: '2999-01-01T00:00:00Z' })
    await givenRun({ ...OLD, priority: 3 })
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([kind]) => kind)).toEqual(['run-failed'])
    // What it waited for was done only now: it has just begun to wait.
    await db
      .updateTable('runs')
      .set({ state: 'succeeded', finished_at: ago(1) })
      .where('id', '=', failed)
      .execute()
    await raiseAlerts(options(), true)
    expect(await openAlerts()).toEqual([])
    await db.deleteFrom('nodes').execute()
    await raiseAlerts(options(), true)
    expect((await openAlerts()).map(([kind]) => kind)).toEqual(['queue-old'])
  })

  test('one alert an episode: the next oldest is no news, and the next episode is', async () => {
    const first = await givenRun(OLD)
    const second = await givenRun({ planned_at: ago(30), not_before: ago(30) })
    await raiseAlerts(options(), true)
    await db.updateTable('runs').set({ state: 'succeeded' }).where('id', '=', first).execute()
    expect(await raiseAlerts(options(), true)).toBe(0)
    await db.updateTable('runs').set({ state: 'succeeded' }).where('id', '=', second).execute()
    await raiseAlerts(options(), true)
    expect(await openAlerts()).toEqual([])
    await givenRun({ planned_at: ago(20), not_before: ago(20) })
    expect(await raiseAlerts(options(), true)).toBe(1)
  })
})

test('an alert is closed when its cause is gone', async () => {
  const failed = await givenRun(FAILED)
  const late = await givenRun({ late_at: ago(1) })
  const stuck = await givenRun({ state: 'running', node: 'gone', attempt: 1, started_at: ago(2) })
  const deleted = await givenRun(FAILED)
  await raiseAlerts(options(), true)
  expect(await openAlerts()).toHaveLength(4)
  await db.updateTable('runs').set({ state: 'succeeded' }).where('id', 'in', [failed, late]).execute()
  await db.updateTable('runs').set({ state: 'cancelled' }).where('id', '=', stuck).execute()
  await db.deleteFrom('runs').where('id', '=', deleted).execute()
  await raiseAlerts(options(), true)
  expect(await openAlerts()).toEqual([])
})

test('a storm of a thousand failures is one mail, and what follows waits ten minutes for the next', async () => {
  await sql`
    insert into runs (job, key, queue, client_id, payload, origin, state, attempt, finished_at, error_code)
    select 'roll-up-day', 'acme.storm.' || n, 'aggregation', 'acme', '{}', 'schedule', 'failed', 1, now(), 'error'
    from generate_series(1, 1000) n`.execute(db)
  expect(await raiseAlerts(options(), true)).toBe(1000)
  await givenRun(FAILED)
  for (let n = 0; n < 12; n += 1) {
    await givenRun(FAILED)
    await raiseAlerts(options(), true)
  }
  await doPosts()
  const subjects = server.received.map(({ raw }) => String(/^subject: (.*)$/im.exec(raw)?.[1])).sort()
  expect(subjects).toEqual([
    '[Daybreak] 1000 alerts: 1000 run-failed',
    ...Array.from({ length: 9 }, () => '[Daybreak] roll-up-day failed for acme'),
  ])
  const held = db.selectFrom('alert_notices').select('alert_id').where('post_id', 'is', null)
  expect(await held.execute()).toHaveLength(4)
  await sql`update alert_notices set posted_at = posted_at - interval '11 minutes'`.execute(db)
  await raiseAlerts(options(), true)
  await doPosts()
  expect(await db.selectFrom('alert_notices').select('alert_id').where('state', '!=', 'sent').execute()).toEqual([])
})

test.for([
  { name: 'few go one by one', ids: 5, recent: { posts: 5, grouped: true }, posts: [1, 1, 1, 1, 1] },
  { name: 'many go together', ids: 6, recent: { posts: 0, grouped: false }, posts: [6] },
  {
    name: 'the eleventh of ten minutes goes with those that follow',
    ids: 1,
    recent: { posts: 10, grouped: false },
    posts: [1],
  },
  { name: 'and those wait', ids: 2, recent: { posts: 10, grouped: true }, posts: [] },
])('$name', ({ ids, recent, posts }) => {
  const sizes = postsOf(
    Array.from({ length: ids }, (_, id) => String(id)),
    recent,
  ).map((post) => post.length)
  expect(sizes).toEqual(posts)
})

test('the job that posts is among the jobs there are', () => {
  expect(jobs.map(({ name }) => name)).toContain(postAlert.name)
})
