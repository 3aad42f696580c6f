import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../../src/log.ts'
import { reconcile } from '../../../src/queues/queue/reconcile.ts'
import { AGREED, disagreementOf } from '../../support/agreement.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard } from '../../support/test-board.ts'
import { type BackendKind, testJob } from '../../support/test-engine.ts'

const ASKED = { origin: 'person', requestedBy: 'tester', again: 'no' } as const

/** What the job does is written to `mood`. */
const mood = { broken: false, held: new Set<string>() }
const work = testJob(
  'work',
  async ({ name }, { signal }) => {
    if (mood.broken) throw new Error('no luck')
    if (mood.held.has(name))
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  },
  { retry: { attempts: 2, delayMs: 3_600_000, maxDelayMs: 3_600_000 } },
)
const once = testJob('once', async () => Promise.reject(new Error('no luck')), {
  retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 },
})

describe.each<BackendKind>(['postgres', 'redis'])('after a button of bull-board on %s', async (backend) => {
  const board = await openTestBoard({ backend, jobs: [work, once] })
  const db = board.database.system
  const { ledger } = board.engine
  const queue = board.backend.queues.get('aggregation')
  if (!queue) throw new Error('there is no queue aggregation')
  await given.client(db, { id: 'acme' })
  const [operator, admin] = [await keyHeaders(board, 'operator'), await keyHeaders(board, 'admin')]
  await board.engine.startScheduler()

  beforeEach(async () => {
    mood.broken = false
    mood.held.clear()
    await queue.pause()
    await db.deleteFrom('runs').execute()
    await queue.obliterate({ force: true })
    await queue.resume()
    await db.deleteFrom('analytics_audit_log').execute()
  })

  async function press(path: string, body?: object, headers = admin): Promise<number> {
    const { status } = await fetch(`${board.url}/queues/api/queues/aggregation${path}`, {
      method: body === undefined ? 'PUT' : 'PATCH',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body ?? {}),
    })
    return status
  }

  async function plan(name: string, job = work): Promise<string> {
    const { runId } = await ledger.request({ job, payload: { clientId: 'acme', name } }, ASKED)
    return runId
  }

  const stateOf = async (runId: string) => (await ledger.find(runId))?.state
  const agrees = () => expect.poll(() => disagreementOf(db, board.backend)).toEqual(AGREED)
  const reaches = (runId: string, state: string) => expect.poll(() => stateOf(runId)).toBe(state)
  const inQueue = (runId: string, state: string) => expect.poll(() => queue.getJobState(runId)).toBe(state)

  /** As the scheduler does every ten seconds; returns how many runs were planned again. */
  const sweep = () =>
    reconcile({ db, backend: board.backend, clientRunsMax: 50, log: createLog('silent') }, { olderThanMs: 0 })

  async function actions(): Promise<string[]> {
    const rows = await db
      .selectFrom('analytics_audit_log')
      .select(['action', 'target'])
      .where('outcome', '=', 'done')
      .orderBy('id')
      .execute()
    return rows.map(({ action, target }) => `${action} ${target}`)
  }

  /** Runs that wait in the queue while no worker takes them. */
  async function givenWaiting(...names: string[]): Promise<string[]> {
    const ids: string[] = []
    for (const name of names) {
      const id = await plan(name)
      await inQueue(id, 'waiting')
      ids.push(id)
    }
    return ids
  }

  /** A run that failed and waits an hour for its next try. */
  async function givenDelayed(name: string): Promise<string> {
    mood.broken = true
    const id = await plan(name)
    await board.engine.startWorkers()
    await inQueue(id, 'delayed')
    mood.broken = false
    return id
  }

  test('remove cancels a waiting run, by whoever pressed it', async () => {
    const [id = '', other = ''] = await givenWaiting('a', 'b')
    expect([await press(`/${id}/clean`, undefined, operator), await press(`/${id}/clean`)]).toEqual([403, 204])
    expect([await stateOf(id), await stateOf(other)]).toEqual(['cancelled', 'queued'])
    expect(await queue.getJob(id)).toBeUndefined()
    await agrees()
    expect(await actions()).toEqual([`cancel-run run:${id}`])
    expect(await press(`/${id}/clean`)).toBe(404)
  })

  test.each(['empty', 'clean/waiting'])(
    '%s cancels every waiting run, and removes what is no run at all',
    async (button) => {
      const ids = await givenWaiting('a', 'b', 'c')
      await queue.add('work', {}, { jobId: randomUUID() })
      await queue.add('work', {}, { jobId: 'not-a-run' })
      expect(await press(`/${button}`)).toBe(204)
      expect(await Promise.all(ids.map(stateOf))).toEqual(['cancelled', 'cancelled', 'cancelled'])
      expect(await queue.count()).toBe(0)
      await agrees()
      const [entry] = await db.selectFrom('analytics_audit_log').select(['action', 'after']).execute()
      expect(entry).toEqual({ action: 'cancel-runs', after: { cancelled: 3, removed: 2 } })
    },
  )

  test('obliterate is refused, and what somebody obliterates by other means comes back', async () => {
    const ids = await givenWaiting('a', 'b')
    expect(await press('/obliterate')).toBe(403)
    expect(await queue.count()).toBe(2)
    await queue.obliterate({ force: true })
    await sweep()
    await expect.poll(() => queue.count()).toBe(2)
    expect(await Promise.all(ids.map(stateOf))).toEqual(['queued', 'queued'])
    await agrees()
  })

  test('a paused queue loses no run and plans none twice', async () => {
    const ids = await givenWaiting('a', 'b')
    expect(await press('/pause')).toBe(204)
    const plannedAt = async () => (await ledger.list({ limit: 9 })).runs.map((run) => run.plannedAt)
    const before = await plannedAt()
    const queuedAt = () => db.selectFrom('runs').select(['id', 'queued_at']).orderBy('id').execute()
    const queued = await queuedAt()
    // Each would plan again what it does not see.
    expect([await sweep(), await sweep()]).toEqual([0, 0])
    expect([await plannedAt(), await queuedAt()]).toEqual([before, queued])
    await agrees()
    expect(await press('/resume')).toBe(204)
    await board.engine.startWorkers()
    for (const id of ids) await reaches(id, 'succeeded')
  })

  test('promote lets a run begin now, in both', async () => {
    const id = await givenDelayed('a')
    expect(
      Temporal.Instant.from((await ledger.find(id))?.notBefore ?? '')
        .since(Temporal.Now.instant())
        .total('minutes'),
    ).toBeGreaterThan(20)
    expect(await press(`/${id}/promote`, undefined, operator)).toBe(204)
    await reaches(id, 'succeeded')
    await agrees()
    expect(await press(`/${id}/promote`, undefined, operator)).toBe(409)
    const two = [await givenDelayed('b'), await givenDelayed('c')]
    expect(await press('/promote', undefined, operator)).toBe(204)
    for (const each of two) await reaches(each, 'succeeded')
    await agrees()
  })

  test('a changed delay or priority is the run’s own, and a sweep leaves it', async () => {
    const id = await givenDelayed('a')
    const runAt = Temporal.Now.instant().add({ hours: 5 }).round('millisecond')
    expect(await press(`/${id}/delay`, { runAt: runAt.epochMilliseconds }, operator)).toBe(204)
    expect(await press(`/${id}/priority`, { priority: 7 }, operator)).toBe(204)
    expect(await press(`/${id}/delay`, { runAt: 'soon' }, operator)).toBe(422)
    expect(await ledger.find(id)).toMatchObject({ state: 'queued', notBefore: runAt.toString(), priority: 3 })
    expect(await queue.getJobState(id)).toBe('delayed')
    await agrees()
  })

  test('removing a run that waits for its next try cancels it; emptying leaves it', async () => {
    const id = await givenDelayed('a')
    expect(await press('/empty')).toBe(204)
    expect([await stateOf(id), await queue.getJobState(id)]).toEqual(['queued', 'delayed'])
    expect(await press('/clean/delayed')).toBe(204)
    expect([await stateOf(id), await queue.getJob(id)]).toEqual(['cancelled', undefined])
    await agrees()
  })

  test('a run at work is not removed from under its worker', async () => {
    mood.held.add('a')
    await board.engine.startWorkers()
    const id = await plan('a')
    await reaches(id, 'running')
    expect([await press(`/${id}/clean`), await press('/clean/active')]).toEqual([409, 400])
    await ledger.cancel(id, 'tester')
    await reaches(id, 'cancelled')
    await agrees()
  })

  test('retry of one or all that failed is the ledger’s, and cleaning them touches the queue’s copies only', async () => {
    await board.engine.startWorkers()
    const ids = [await plan('a', once), await plan('b', once)]
    const tries = async () => Promise.all(ids.map(async (id) => (await ledger.find(id))?.attempts?.length))
    for (const id of ids) await inQueue(id, 'failed')
    expect(await press(`/${ids[0]}/retry`, undefined, operator)).toBe(204)
    await expect.poll(tries).toEqual([2, 1])
    for (const id of ids) await inQueue(id, 'failed')
    expect(await press('/retry/failed', undefined, operator)).toBe(204)
    await expect.poll(tries).toEqual([3, 2])
    for (const id of ids) await inQueue(id, 'failed')
    await agrees()
    expect([await press(`/${ids[0]}/clean`), await press('/clean/failed')]).toEqual([204, 204])
    expect(await queue.getJobCountByTypes('failed')).toBe(0)
    expect(await Promise.all(ids.map(stateOf))).toEqual(['failed', 'failed'])
    await agrees()
    await ledger.retry(ids[0] ?? '', 'tester')
    await expect.poll(tries).toEqual([4, 2])
  })
})
