import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AnyJob, on } from '../../src/queues/index.ts'
import { dispatch } from '../../src/queues/queue/dispatch.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import {
  type BackendKind,
  CLIENT_RUNS_MAX,
  freshPrefix,
  openTestEngine,
  type TestEngine,
  testJob,
} from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
const old = testJob('old', async () => {})
const novel = testJob('novel', async () => {})

// Which of two nodes takes a run next is chance.
vi.setConfig({ testTimeout: 120_000 })

describe.each<BackendKind>(['postgres', 'redis'])('nodes of two versions on %s', (kind) => {
  let opened: TestEngine[] = []
  let prefix = ''

  beforeEach(async () => {
    await emptyDatabase(db)

    await given.client(db)
    prefix = freshPrefix()
  })

  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()))
    opened = []
  })

  async function open(jobs: AnyJob[]): Promise<TestEngine> {
    const engine = await openTestEngine(kind, database, jobs, prefix)
    opened.push(engine)
    return engine
  }

  async function runOnOldNode(): Promise<{ runId: string; newer: TestEngine }> {
    const older = await open([old])
    const newer = await open([old, novel])
    await older.engine.startScheduler()
    await older.engine.startWorkers()
    const { runId } = await newer.engine.ledger.request(on(novel, { clientId: 'acme', name: 'x' }), asked)
    return { runId, newer }
  }

  function run(runId: string) {
    return db
      .selectFrom('runs')
      .select(['state', 'failures', 'crashes', 'error_code', 'error_message'])
      .where('id', '=', runId)
      .executeTakeFirstOrThrow()
  }

  function codes(runId: string) {
    return db
      .selectFrom('run_attempts')
      .select(['outcome', 'error_code'])
      .where('run_id', '=', runId)
      .orderBy('attempt')
      .execute()
  }

  const until = (check: () => Promise<void>) => vi.waitFor(check, PATIENCE)

  test('a run whose job a node does not know is done by one that does, and spends no try', async () => {
    const { runId, newer } = await runOnOldNode()
    await until(async () =>
      expect(await codes(runId)).toContainEqual({ outcome: 'given-back', error_code: 'unknown-job' }),
    )
    await newer.engine.startWorkers()
    await until(async () => expect(await run(runId)).toMatchObject({ state: 'succeeded', failures: 0, crashes: 0 }))
    const outcomes = (await codes(runId)).map(({ outcome }) => outcome)
    expect(outcomes.slice(0, -1).every((outcome) => outcome === 'given-back')).toBe(true)
  })

  test('an older node says that another knows the job, and leaves it however long that takes', async () => {
    const { runId } = await runOnOldNode()
    await until(async () => expect(await codes(runId)).toHaveLength(1))
    await db
      .insertInto('nodes')
      .values({ id: 'newer', jobs: ['old', 'novel'], seen_at: '2100-01-01' })
      .execute()
    await makeOlder()
    await until(async () => expect((await codes(runId)).at(-1)?.error_code).toBe('known-elsewhere'))
    expect((await run(runId)).state).not.toBe('failed')
    // The time without anybody who knows it begins when that node is gone.
    await db.deleteFrom('nodes').where('id', '=', 'newer').execute()
    await until(async () => expect((await codes(runId)).at(-1)?.error_code).toBe('unknown-job'))
    expect((await run(runId)).state).not.toBe('failed')
  })

  test('a run whose job nobody has known for a quarter of an hour fails and says what to do', async () => {
    const { runId } = await runOnOldNode()
    await until(async () => expect(await codes(runId)).toHaveLength(1))
    await makeOlder()
    await until(async () => expect((await run(runId)).state).toBe('failed'))
    expect(await run(runId)).toEqual({
      state: 'failed',
      failures: 1,
      crashes: 0,
      error_code: 'unknown-job',
      error_message:
        'no node that works has had the job "novel" for 15 minutes; start the version that has it, then retry it',
    })
  })

  test('a dispatcher leaves runs of a queue that it does not know, and holds up no others', async () => {
    const { backend } = await open([old])
    const tools = { db, backend, clientRunsMax: CLIENT_RUNS_MAX, log: undefined as never }
    const queues = { novel: 'a-new-queue', old: 'segments' }
    for (const [job, queue] of Object.entries(queues))
      await db
        .insertInto('runs')
        .values({ job, key: 'acme.x', queue, client_id: 'acme', payload: '{}', origin: 'person' })
        .execute()
    expect(await dispatch(tools)).toBe(1)
    const states = await db.selectFrom('runs').select(['job', 'state']).orderBy('job').execute()
    expect(states).toEqual([
      { job: 'novel', state: 'planned' },
      { job: 'old', state: 'queued' },
    ])
  })
})

/** As if it had all been a while ago. */
async function makeOlder(): Promise<void> {
  await sql`update runs set planned_at = planned_at - interval '20 minutes'`.execute(db)
  await sql`update run_attempts set started_at = started_at - interval '20 minutes'`.execute(db)
}
