import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DatabaseAwayError, PermanentError, RetryLaterError } from '../../src/errors.ts'
import { type AnyJob, on } from '../../src/queues/index.ts'
import { answerUncaught } from '../../src/uncaught.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { attemptsOf, countByState } from '../support/ledger-rows.ts'
import { PATIENCE } from '../support/patience.ts'
import { createTestDatabase } from '../support/test-database.ts'
import {
  type BackendKind,
  CLIENT_RUNS_MAX,
  freshPrefix,
  openTestEngine,
  type TestEngine,
  type TestPayload,
  testJob,
} from '../support/test-engine.ts'

const { database } = await createTestDatabase({ connectionsMax: 12 })
const db = database.system
/** Longer than any test. */
const FOR_EVER_MS = 3_600_000
const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const

describe.each<BackendKind>(['postgres', 'redis'])('on %s', (kind) => {
  let opened: TestEngine[] = []

  beforeEach(async () => {
    await emptyDatabase(db)
    await given.client(db, { time_zone: 'Europe/Berlin' })
  })

  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()))
    opened = []
  })

  async function start(jobs: AnyJob[], prefix = freshPrefix()): Promise<TestEngine> {
    const started = await openTestEngine(kind, database, jobs, prefix)
    opened.push(started)
    await started.engine.startScheduler()
    await started.engine.startWorkers()
    return started
  }

  async function request(engine: TestEngine, job: AnyJob, name: string): Promise<string> {
    const { runId } = await engine.engine.ledger.request(on(job, { clientId: 'acme', name }), asked)
    return runId
  }

  function ended(runId: string) {
    return vi.waitFor(async () => {
      const run = await db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirstOrThrow()
      expect(['succeeded', 'failed', 'cancelled']).toContain(run.state)
      return run
    }, PATIENCE)
  }

  test('an error that a run leaves to nobody crashes its attempt, and the process may not go on', async () => {
    let mayGoOn: boolean | null = null
    const careless = testJob('careless', async (_payload, { attempt, signal }) => {
      if (attempt > 1) return
      // As the process does that hears of it.
      setTimeout(() => {
        mayGoOn = answerUncaught(new Error('left alone'))
      })
      await new Promise((done) => signal.addEventListener('abort', done))
    })
    const engine = await start([careless])
    expect(await ended(await request(engine, careless, 'one'))).toMatchObject({
      ...{ state: 'succeeded', attempt: 2, crashes: 1, failures: 0 },
    })
    expect(mayGoOn).toBe(false)
    const attempts = await db.selectFrom('run_attempts').selectAll().orderBy('attempt').execute()
    expect(attempts).toMatchObject([
      { outcome: 'crashed', error_code: 'uncaught', error_message: 'an error that nobody caught: left alone' },
      { outcome: 'succeeded' },
    ])
  })

  test('what a run commits, the runs it asks for and its success are there together', async () => {
    const second = testJob('second', async () => {})
    const first = testJob('first', async ({ clientId }, { commit }) => {
      await commit(async (tx, follow) => {
        await tx.insertInto('sectors').values({ client_id: clientId, id: 'sales', name: 'Sales' }).execute()
        await follow(on(second, { clientId, name: 'after' }))
      })
    })
    const engine = await start([first, second])
    const run = await ended(await request(engine, first, 'one'))
    expect(run.state).toBe('succeeded')
    expect(await db.selectFrom('sectors').select('id').execute()).toEqual([{ id: 'sales' }])
    const followed = await db
      .selectFrom('runs')
      .select(['id', 'origin'])
      .where('job', '=', 'second')
      .executeTakeFirstOrThrow()
    expect(followed.origin).toBe('follow-up')
    expect((await ended(followed.id)).state).toBe('succeeded')
  })

  test('a run waits for what it stands on, which is planned when nobody has asked for it', async () => {
    const order: string[] = []
    const base = testJob('base', async ({ name }) => {
      await sleep(100)
      order.push(`base ${name}`)
    })
    const top = testJob('top', async ({ name }) => void order.push(`top ${name}`), {
      after: (payload: unknown) => [on(base, payload as never)],
    })
    const engine = await start([base, top])
    await ended(await request(engine, top, 'x'))
    expect(order).toEqual(['base x', 'top x'])
  })

  test('a failed step holds what stands on it; retrying the run that waits releases the chain', async () => {
    let broken = true
    const base = testJob('base', async () => {
      if (broken) throw new PermanentError('object-missing', 'it is broken')
    })
    const top = testJob('top', async () => {}, { after: (payload: unknown) => [on(base, payload as never)] })
    const engine = await start([base, top])
    const topId = await request(engine, top, 'x')
    const baseId = (await db.selectFrom('runs').select('id').where('job', '=', 'base').executeTakeFirstOrThrow()).id
    expect(await ended(baseId)).toMatchObject({
      state: 'failed',
      error_code: 'object-missing',
      error_message: 'it is broken',
      attempt: 1,
    })
    await sleep(200)
    expect((await engine.engine.ledger.find(topId))?.state).toBe('planned')
    broken = false
    await engine.engine.ledger.retry(topId, 'tester')
    expect((await ended(topId)).state).toBe('succeeded')
    expect(await attemptsOf(db, baseId)).toEqual([
      { attempt: 1, outcome: 'failed', error_code: 'object-missing' },
      { attempt: 2, outcome: 'succeeded', error_code: null },
    ])
  })

  test('a failure whose words no database holds ends in the queue as it does in the ledger', async () => {
    const broken = testJob('broken', async () => {
      throw new PermanentError('object-missing', 'a\0b\ud800')
    })
    const { engine, backend } = await start([broken])
    const { runId } = await engine.ledger.request(on(broken, { clientId: 'acme', name: 'x' }), asked)
    expect(await ended(runId)).toMatchObject({ state: 'failed', error_message: 'a\ufffdb\ufffd' })
    await vi.waitFor(async () => {
      const job = await backend.queues.get('aggregation')?.getJob(runId)
      expect([await job?.getState(), job?.failedReason]).toEqual(['failed', 'a\ufffdb\ufffd'])
    }, PATIENCE)
  })

  test('an error is tried again with growing waits until the attempts are spent', async () => {
    const job = testJob('flaky', async () => {
      throw new Error('no luck')
    })
    const engine = await start([job])
    const run = await ended(await request(engine, job, 'x'))
    expect(run).toMatchObject({
      state: 'failed',
      failures: 3,
      attempt: 3,
      error_code: 'error',
      error_message: 'no luck',
    })
    expect((await attemptsOf(db, run.id)).map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'failed'])
  })

  test('"not now" waits and spends no attempt', async () => {
    const job = testJob('patient', async (_payload, { attempt }) => {
      if (attempt < 5) throw new RetryLaterError(20, 'not yet')
    })
    const engine = await start([job])
    expect(await ended(await request(engine, job, 'x'))).toMatchObject({ state: 'succeeded', attempt: 5, failures: 0 })
  })

  test('a run that waited often and then loses the database spends no try either, and is told how often it lost it', async () => {
    const job = testJob(
      'unlucky',
      async (_payload, { attempt }) => {
        if (attempt <= 11) throw new RetryLaterError(1, 'not yet')
        if (attempt <= 13) throw new DatabaseAwayError('the connection ended')
      },
      { retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 } },
    )
    const engine = await start([job])
    const run = await ended(await request(engine, job, 'x'))
    expect(run).toMatchObject({ state: 'succeeded', attempt: 14, failures: 0 })
    const codes = (await attemptsOf(db, run.id)).map(({ error_code }) => error_code)
    expect(codes).toEqual([...Array(11).fill('given-back'), 'database-away', 'database-away', null])
  })

  test('a job past its deadline is stopped, by its signal or in spite of itself', async () => {
    const deaf = testJob('deaf', () => sleep(FOR_EVER_MS, undefined, { ref: false }), {
      timeoutMs: 100,
      retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 },
    })
    const engine = await start([deaf])
    expect(await ended(await request(engine, deaf, 'x'))).toMatchObject({ state: 'failed', error_code: 'deadline' })
  })

  test('a cancelled run stops and stays cancelled', async () => {
    const job = testJob('long', (_payload, { signal }) => sleep(FOR_EVER_MS, undefined, { signal }), {
      timeoutMs: FOR_EVER_MS,
    })
    const engine = await start([job])
    const id = await request(engine, job, 'x')
    await vi.waitFor(async () => expect((await engine.engine.ledger.find(id))?.state).toBe('running'), PATIENCE)
    await engine.engine.ledger.cancel(id, 'tester')
    expect((await ended(id)).state).toBe('cancelled')
    await expect(engine.engine.ledger.cancel(id, 'tester')).rejects.toMatchObject({
      code: 'not-cancellable',
      status: 409,
    })
  })

  test('a run that was told to stop is not tried again when it fails by itself first', async () => {
    const job = testJob('stubborn', async (_payload, { runId }) => {
      // As a person's cancel that this node has not heard of yet.
      await sql`update runs set cancel_requested_at = now() where id = ${runId}`.execute(db)
      throw new Error('no luck')
    })
    const engine = await start([job])
    expect(await ended(await request(engine, job, 'x'))).toMatchObject({ state: 'cancelled', attempt: 1 })
  })

  test('a shutdown gives work back without spending an attempt, and the next process finishes it', async () => {
    let hold = true
    const job = testJob('held', async (_payload, { signal }) => {
      if (hold) await sleep(FOR_EVER_MS, undefined, { signal })
    })
    const prefix = freshPrefix()
    const first = await start([job], prefix)
    const id = await request(first, job, 'x')
    await vi.waitFor(async () => expect((await first.engine.ledger.find(id))?.state).toBe('running'), PATIENCE)
    opened = []
    await first.close(50)
    expect(await first.engine.ledger.find(id)).toMatchObject({ state: 'queued', failures: 0, crashes: 0 })
    hold = false
    await start([job], prefix)
    expect(await ended(id)).toMatchObject({ state: 'succeeded', failures: 0, crashes: 0, attempt: 2 })
  })

  test('fifty requests at once give one run and one id', async () => {
    const job = testJob('once', async () => {})
    const engine = await start([job])
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => engine.engine.ledger.request(on(job, { clientId: 'acme', name: 'x' }), asked)),
    )
    expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1)
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
  })

  test('what somebody waits for is queued as it is planned, up to the cap of its client, and the rest is dispatched', async () => {
    const job = testJob('no-op', async () => {})
    const engine = await openTestEngine(kind, database, [job], freshPrefix())
    opened.push(engine)
    // Nothing schedules and nothing works yet.
    const requests = Array.from({ length: CLIENT_RUNS_MAX + 3 }, (_, n) =>
      on(job, { clientId: 'acme', name: `n-${n}` }),
    )
    await engine.engine.ledger.requestAll(requests, asked)
    expect(await countByState(db)).toEqual({ queued: CLIENT_RUNS_MAX, planned: 3 })
    const atOnce = await db.selectFrom('runs').select('id').whereRef('queued_at', '=', 'planned_at').execute()
    expect(atOnce.length).toBe(CLIENT_RUNS_MAX)
    await request(engine, job, 'one more')
    expect(await countByState(db)).toEqual({ queued: CLIENT_RUNS_MAX, planned: 4 })
    await engine.engine.startScheduler()
    await engine.engine.startWorkers()
    await vi.waitFor(async () => expect(await countByState(db)).toEqual({ succeeded: CLIENT_RUNS_MAX + 4 }), PATIENCE)
  })

  test('of imports a client has one in hand, however many it sends, and those of another begin at once', async () => {
    await db
      .insertInto('clients')
      .values({ id: 'other', name: 'Other', time_zone: 'Europe/Berlin', currency: 'EUR' })
      .execute()
    const begun: string[] = []
    const slow = Promise.withResolvers<void>()
    const run = async ({ clientId, name }: TestPayload) => {
      begun.push(`${clientId} ${name}`)
      if (clientId === 'acme') await slow.promise
    }
    const job = testJob('slow-import', run, { queue: 'imports' })
    const engine = await start([job])
    const ask = (clientId: string, name: string) =>
      engine.engine.ledger.request(on(job, { clientId, name }), asked).then(({ runId }) => runId)
    const own = [await ask('acme', 'a'), await ask('acme', 'b'), await ask('acme', 'c'), await ask('acme', 'd')]
    await vi.waitFor(() => expect(begun).toEqual(['acme a']), PATIENCE)
    const others = [await ask('other', 'x'), await ask('other', 'y')]
    expect((await Promise.all(others.map(ended))).map(({ state }) => state)).toEqual(['succeeded', 'succeeded'])
    expect(begun.filter((each) => each.startsWith('acme'))).toEqual(['acme a'])
    slow.resolve()
    expect((await Promise.all(own.map(ended))).map(({ state }) => state)).toEqual(Array(4).fill('succeeded'))
    expect(begun.filter((each) => each.startsWith('acme'))).toEqual(['acme a', 'acme b', 'acme c', 'acme d'])
  })

  test('a run that waits in one queue and is moved to another goes on there, once', async () => {
    const done: string[] = []
    const job = testJob('erase-customer', async ({ name }) => void done.push(name), { queue: 'imports' })
    const prefix = freshPrefix()
    const stopped = await openTestEngine(kind, database, [job], prefix)
    opened.push(stopped)
    const id = await request(stopped, job, 'a')
    const [old, its] = [stopped.backend.queues.get('imports'), stopped.backend.queues.get('erasures')]
    await vi.waitFor(async () => expect(await old?.getJobState(id)).toBe('waiting'), PATIENCE)
    await db.updateTable('runs').set({ queue: 'erasures', state: 'planned' }).where('id', '=', id).execute()
    await start([job], prefix)
    expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 })
    await vi.waitFor(async () => expect(await its?.getJobState(id)).toBe('completed'), PATIENCE)
    await vi.waitFor(async () => expect(await old?.getWaitingCount()).toBe(0), PATIENCE)
    expect(done).toEqual(['a'])
  })

  test('an emptied queue is filled again from the ledger', async () => {
    const done: string[] = []
    const job = testJob('kept', async ({ name }) => void done.push(name))
    const prefix = freshPrefix()
    const stopped = await openTestEngine(kind, database, [job], prefix)
    opened.push(stopped)
    const queue = stopped.backend.queues.get('aggregation')
    for (const name of ['a', 'b', 'c']) {
      const id = await request(stopped, job, name)
      await vi.waitFor(async () => expect(await queue?.getJobState(id)).toBe('waiting'), PATIENCE)
    }
    await queue?.obliterate({ force: true })
    await start([job], prefix)
    await vi.waitFor(() => expect(done.toSorted()).toEqual(['a', 'b', 'c']), PATIENCE)
  })

  test('a worker that lost its claim can commit nothing', async () => {
    const job = testJob('stolen', async (_payload, { runId, commit }) => {
      // As another worker does that finds this one silent.
      await db
        .updateTable('runs')
        .set((run) => ({ attempt: run('attempt', '+', 1) }))
        .where('id', '=', runId)
        .execute()
      await commit(async (tx) => {
        await tx.insertInto('sectors').values({ client_id: 'acme', id: 'ghost', name: 'Ghost' }).execute()
      })
    })
    const engine = await start([job])
    const id = await request(engine, job, 'x')
    await vi.waitFor(
      async () => expect(await engine.backend.queues.get('aggregation')?.getJobState(id)).toBe('completed'),
      PATIENCE,
    )
    expect(await db.selectFrom('sectors').selectAll().execute()).toEqual([])
    expect((await engine.engine.ledger.find(id))?.state).toBe('running')
  })

  test.each([
    ['claim', "update on runs for each row when (new.state = 'running')"],
    ['ending', 'insert on run_attempts for each row'],
  ])(
    'a database that refuses the %s for a while loses no run: it succeeds when the database is well again',
    async (_what, when) => {
      await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$`.execute(
        db,
      )
      await sql.raw(`create trigger refuse before ${when} execute function refuse()`).execute(db)
      const job = testJob('patient', async () => {})
      try {
        const engine = await start([job])
        const id = await request(engine, job, 'x')
        // Long enough for the claim, or the ending, to have been refused.
        await sleep(1500)
        expect((await engine.engine.ledger.find(id))?.state).not.toBe('succeeded')
        await sql`drop function refuse cascade`.execute(db)
        expect(await ended(id)).toMatchObject({ state: 'succeeded', failures: 0 })
      } finally {
        await sql`drop function if exists refuse cascade`.execute(db)
      }
    },
  )

  test('a bad payload is refused at the door and nothing is planned', async () => {
    const job = testJob('strict', async () => {})
    const engine = await start([job])
    const bad = engine.engine.ledger.request({ job, payload: { clientId: 'acme', name: 7, more: 1 } }, asked)
    await expect(bad).rejects.toMatchObject({ code: 'invalid-payload', status: 422 })
    expect(await db.selectFrom('runs').select('id').execute()).toEqual([])
  })
})
