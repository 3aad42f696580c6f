import { z } from 'zod'
import { type AnyJob, defineJob, type RunContext } from '../../src/queues/job.ts'

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
      timeoutMs: 300_000,
      memoryMaxMb: null,
      run,
    }),
    ...change,
  }
}
