import { beforeEach } from 'vitest'
import { type BackfillRequest, on } from '../../src/queues/index.ts'
import { type AnyJob, type JobSchedule } from '../../src/queues/job.ts'
import { planRuns } from '../../src/queues/runs/plan-runs.ts'
import type { RunState } from '../../src/run-state.ts'
import { addDays, dayBefore } from '../../src/time.ts'
import { emptyDatabase } from './empty-database.ts'
import { given } from './given.ts'
import { createTestDatabase } from './test-database.ts'
import { type TestPayload, testJob } from './test-engine.ts'

/** A nightly job, what depends on it, and backfills of both. */

const { database } = await createTestDatabase({ connectionsMax: 12 })

export const db = database.system

export const daily: JobSchedule<TestPayload> = {
  cron: '10 0 * * *',
  zone: 'client',
  scope: 'client',
  catchUp: 'all',
  catchUpWithinMs: null,
  lateAfterMs: 3_600_000,
  overlap: 'allow',
  payload: (dueAt, client) => ({ clientId: client.id, name: dayBefore(dueAt, client.timeZone) }),
}

export const oneDay = ({ name }: TestPayload) => ({ from: name, to: addDays(name, 1) })

export const nightly = testJob('nightly', async () => {}, {
  schedule: daily,
  window: oneDay,
  night: ({ name }) => name,
})

export const summary = testJob('summary', async () => {}, {
  schedule: daily,
  window: oneDay,
  after: (payload: TestPayload) => [on(nightly, payload)],
})

export function asked(change: Partial<BackfillRequest> = {}): BackfillRequest {
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

export const by = { requestedBy: 'tester' }

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db, { time_zone: 'Europe/Berlin' })
})

/** Plans a run of a day as the night does, and sets it to a state. */
export async function givenRun(job: AnyJob, day: string, state: RunState): Promise<string> {
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
export async function runs(job = 'nightly') {
  const rows = await db.selectFrom('runs').selectAll().where('job', '=', job).orderBy('key').execute()
  return rows.map((run) => [run.key.slice('acme.'.length), run.state, run.origin, run.priority, run.position])
}
