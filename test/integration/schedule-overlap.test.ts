import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { type AnyJob, createRegistry } from '../../src/queues/index.ts'
import type { JobSchedule } from '../../src/queues/job.ts'
import { planDueSchedules } from '../../src/queues/schedules/plan-due-schedules.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, openTestEngine, type TestEngine, type TestPayload, testJob } from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
const log = createLog('silent')
const at = (text: string) => Temporal.Instant.from(text)
const NOON = at('2026-11-20T12:00:00Z')

describe.each<BackendKind>(['postgres', 'redis'])('what a schedule missed, on %s', (kind) => {
  let engine: TestEngine | null = null
  let atWork = 0
  let most = 0
  let order: string[] = []

  beforeEach(async () => {
    await emptyDatabase(db)

    await given.client(db)
    ;[atWork, most, order] = [0, 0, []]
  })

  afterEach(async () => {
    await engine?.close()
    engine = null
  })

  /** Works for a moment and keeps count of how many do at once. */
  async function work({ name }: TestPayload): Promise<void> {
    atWork += 1
    most = Math.max(most, atWork)
    await sleep(150)
    atWork -= 1
    order.push(name)
  }

  function scheduled(overlap: JobSchedule<TestPayload>['overlap'], run = work): AnyJob {
    const schedule: JobSchedule<TestPayload> = {
      cron: '* * * * *',
      zone: 'UTC',
      scope: 'client',
      catchUp: 'all',
      catchUpWithinMs: null,
      lateAfterMs: null,
      overlap,
      payload: (dueAt, client) => ({ clientId: client.id, name: dueAt.toString().slice(11, 16) }),
    }
    return testJob('minutely', run, { schedule, retry: { attempts: 2, delayMs: 50, maxDelayMs: 50 } })
  }

  /** Four minutes fall due at once, and a worker takes them. */
  async function missFour(job: AnyJob): Promise<void> {
    const registry = createRegistry([job])
    await syncSchedules(db, registry, log, NOON)
    await planDueSchedules(db, registry, log, NOON.add({ minutes: 4 }))
    // Nothing falls due by the clock while the test runs.
    await db.updateTable('schedules').set({ paused_until: '2100-01-01T00:00:00Z', next_due_at: null }).execute()
    engine = await openTestEngine(kind, database, [job])
    await engine.engine.startScheduler()
    await engine.engine.startWorkers()
  }

  async function ended(count: number): Promise<string[]> {
    return vi.waitFor(async () => {
      const runs = await db.selectFrom('runs').select(['key', 'state']).orderBy('key').execute()
      const over = runs.filter(({ state }) => ['succeeded', 'failed'].includes(state))
      expect(over).toHaveLength(count)
      return over.map(({ key, state }) => `${key} ${state}`)
    }, PATIENCE)
  }

  test('queues up: each waits for those before it, in their order', async () => {
    await missFour(scheduled('queue'))
    await ended(4)
    expect({ most, order }).toEqual({ most: 1, order: ['12:01', '12:02', '12:03', '12:04'] })
  })

  test('runs side by side where that is allowed', async () => {
    await missFour(scheduled('allow'))
    await ended(4)
    expect(most).toBeGreaterThan(1)
  })

  test('is one run where it may not overlap', async () => {
    await missFour(scheduled('skip'))
    await ended(1)
    expect(order).toEqual(['12:04'])
  })

  test('goes on behind a run that is tried again, and behind one that failed for good', async () => {
    const tries: string[] = []
    const job = scheduled('queue', async (payload) => {
      tries.push(payload.name)
      if (payload.name === '12:01' && tries.length === 1) throw new Error('no luck')
      if (payload.name === '12:02') throw new PermanentError('object-missing', 'it is broken')
      await work(payload)
    })
    await missFour(job)
    expect(await ended(4)).toEqual([
      'acme.12:01 succeeded',
      'acme.12:02 failed',
      'acme.12:03 succeeded',
      'acme.12:04 succeeded',
    ])
    expect({ most, tries }).toEqual({ most: 1, tries: ['12:01', '12:01', '12:02', '12:03', '12:04'] })
  })
})
