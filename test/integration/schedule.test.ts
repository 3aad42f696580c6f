import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { createRegistry } from '../../src/queues/index.ts'
import type { JobSchedule } from '../../src/queues/job.ts'
import { planDueSchedules, planNight, syncSchedules } from '../../src/queues/schedule.ts'
import { dayBefore } from '../../src/time.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type TestPayload, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase()
const db = database.system
const log = createLog('silent')

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
  await db.deleteFrom('runs').execute()
  await db.deleteFrom('schedules').execute()
  await db.deleteFrom('clients').execute()
})

/** As if nobody had planned since then. */
async function lastPlanned(ago: string): Promise<void> {
  await sql`update schedules set planned_until = now() - ${ago}::interval, next_due_at = now() - ${ago}::interval`.execute(
    db,
  )
}

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
    payload: (dueAt) => ({ clientId: 'acme', name: dueAt.toString() }),
  })
  await syncSchedules(db, registry, log)
  await lastPlanned('2 minutes')
  expect(await planDueSchedules(db, registry, log)).toBe(1)
  await lastPlanned('2 minutes')
  expect(await planDueSchedules(db, registry, log)).toBe(0)
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

test('a schedule that cannot be planned holds up no other, and is planned once it is mended', async () => {
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
