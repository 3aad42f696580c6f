import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { type AnyJob, createRegistry, jobNamed, on } from '../../src/queues/index.ts'
import type { JobSchedule } from '../../src/queues/job.ts'
import { planDueSchedules, planJustDue } from '../../src/queues/schedules/plan-due-schedules.ts'
import { planNight } from '../../src/queues/schedules/plan-night.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { dayBefore } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type TestPayload, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
const log = createLog('silent')

/** A job that has a run of its own for every fire time. */
const everyFire = (dueAt: Temporal.Instant) => ({ clientId: 'acme', name: dueAt.toString() })

function nightly(change: Partial<JobSchedule<TestPayload>> = {}) {
  const schedule: JobSchedule<TestPayload> = {
    cron: '10 0 * * *',
    zone: 'client',
    scope: 'client',
    catchUp: 'all',
    catchUpWithinMs: null,
    lateAfterMs: null,
    overlap: 'allow',
    payload: (dueAt, client) => ({ clientId: client.id, name: dayBefore(dueAt, client.timeZone) }),
    ...change,
  }
  return createRegistry([testJob('nightly', async () => {}, { schedule, night: () => null })])
}

beforeEach(async () => {
  await emptyDatabase(db)
})

/** As if nobody had planned since then. */
async function lastPlanned(ago: string): Promise<void> {
  await sql`update schedules set planned_until = now() - ${ago}::interval, next_due_at = now() - ${ago}::interval`.execute(
    db,
  )
}

const at = (text: string) => Temporal.Instant.from(text)

async function plannedKeys(): Promise<string[]> {
  const rows = await db.selectFrom('runs').select('key').orderBy('key').execute()
  return rows.map((row) => row.key)
}

test('a new client is planned for from now on, not for the past', async () => {
  await given.client(db)
  const registry = nightly()
  await syncSchedules(db, registry, log)
  expect(await planDueSchedules(db, registry, log)).toBe(0)
  const [row] = await db.selectFrom('schedules').select(['id', 'next_due_at']).execute()
  expect(row?.id).toBe('nightly.acme')
  expect(Temporal.Instant.from(row?.next_due_at ?? '').epochMilliseconds).toBeGreaterThan(Date.now())
})

test('down for three days, each window is planned once, by however many planners at once', async () => {
  await given.client(db, { time_zone: 'Asia/Kolkata' })
  const registry = nightly()
  await syncSchedules(db, registry, log)
  await lastPlanned('3 days')
  const planned = await Promise.all(Array.from({ length: 8 }, () => planDueSchedules(db, registry, log)))
  expect(planned.reduce((sum, n) => sum + n, 0)).toBe(3)
  expect(new Set(await plannedKeys()).size).toBe(3)
  await lastPlanned('3 days')
  expect(await planDueSchedules(db, registry, log)).toBe(0)
})

test('"latest" plans the last window only, "none" plans no missed one', async () => {
  await given.client(db)
  const latest = nightly({ catchUp: 'latest' })
  await syncSchedules(db, latest, log)
  await lastPlanned('10 days')
  expect(await planDueSchedules(db, latest, log)).toBe(1)
  const none = nightly({ catchUp: 'none', cron: '0 0 1 1 *' })
  await syncSchedules(db, none, log)
  await lastPlanned('400 days')
  expect(await planDueSchedules(db, none, log)).toBe(0)
})

test('a schedule that may not overlap is skipped while its last run is open', async () => {
  await given.client(db)
  const registry = nightly({
    overlap: 'skip',
    cron: '* * * * *',
    payload: everyFire,
  })
  await syncSchedules(db, registry, log, at('2026-11-20T12:00:00Z'))
  expect(await planDueSchedules(db, registry, log, at('2026-11-20T12:02:00Z'))).toBe(1)
  await db.updateTable('schedules').set({ skipped: 0, last_skipped_at: null }).execute()
  expect(await planDueSchedules(db, registry, log, at('2026-11-20T12:04:00Z'))).toBe(0)
  const row = await db.selectFrom('schedules').select(['skipped', 'last_skipped_at']).executeTakeFirstOrThrow()
  expect(row).toEqual({ skipped: 2, last_skipped_at: '2026-11-20T12:04:00Z' })
})

test('of many missed fires a schedule that may not overlap plans the last, however many passes that takes', async () => {
  await given.client(db)
  const registry = nightly({ overlap: 'skip', cron: '*/30 * * * * *', payload: everyFire })
  await syncSchedules(db, registry, log, at('2026-11-18T00:00:00Z'))
  expect(await planDueSchedules(db, registry, log, at('2026-11-21T00:00:00Z'))).toBe(1)
  expect(await plannedKeys()).toEqual(['acme.2026-11-21T00:00:00Z'])
  expect(await db.selectFrom('schedules').select('skipped').execute()).toEqual([{ skipped: 8639 }])
})

