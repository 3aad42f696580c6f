import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { treeOf } from '../../src/queues/child/process-tree.ts'
import { type AnyJob, on } from '../../src/queues/index.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import type { IsolationSettings } from '../support/isolation-child.ts'
import * as jobs from '../support/isolation-jobs.ts'
import { PATIENCE } from '../support/patience.ts'
import { COMPILED_FOLDER } from '../support/program.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type BackendKind, freshPrefix, openTestEngine, type TestEngine, testJob } from '../support/test-engine.ts'

const { database, url } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
/** Processes start, and are rescued; on a machine that does much else besides that takes its time. */
const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
const settings: IsolationSettings = { databaseUrl: url }
const child = {
  entry: fileURLToPath(import.meta.resolve('../support/isolation-child.ts')),
  settings,
  compiledFolder: COMPILED_FOLDER,
}
const nodeEntry = fileURLToPath(import.meta.resolve('../support/isolation-node.ts'))

const quick = testJob('quick', async () => {})
const everyJob = [...jobs.isolationJobs, quick]

describe.each<BackendKind>(['postgres', 'redis'])('on %s', (kind) => {
  let opened: TestEngine[] = []

  beforeEach(async () => {
    await emptyDatabase(db)

    await db
      .insertInto('clients')
      .values({ id: 'acme', name: 'Acme', time_zone: 'Europe/Berlin', currency: 'EUR' })
      .execute()
  })

  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()))
    opened = []
    const left = childrenOf(process.pid)
    if (left.length > 0) throw new Error(`processes ${left.join(', ')} outlived the engine that started them`)
  })

  async function start(prefix = freshPrefix()): Promise<TestEngine> {
    const started = await openTestEngine(kind, database, everyJob, prefix, child)
    opened.push(started)
    await started.engine.startScheduler()
    await started.engine.startWorkers()
    return started
  }

  async function request({ engine }: TestEngine, job: AnyJob, name = 'x'): Promise<string> {
    const { runId } = await engine.ledger.request(on(job, { clientId: 'acme', name }), asked)
    return runId
  }

  function reaches(runId: string, ...states: string[]) {
    return vi.waitFor(async () => {
      const run = await db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirstOrThrow()
      expect(states).toContain(run.state)
      return run
    }, PATIENCE)
  }

  const ended = (runId: string) => reaches(runId, 'succeeded', 'failed', 'cancelled')

  function attemptsOf(runId: string) {
    return db
      .selectFrom('run_attempts')
      .select(['outcome', 'error_code', 'error_message'])
      .where('run_id', '=', runId)
      .orderBy('attempt')
      .execute()
  }

  /** The process that the job `blocked` blocks, once it does. */
  function blockedProcess(): Promise<number> {
    return vi.waitFor(async () => {
      const [word] = await sectors()
      expect(word).toMatchObject({ id: 'blocked' })
      return Number(word?.name)
    }, PATIENCE)
  }

  function sectors() {
    return db.selectFrom('sectors').select(['id', 'name']).orderBy('id').execute()
  }

  test('a run in a child commits its results, its follow-up and its success as any other, and the next uses the same process', async () => {
    const engine = await start()
    expect(await ended(await request(engine, jobs.good, 'one'))).toMatchObject({ state: 'succeeded', attempt: 1 })
    const follow = await db.selectFrom('runs').select('id').where('job', '=', 'follower').executeTakeFirstOrThrow()
    expect((await ended(follow.id)).state).toBe('succeeded')
    await ended(await request(engine, jobs.good, 'two'))
    const [one, two] = await sectors()
    expect(two?.name).toBe(one?.name)
    expect(Number(one?.name)).not.toBe(process.pid)
  })

  test('what a job throws in a child means the same as here', async () => {
    const engine = await start()
    const [thrown, refused] = await Promise.all(
      [jobs.throws, jobs.refuses].map(async (job) => ended(await request(engine, job))),
    )
    expect(thrown).toMatchObject({ state: 'failed', failures: 3, crashes: 0, error_message: 'no luck' })
    expect(refused).toMatchObject({ state: 'failed', failures: 1, crashes: 0, error_code: 'mail-refused' })
    const { stack } = await db
      .selectFrom('run_attempts')
      .select('error_stack as stack')
      .where('run_id', '=', refused?.id ?? '')
      .executeTakeFirstOrThrow()
    expect(stack).toContain('isolation-jobs.ts')
  })

  test('whatever ends the process of a run costs one attempt, which counts as a crash and not as a failure', async () => {
    const engine = await start()
    const runs = await Promise.all(
      Object.entries(jobs.harms).map(async ([name, job]) => [name, await ended(await request(engine, job))] as const),
    )
    const says = (text: string) => `the process of the run ${text}`
    const overAll = /^the process of the run held \d+ MB with all it started; its job allows 256 MB$/
    const expected: Record<string, [string, string | RegExp]> = {
      heap: ['out-of-memory', says('ran out of memory; its heap may hold 128 MB')],
      buffers: ['out-of-memory', overAll],
      glutton: ['out-of-memory', overAll],
      exit0: ['child-exited', says('exited with code 0 before the run had ended')],
      exit1: ['child-exited', says('exited with code 1 before the run had ended')],
      killed: ['child-exited', says('was killed by SIGKILL')],
      uncaught: ['child-exited', says('exited with code 1 before the run had ended')],
    }
    for (const [name, run] of runs) {
      expect(run).toMatchObject({ job: name, state: 'succeeded', attempt: 2, failures: 0, crashes: 1 })
      const [code, message] = expected[name] ?? []
      expect(await attemptsOf(run.id)).toEqual([
        { outcome: 'crashed', error_code: code, error_message: expect.stringMatching(message ?? '') },
        { outcome: 'succeeded', error_code: null, error_message: null },
      ])
      const lines = db.selectFrom('run_logs').select('message').where('run_id', '=', run.id).orderBy('attempt')
      expect(await lines.execute()).toEqual([1, 2].map((attempt) => ({ message: `attempt ${attempt} of ${name}` })))
    }
    const names = Object.keys(expected).toSorted()
    expect(await sectors()).toEqual(names.map((id) => ({ id, name: 'at a later attempt' })))
  })

  test('a run that ends its process again and again fails for good, says why, and starts again when a person retries it', async () => {
    const engine = await start()
    const run = await ended(await request(engine, jobs.poison, 'fixed'))
    const reason = 'the process of the run exited with code 3 before the run had ended'
    const verdict = `its process ended 4 times while it ran, the last time: ${reason}; look at the attempts, then retry it`
    expect(run).toMatchObject({ state: 'failed', attempt: 4, failures: 0, crashes: 4, error_code: 'crashed' })
    const crash = { outcome: 'crashed', error_code: 'child-exited', error_message: reason }
    const last = { outcome: 'crashed', error_code: 'crashed', error_message: verdict }
    expect(await attemptsOf(run.id)).toEqual([crash, crash, crash, last])
    await engine.engine.ledger.retry(run.id, 'tester')
    expect(await reaches(run.id, 'succeeded')).toMatchObject({ attempt: 5, failures: 0, crashes: 0 })
  })

  test('a loop without end blocks nobody else, and is killed after its deadline or its cancel', async () => {
    const engine = await start()
    const [late, blocked] = await Promise.all([request(engine, jobs.endless), request(engine, jobs.blocked)])
    await Promise.all([reaches(late, 'running'), blockedProcess()])
    const others = await Promise.all(Array.from({ length: 30 }, (_, index) => request(engine, quick, `q${index}`)))
    const states = await Promise.all(others.map(async (id) => (await ended(id)).state))
    expect(new Set(states)).toEqual(new Set(['succeeded']))
    expect((await engine.engine.ledger.find(blocked))?.state).toBe('running')
    await engine.engine.ledger.cancel(blocked, 'tester')
    expect(await ended(blocked)).toMatchObject({ state: 'cancelled', attempt: 1, crashes: 0 })
    expect(await ended(late)).toMatchObject({ state: 'failed', failures: 1, crashes: 0, error_code: 'deadline' })
  })

  test('a cancel is heard in a child: nobody has to be killed', async () => {
    const engine = await start()
    const id = await request(engine, jobs.waits)
    await reaches(id, 'running')
    await engine.engine.ledger.cancel(id, 'tester')
    expect(await ended(id)).toMatchObject({ state: 'cancelled', crashes: 0 })
    const heard = db.selectFrom('run_logs').select('message').where('run_id', '=', id)
    await expect.poll(() => heard.execute()).toEqual([{ message: 'heard' }])
  })

  test('a shutdown gives back what runs in children, blocked or not, without spending an attempt', async () => {
    const engine = await start()
    const ids = await Promise.all([request(engine, jobs.waits), request(engine, jobs.blocked)])
    await Promise.all([...ids.map((id) => reaches(id, 'running')), blockedProcess()])
    opened = []
    await engine.close(50)
    for (const id of ids)
      expect(await reaches(id, 'queued')).toMatchObject({ failures: 0, crashes: 0, error_code: 'given-back' })
  })

  test('when the worker is killed its blocked child is gone within moments, and the run is rescued', async () => {
    const prefix = freshPrefix()
    const redis = kind === 'redis' ? { REDIS_URL: inject('redisUrl') } : {}
    const node = spawn(process.execPath, [nodeEntry], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: COMPILED_FOLDER,
        DATABASE_URL: url,
        QUEUE_PREFIX: prefix,
        ...redis,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const other = await openTestEngine(kind, database, everyJob, prefix, child)
    opened.push(other)
    const id = await request(other, jobs.blocked)
    const pid = await blockedProcess()
    node.kill('SIGKILL')
    await vi.waitFor(() => expect(isThere(pid)).toBe(false), PATIENCE)
    await other.engine.startScheduler()
    await other.engine.startWorkers()
    expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 2, failures: 0, crashes: 1 })
  })
})

function childrenOf(pid: number): number[] {
  return treeOf(pid).slice(1)
}

function isThere(pid: number): boolean {
  return readdirSync('/proc').includes(String(pid))
}
