import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type AnyJob, on } from '../../src/queues/index.ts'
import { planLostRuns } from '../../src/queues/queue/plan-lost-runs.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine, type TestEngine, testJob } from '../support/test-engine.ts'

/** Interleavings and inputs that once lost, held or failed a run. */

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
let engine: TestEngine | null = null

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

afterEach(async () => {
  await engine?.close()
  engine = null
})

async function runToItsEnd(job: AnyJob) {
  engine = await openTestEngine('postgres', database, [job])
  await engine.engine.startScheduler()
  await engine.engine.startWorkers()
  const asked = { origin: 'person', requestedBy: 'ada', again: 'no' } as const
  const { runId } = await engine.engine.ledger.request(on(job, { clientId: 'acme', name: 'one' }), asked)
  return vi.waitFor(async () => {
    const run = await engine?.engine.ledger.find(runId)
    expect(['succeeded', 'failed']).toContain(run?.state)
    return run
  }, PATIENCE)
}

test('lines that are written while a long commit holds the run do not lock it out', async () => {
  const job = testJob('committer', async (_payload, { log, commit }) => {
    log.info('about to commit')
    await commit(async () => {
      await sleep(3000)
    })
  })
  expect(await runToItsEnd(job)).toMatchObject({ state: 'succeeded', attempt: 1, failures: 0 })
})

test('an error and a line that no database could hold as they are, are kept as far as it can', async () => {
  const nasty = `\0${'x'.repeat(998)}😀 and more`
  const job = testJob('shouter', async (_payload, { log }) => {
    log.info(nasty)
    throw new Error(nasty)
  })
  const run = await runToItsEnd({ ...job, retry: { attempts: 1, delayMs: 10, maxDelayMs: 10 } })
  expect(run?.errorMessage).toBe(`\uFFFD${'x'.repeat(998)}\uFFFD`)
  expect(run?.attempts?.[0]?.lines[0]?.message).toMatch(/^\uFFFDx+…$/)
})

test('a run that was cancelled while its worker died is cancelled, and not done again', async () => {
  const { id } = await givenRun({ state: 'running', attempt: 1, node: 'dead', started_at: '2026-11-20T00:10:00Z' })
  await db.updateTable('runs').set({ cancel_requested_at: '2026-11-20T00:11:00Z' }).execute()
  await planLostRuns(db, [{ id, state: 'running', attempt: 1 }])
  expect(await db.selectFrom('runs').select('state').executeTakeFirstOrThrow()).toEqual({ state: 'cancelled' })
})

test('a serial run that waits for what failed holds nobody up but itself', async () => {
  const schedule = { id: 'tiers.acme', job: 'tiers', client_id: 'acme', cron: '0 0 * * *', zone: 'UTC' }
  await db
    .insertInto('schedules')
    .values({ ...schedule, catch_up: 'all', overlap: 'queue', next_due_at: '2099-01-01T00:00:00Z' })
    .execute()
  await givenRun({ job: 'roll-up', key: 'acme.1', state: 'failed' })
  await givenRun({ job: 'roll-up', key: 'acme.2', state: 'succeeded' })
  for (const day of [1, 2]) {
    const { id } = await givenRun({
      job: 'tiers',
      key: `acme.${day}`,
      schedule_id: schedule.id,
      due_at: `2026-11-0${day}T00:00:00Z`,
      is_serial: true,
    })
    await db
      .insertInto('run_dependencies')
      .values({ run_id: id, job: 'roll-up', key: `acme.${day}` })
      .execute()
  }
  engine = await openTestEngine('postgres', database, [])
  await engine.engine.tick()
  const tiers = await db.selectFrom('runs').select(['key', 'state']).where('job', '=', 'tiers').orderBy('key').execute()
  expect(tiers).toEqual([
    { key: 'acme.1', state: 'planned' },
    { key: 'acme.2', state: 'queued' },
  ])
})

test('a schedule that nobody declares stops no tick', async () => {
  await sql`
    insert into schedules (id, job, client_id, cron, zone, catch_up, overlap, declared)
    values ('by-hand', 'tiers', 'acme', '0 0 * * *', 'UTC', 'all', 'allow', null)`.execute(db)
  engine = await openTestEngine('postgres', database, [])
  await engine.engine.tick()
  const row = await db.selectFrom('schedules').select('cron').executeTakeFirstOrThrow()
  expect(row).toEqual({ cron: '0 0 * * *' })
})

function givenRun(values: Record<string, unknown>): Promise<{ id: string }> {
  return db
    .insertInto('runs')
    .values({
      job: 'tiers',
      key: 'acme.0',
      queue: 'segments',
      client_id: 'acme',
      payload: '{}',
      origin: 'schedule',
      ...values,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
}