test('a schedule whose runs queue up plans every one, each to wait for the earlier ones', async () => {
  await given.client(db)
  const registry = nightly({ overlap: 'queue', lateAfterMs: 60_000, payload: everyFire })
  await syncSchedules(db, registry, log, at('2026-11-18T12:00:00Z'))
  await planDueSchedules(db, registry, log, at('2026-11-20T12:00:00Z'))
  const rows = await db
    .selectFrom('runs')
    .select(['due_at', 'late_at', 'schedule_id', 'is_serial'])
    .orderBy('due_at')
    .execute()
  expect(rows).toEqual([
    { due_at: '2026-11-19T00:10:00Z', late_at: '2026-11-19T00:11:00Z', schedule_id: 'nightly.acme', is_serial: true },
    { due_at: '2026-11-20T00:10:00Z', late_at: '2026-11-20T00:11:00Z', schedule_id: 'nightly.acme', is_serial: true },
  ])
})

test('"all" loses no fire however many were missed: one tick plans them, pass by pass', async () => {
  await given.client(db)
  const registry = nightly({ cron: '*/30 * * * * *', payload: everyFire })
  await syncSchedules(db, registry, log, at('2026-11-18T00:00:00Z'))
  expect(await planDueSchedules(db, registry, log, at('2026-11-21T00:00:00Z'))).toBe(8640)
  expect(await planDueSchedules(db, registry, log, at('2026-11-21T00:00:29Z'))).toBe(0)
  expect(await planDueSchedules(db, registry, log, at('2026-11-21T00:00:30Z'))).toBe(1)
})

test('what falls due while a schedule is paused is left out', async () => {
  await given.client(db)
  const registry = nightly()
  await syncSchedules(db, registry, log, at('2026-11-18T12:00:00Z'))
  await db.updateTable('schedules').set({ paused_until: '2026-11-20T12:00:00Z', next_due_at: null }).execute()
  await syncSchedules(db, registry, log)
  expect(await planDueSchedules(db, registry, log, at('2026-11-20T12:00:00Z'))).toBe(0)
  expect(await planDueSchedules(db, registry, log, at('2026-11-21T12:00:00Z'))).toBe(1)
  expect(await plannedKeys()).toEqual(['acme.2026-11-20'])
})

test('a run planned because another stands on it becomes its schedule’s own when that fires', async () => {
  await given.client(db)
  const below = nightly({ cron: '30 0 * * *', lateAfterMs: 60_000 })
  const base = jobNamed(below, 'nightly')
  const above = testJob('above', async () => {}, {
    schedule: { ...base.schedule, cron: '10 0 * * *', payload: everyFire },
    after: () => [on(base, { clientId: 'acme', name: '2026-11-19' })],
  } as Partial<AnyJob>)
  const registry = createRegistry([base, above])
  await syncSchedules(db, registry, log, at('2026-11-19T12:00:00Z'))
  const nightlyRun = () =>
    db
      .selectFrom('runs')
      .select(['key', 'schedule_id', 'due_at', 'late_at'])
      .where('job', '=', 'nightly')
      .executeTakeFirstOrThrow()
  expect(await planDueSchedules(db, registry, log, at('2026-11-20T00:10:00Z'))).toBe(2)
  expect(await nightlyRun()).toEqual({ key: 'acme.2026-11-19', schedule_id: null, due_at: null, late_at: null })
  expect(await planDueSchedules(db, registry, log, at('2026-11-20T00:30:00Z'))).toBe(0)
  const own = { schedule_id: 'nightly.acme', due_at: '2026-11-20T00:30:00Z', late_at: '2026-11-20T00:31:00Z' }
  expect(await nightlyRun()).toEqual({ key: 'acme.2026-11-19', ...own })
  // The same when both fire in one tick.
  await db.deleteFrom('runs').execute()
  await sql`update schedules set planned_until = '2026-11-19T12:00:00Z', next_due_at = '2026-11-19T12:00:00Z'`.execute(
    db,
  )
  expect(await planDueSchedules(db, registry, log, at('2026-11-20T00:30:00Z'))).toBe(2)
  expect(await nightlyRun()).toEqual({ key: 'acme.2026-11-19', ...own })
})

test('other times of a declaration count from now on, not from when the old ones were last planned', async () => {
  await given.client(db)
  await syncSchedules(db, nightly({ cron: '0 0 1 1 *' }), log, at('2026-03-01T00:00:00Z'))
  const minutely = nightly({ cron: '* * * * *', payload: everyFire })
  await syncSchedules(db, minutely, log, at('2026-11-20T12:00:30Z'))
  expect(await planDueSchedules(db, minutely, log, at('2026-11-20T12:01:00Z'))).toBe(1)
})

