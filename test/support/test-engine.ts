import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import {
  type AnyJob,
  createEngine,
  createRegistry,
  defineJob,
  type Engine,
  openQueueBackend,
  type QueueBackend,
  type RunContext,
} from '../../src/queues/index.ts'
import { systemClock } from '../../src/time.ts'

export type BackendKind = 'postgres' | 'redis'

export type TestEngine = { engine: Engine; backend: QueueBackend; close(graceMs?: number): Promise<void> }

/** An engine of its own on one of the two backends, without scheduler and workers running yet. */
export async function openTestEngine(
  kind: BackendKind,
  database: Database,
  jobs: AnyJob[],
  prefix = freshPrefix(),
): Promise<TestEngine> {
  const log = createLog('silent')
  const backend = await openQueueBackend({
    pool: database.queuePool,
    redisUrl: kind === 'redis' ? inject('redisUrl') : undefined,
    redisCluster: false,
    prefix,
    log,
  })
  const engine = createEngine({
    database,
    backend,
    registry: createRegistry(jobs),
    jobTools: {},
    clock: systemClock,
    clientRunsMax: 50,
    concurrency: { aggregation: 4, segments: 2, predictions: 2, reports: 2, deliveries: 2 },
    log,
    onTick: async () => {},
  })
  return {
    engine,
    backend,
    async close(graceMs = 5000) {
      await engine.close(graceMs)
      await backend.close()
    },
  }
}

export function freshPrefix(): string {
  return `test_${randomBytes(4).toString('hex')}`
}

const payload = z.strictObject({ clientId: z.string(), name: z.string() })
export type TestPayload = z.output<typeof payload>

/** A job for tests: what it does is `run`, all else is small and quick. */
export function testJob(
  name: string,
  run: (payload: TestPayload, context: RunContext) => Promise<void>,
  change: Partial<AnyJob> = {},
): AnyJob {
  return {
    ...defineJob<TestPayload, object>({
      name,
      summary: 'A job for tests.',
      queue: 'aggregation',
      payload,
      key: ({ clientId, name }) => `${clientId}.${name}`,
      client: ({ clientId }) => clientId,
      night: () => null,
      window: () => null,
      schedule: null,
      after: () => [],
      retry: { attempts: 3, delayMs: 50, maxDelayMs: 100 },
      timeoutMs: 20_000,
      run,
    }),
    ...change,
  }
}
