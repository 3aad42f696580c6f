import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PermanentError } from '../../src/errors.ts'
import { type AnyJob, on } from '../../src/queues/job.ts'
import { type TestPayload, testJob } from './test-job.ts'

/**
 * Jobs that do to their process what a broken job may do; run by isolation-child.ts, asked for by isolation.test.ts.
 */

/** Enough for a process at rest, and soon full. */
const MEMORY_MAX_MB = 256
/** Longer than any test. */
const FOR_EVER_MS = 3_600_000

type Run = Parameters<typeof testJob>[1]

function apart(name: string, run: Run, change: Partial<AnyJob> = {}): AnyJob {
  return testJob(name, run, { memoryMaxMb: MEMORY_MAX_MB, ...change })
}

/** Does it to the first attempt only, and commits which of the two it was. */
function once(name: string, harm: () => unknown): AnyJob {
  return apart(name, async ({ clientId }, { attempt, log, commit }) => {
    log.info(`attempt ${attempt} of ${name}`)
    if (attempt === 1) await harm()
    await commit(async (tx) => {
      await tx
        .insertInto('sectors')
        .values({ client_id: clientId, id: name, name: attempt > 1 ? 'at a later attempt' : 'at once' })
        .execute()
    })
  })
}

function loopForEver(): never {
  for (;;);
}

async function fillHeap(): Promise<void> {
  const kept: unknown[] = []
  for (;;) {
    kept.push(Array(1_000_000).fill(1.5))
    await sleep(0)
  }
}

async function fillBuffers(): Promise<void> {
  const kept: Buffer[] = []
  for (;;) {
    kept.push(Buffer.alloc(8_000_000, 1))
    await sleep(5)
  }
}

/** What a browser may do that a run starts. */
function startGlutton(): Promise<void> {
  const glutton = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(8_000_000, 1)), 5)'
  spawn(process.execPath, ['-e', glutton], { stdio: 'ignore', detached: true })
  return sleep(FOR_EVER_MS)
}

export const harms = {
  heap: once('heap', fillHeap),
  buffers: once('buffers', fillBuffers),
  glutton: once('glutton', startGlutton),
  exit0: once('exit0', () => process.exit(0)),
  exit1: once('exit1', () => process.exit(1)),
  killed: once('killed', () => process.kill(process.pid, 'SIGKILL')),
  uncaught: once('uncaught', () => {
    setImmediate(() => {
      throw new Error('thrown where nobody catches')
    })
    return sleep(FOR_EVER_MS)
  }),
}

/** Says in which process it ran, and asks for a run to follow. */
const follower = apart('follower', async () => {})
export const good = apart('good', async ({ clientId, name }: TestPayload, { commit }) => {
  await commit(async (tx, follow) => {
    await tx
      .insertInto('sectors')
      .values({ client_id: clientId, id: name, name: String(process.pid) })
      .execute()
    await follow(on(follower, { clientId, name }))
  })
})

export const throws = apart('throws', async () => {
  throw new Error('no luck')
})
export const refuses = apart('refuses', async () => {
  throw new PermanentError('mail-refused', 'it will never do')
})
export const poison = apart('poison', async ({ name }, { attempt }) => {
  if (name !== 'fixed' || attempt <= 4) process.exit(3)
})
export const endless = apart('endless', async () => loopForEver(), {
  timeoutMs: 4000,
  retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 },
})
/** Leaves word which process it blocks. */
export const blocked = apart('blocked', async ({ clientId }, { attempt, checkpoint }) => {
  if (attempt > 1) return
  await checkpoint(async (tx) => {
    const name = String(process.pid)
    await tx.insertInto('sectors').values({ client_id: clientId, id: 'blocked', name }).execute()
  })
  loopForEver()
})
/** Says that it heard the end asked for: what is killed says nothing. */
export const waits = apart('waits', (_payload, { signal, log }) =>
  sleep(FOR_EVER_MS, undefined, { signal }).finally(() => log.info('heard')),
)

export const isolationJobs: AnyJob[] = [
  ...Object.values(harms),
  follower,
  good,
  throws,
  refuses,
  poison,
  endless,
  blocked,
  waits,
]
