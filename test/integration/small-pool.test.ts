import { expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { type AnyJob, on, QUEUES } from '../../src/queues/job.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { openTestEngine, testJob } from '../support/test-engine.ts'

const SMALLEST = 4

test('the smallest pool that the settings allow lets a node work on every queue', async () => {
  expect(readConfig({ DATABASE_POOL_MAX: String(SMALLEST) }).DATABASE_POOL_MAX).toBe(SMALLEST)
  expect(() => readConfig({ DATABASE_POOL_MAX: String(SMALLEST - 1) })).toThrow('DATABASE_POOL_MAX')
  const { database } = await createTestDatabase({ connectionsMax: SMALLEST })
  await given.client(database.system)
  const jobs: AnyJob[] = QUEUES.map((queue) => testJob(`on-${queue}`, async () => {}, { queue }))
  const { engine, close } = await openTestEngine('postgres', database, jobs)
  await engine.startScheduler()
  await engine.startWorkers()
  const names = Array.from({ length: 5 }, (_, index) => String(index))
  await engine.ledger.requestAll(
    jobs.flatMap((job) => names.map((name) => on(job, { clientId: 'acme', name }))),
    { origin: 'person', requestedBy: 'tester', again: 'no' },
  )
  const done = database.system.selectFrom('runs').select('id').where('state', '=', 'succeeded')
  await vi.waitFor(async () => expect(await done.execute()).toHaveLength(jobs.length * names.length), PATIENCE)
  await close()
})
