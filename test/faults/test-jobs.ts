import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { AnyJob, RunContext } from '../../src/queues/index.ts'

/** Jobs that do what no job of the product should. Parent and child process know the same ones. */

const payload = z.strictObject({
  clientId: z.string(),
  name: z.string(),
  /** How long it takes. */
  ms: z.number(),
  /** Does not hear when it is told to stop. */
  deaf: z.boolean(),
})
export type TestPayload = z.output<typeof payload>

const about = {
  queue: 'aggregation',
  payload,
  key: ({ clientId, name }: TestPayload) => `${clientId}.${name}`,
  client: ({ clientId }: TestPayload) => clientId,
  night: () => null,
  window: () => null,
  schedule: null,
  after: () => [],
  retry: { attempts: 2, delayMs: 1000, maxDelayMs: 1000 },
  timeoutMs: 120_000,
  memoryMaxMb: null,
} satisfies Partial<AnyJob>

/** Takes its time. */
export const nap: AnyJob = {
  ...about,
  name: 'nap',
  summary: 'Waits.',
  run: ({ ms, deaf }: TestPayload, { signal }: RunContext) => sleep(ms, undefined, deaf ? {} : { signal }),
}

/** Takes its worker with it, as long as the ledger holds a client of this name; ends well without. */
export const poison: AnyJob = {
  ...about,
  name: 'poison',
  summary: 'Kills the process it runs in.',
  async run({ clientId }: TestPayload, { db }: RunContext) {
    const client = await db.selectFrom('clients').select('name').where('id', '=', clientId).executeTakeFirst()
    if (client?.name === 'poisonous') process.kill(process.pid, 'SIGKILL')
  },
}

/** What a broken job may do to the process it runs in: one of its own, which it may fill with so much. */
const MEMORY_MAX_MB = 256

export const harms: readonly AnyJob[] = [
  harm('throw', async () => {
    throw new Error('as broken jobs do')
  }),
  harm('out-of-memory', async () => {
    const kept: unknown[] = []
    for (;;) {
      kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
      await sleep(0)
    }
  }),
  harm('endless-loop', async () => {
    for (;;);
  }),
  harm('exit', async () => process.exit(1)),
]

function harm(name: string, run: () => Promise<never>): AnyJob {
  // Its deadline is what ends a loop without end.
  return { ...about, name, summary: 'Does harm.', memoryMaxMb: MEMORY_MAX_MB, timeoutMs: 5000, run }
}

export const testJobs: readonly AnyJob[] = [nap, poison, ...harms]
