import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { createLog, type Log } from '../../src/log.ts'
import type { ChildProgram } from '../../src/queues/child/run-child.ts'
import {
  type AnyJob,
  createEngine,
  createRegistry,
  type Engine,
  openQueueBackend,
  type QueueBackend,
} from '../../src/queues/index.ts'
import { systemClock } from '../../src/time.ts'

export { type TestPayload, testJob } from './test-job.ts'

export type BackendKind = 'postgres' | 'redis'

export type TestEngine = { engine: Engine; backend: QueueBackend; close(graceMs?: number): Promise<void> }

export const CLIENT_RUNS_MAX = 50

/** An engine of its own on one of the two backends, without scheduler and workers running yet. */
export async function openTestEngine(
  kind: BackendKind,
  database: Database,
  jobs: AnyJob[],
  prefix = freshPrefix(),
  child: ChildProgram | null = null,
  { redisUrl = inject('redisUrl'), log = createLog('silent') }: { redisUrl?: string; log?: Log } = {},
): Promise<TestEngine> {
  const backend = await openQueueBackend({
    pool: database.queuePool,
    redisUrl: kind === 'redis' ? redisUrl : undefined,
    redisCluster: false,
    prefix,
    log,
  })
  const engine = createEngine({
    database,
    backend,
    registry: createRegistry(jobs),
    jobTools: {},
    child,
    clock: systemClock,
    clientRunsMax: CLIENT_RUNS_MAX,
    concurrency: { aggregation: 4, segments: 2, predictions: 2, reports: 2, deliveries: 2, imports: 3, erasures: 2 },
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