test('what a person edited stays, and what is declared is noted beside it', async () => {
  await given.client(db)
  await syncSchedules(db, nightly(), log)
  await db.updateTable('schedules').set({ cron: '0 5 * * *', is_edited: true }).execute()
  await syncSchedules(db, nightly({ cron: '30 2 * * *', lateAfterMs: 60_000 }), log)
  const row = await db.selectFrom('schedules').select(['cron', 'late_after_s', 'declared']).executeTakeFirstOrThrow()
  expect(row).toEqual({
    cron: '0 5 * * *',
    late_after_s: null,
    declared: {
      cron: '30 2 * * *',
      zone: 'client',
      catchUp: 'all',
      catchUpWithinS: null,
      lateAfterS: 60,
      overlap: 'allow',
    },
  })
})

test('between two ticks what fell due just now is planned, and what waits longer is left to the tick', async () => {
  await given.client(db)
  const registry = nightly({ cron: '*/5 * * * * *', payload: everyFire })
  await syncSchedules(db, registry, log)
  await lastPlanned('10 seconds')
  expect(await planJustDue(db, registry, log)).toBeGreaterThanOrEqual(2)
  await lastPlanned('2 minutes')
  expect(await planJustDue(db, registry, log)).toBe(0)
  expect(await planDueSchedules(db, registry, log)).toBeGreaterThanOrEqual(22)
})

test('a client that moves to another zone is due by its new clock', async () => {
  await given.client(db, { time_zone: 'UTC' })
  const registry = nightly()
  await syncSchedules(db, registry, log, at('2026-11-20T12:00:00Z'))
  await db.updateTable('clients').set({ time_zone: 'Asia/Tokyo' }).execute()
  await syncSchedules(db, registry, log, at('2026-11-20T12:00:00Z'))
  const row = await db.selectFrom('schedules').select('next_due_at').executeTakeFirstOrThrow()
  expect(row).toEqual({ next_due_at: '2026-11-20T15:10:00Z' })
})

test('a changed cron takes effect, and planning goes on where it stood', async () => {
  await given.client(db)
  await syncSchedules(db, nightly(), log)
  await syncSchedules(db, nightly({ cron: '30 2 * * *' }), log)
  const [row] = await db.selectFrom('schedules').select(['cron', 'next_due_at']).execute()
  expect(row?.cron).toBe('30 2 * * *')
  expect(row?.next_due_at).toMatch(/T02:30:00Z$/)
})

test('a night is what falls due in the day after: planning it by hand is planning it', async () => {
  await given.client(db, { time_zone: 'America/New_York' })
  const registry = nightly()
  await syncSchedules(db, registry, log)
  expect(await planNight(db, registry, 'acme', '2026-03-07')).toBe(1)
  expect(await planNight(db, registry, 'acme', '2026-03-07')).toBe(0)
  expect(await plannedKeys()).toEqual(['acme.2026-03-07'])
})

test('what falls due in a pause is left out of a night that somebody asks for, too', async () => {
  await given.client(db, { time_zone: 'America/New_York' })
  const registry = nightly()
  await syncSchedules(db, registry, log)
  await db.updateTable('schedules').set({ paused_until: '2026-03-09T00:00:00Z' }).execute()
  expect(await planNight(db, registry, 'acme', '2026-03-07')).toBe(0)
  expect(await planNight(db, registry, 'acme', '2026-03-08')).toBe(1)
  expect(await plannedKeys()).toEqual(['acme.2026-03-08'])
})

test('a night of which one schedule is broken is not planned in part, and says which one', async () => {
  await given.client(db)
  const registry = nightly()
  await syncSchedules(db, registry, log)
  await db.updateTable('schedules').set({ cron: 'at dawn' }).execute()
  await expect(planNight(db, registry, 'acme', '2026-03-07')).rejects.toMatchObject({
    code: 'broken-schedule',
    message: expect.stringContaining('Schedule nightly.acme cannot be planned; fix it first: "at dawn" is no cron'),
  })
})

test('a schedule that cannot be planned holds up no other, and is planned once it is fixed', async () => {
  await given.client(db)
  await given.client(db, { id: 'broken' })
  const registry = nightly()
  await syncSchedules(db, registry, log)
  await lastPlanned('1 day')
  await db.updateTable('schedules').set({ job: 'no-such-job' }).where('client_id', '=', 'broken').execute()
  expect(await planDueSchedules(db, registry, log)).toBe(1)
  await db.updateTable('schedules').set({ job: 'nightly' }).where('client_id', '=', 'broken').execute()
  expect(await planDueSchedules(db, registry, log)).toBe(1)
})
