import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import type { RunView } from '../../../src/queues/index.ts'
import type { RunState } from '../../../src/run-state.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

const parent = testJob('parent', async () => {})
const work = testJob('work', async () => {}, {
  night: () => '2026-03-01',
  after: ({ clientId, name }) => (name === 'child' ? [{ job: parent, payload: { clientId, name } }] : []),
})
const nightly = testJob('nightly', async () => {}, { client: () => null })
const board = await openTestBoard({ jobs: [parent, work, nightly] })
const db = board.database.system
await given.client(db, { id: 'acme' })
await given.client(db, { id: 'other', name: 'Other' })

const operator = await keyHeaders(board, 'operator')
const bound = await keyHeaders(board, 'operator', 'acme')

beforeEach(async () => {
  await emptyDatabase(db, [...PEOPLE, 'clients'])
})

type Planned = { runId: string; created: boolean }

const get = <Body>(path: string, headers = operator) => callApi<Body>(board.url, { path, headers })
const post = <Body>(path: string, body?: unknown, headers = operator) =>
  callApi<Body>(board.url, { method: 'POST', path, body, headers })
const start = (name: string, headers = operator) =>
  post<Planned & Problem>('/api/jobs/work/runs', { clientId: 'acme', name }, headers)

async function audit() {
  const rows = await db.selectFrom('analytics_audit_log').selectAll().orderBy('id').execute()
  return rows.map(({ id: _id, at: _at, actor_id: _actor, minute_at: _minute, ...row }) => row)
}

async function setState(runId: string, state: RunState): Promise<void> {
  await db.updateTable('runs').set({ state }).where('id', '=', runId).execute()
}

describe('asking for a run', () => {
  test('fifty calls at once make one run and all get its id', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => start('a')))
    const runs = await db.selectFrom('runs').select(['id', 'job', 'origin', 'requested_by', 'payload']).execute()
    const payload = { clientId: 'acme', name: 'a' }
    expect(runs).toEqual([
      { id: expect.any(String), job: 'work', origin: 'program', requested_by: 'operator key', payload },
    ])
    expect(new Set(answers.map(({ body }) => body.runId))).toEqual(new Set([runs[0]?.id]))
    expect(answers.filter(({ status }) => status === 202).length).toBe(1)
    expect(answers.filter(({ status }) => status === 200).length).toBe(49)
    expect((await audit()).map(({ action }) => action)).toEqual(['request-run'])
  })

  test('it is on record: who, what, of which client, from where', async () => {
    const { body } = await start('a')
    expect(await audit()).toEqual([
      {
        actor_kind: 'key',
        actor_name: 'operator key',
        action: 'request-run',
        target: `run:${body.runId}`,
        client_id: 'acme',
        before: null,
        after: { job: 'work', key: 'acme.a', again: 'no' },
        outcome: 'done',
        code: null,
        times: 1,
        ip: '127.0.0.1',
      },
    ])
  })

  test('what it depends on is planned with it', async () => {
    const { body } = await start('child')
    const run = await get<RunView>(`/api/runs/${body.runId}`)
    expect(run.body.waitsFor).toEqual([
      { job: 'parent', key: 'acme.child', runId: expect.any(String), state: 'planned' },
    ])
  })

  test('a run that has ended is run again only when asked to', async () => {
    const { body } = await start('a')
    await setState(body.runId, 'succeeded')
    const stateAfter = async (again: string) => {
      const answer = await post<Planned>(`/api/jobs/work/runs?again=${again}`, { clientId: 'acme', name: 'a' })
      expect(answer).toMatchObject({ status: 200, body: { runId: body.runId, created: false } })
      return (await get<RunView>(`/api/runs/${body.runId}`)).body.state
    }
    expect([await stateAfter('no'), await stateAfter('failed'), await stateAfter('all')]).toEqual([
      'succeeded',
      'succeeded',
      'planned',
    ])
  })

  test('an Idempotency-Key gives the first answer again, word for word, and changes nothing', async () => {
    const headers = { ...operator, 'Idempotency-Key': randomUUID() }
    const [first, second] = [await start('a', headers), await start('a', headers)]
    expect([first.status, first.body.created, first.headers.get('Idempotency-Replayed')]).toEqual([202, true, null])
    expect([second.status, second.body, second.headers.get('Idempotency-Replayed')]).toEqual([202, first.body, 'true'])
    expect((await audit()).length).toBe(1)
  })

  test('an Idempotency-Key cannot be used for something else, nor by somebody else for the same', async () => {
    const key = { 'Idempotency-Key': randomUUID() }
    await start('a', { ...operator, ...key })
    const other = await start('b', { ...operator, ...key })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
    const somebodyElse = await start('b', { ...(await keyHeaders(board, 'operator')), ...key })
    expect([somebodyElse.status, somebodyElse.headers.get('Idempotency-Replayed')]).toEqual([202, null])
  })

  test('a request that failed may be repeated with its Idempotency-Key', async () => {
    const headers = { ...operator, 'Idempotency-Key': randomUUID() }
    const { body } = await start('a')
    expect((await post(`/api/runs/${body.runId}/retry`, {}, headers)).status).toBe(409)
    await setState(body.runId, 'failed')
    expect((await post(`/api/runs/${body.runId}/retry`, {}, headers)).status).toBe(200)
  })

  test('of two requests at once with one Idempotency-Key one does the work', async () => {
    const headers = { ...operator, 'Idempotency-Key': randomUUID() }
    const answers = await Promise.all(Array.from({ length: 10 }, () => start('a', headers)))
    const codes = new Set(answers.map(({ status, body }) => (status === 202 ? body.runId : body.code)))
    codes.delete('idempotency-key-busy')
    expect(codes.size).toBe(1)
    expect((await audit()).length).toBe(1)
  })
})

describe('retry and cancel', () => {
  test('a planned run is cancelled, a cancelled one retried, and both are on record with before and after', async () => {
    const { body } = await start('a')
    await post(`/api/runs/${body.runId}/cancel`)
    await post(`/api/runs/${body.runId}/retry`)
    expect((await get<RunView>(`/api/runs/${body.runId}`)).body.state).toBe('planned')
    expect((await audit()).slice(1).map(({ action, before, after }) => ({ action, before, after }))).toEqual([
      {
        action: 'cancel-run',
        before: { job: 'work', key: 'acme.a', state: 'planned' },
        after: { state: 'cancelled', cancelRequested: true },
      },
      {
        action: 'retry-run',
        before: { job: 'work', key: 'acme.a', state: 'cancelled' },
        after: { state: 'planned', cancelRequested: false },
      },
    ])
  })

  test('what cannot be done is refused by its own code and leaves no record', async () => {
    const { body } = await start('a')
    const retry = await post<Problem>(`/api/runs/${body.runId}/retry`)
    await setState(body.runId, 'succeeded')
    const cancel = await post<Problem>(`/api/runs/${body.runId}/cancel`)
    expect([retry.status, retry.body.code, cancel.status, cancel.body.code]).toEqual([
      409,
      'not-retryable',
      409,
      'not-cancellable',
    ])
    expect((await audit()).map(({ action }) => action)).toEqual(['request-run'])
  })

  test('the buttons of the pages do the same and come back to their page', async () => {
    const person = await signIn(board, 'operator')
    const { body } = await start('a')
    const press = async (action: string) => {
      const answer = await person.submit(`/runs/${body.runId}/${action}`, { back: '/?day=2026-03-01' })
      return [answer.status, answer.headers.get('Location')]
    }
    expect(await press('cancel')).toEqual([303, '/?day=2026-03-01&notice=cancelled'])
    expect(await press('retry')).toEqual([303, '/?day=2026-03-01&notice=retried'])
    await setState(body.runId, 'succeeded')
    expect(await press('again')).toEqual([303, '/?day=2026-03-01&notice=requested'])
    expect((await get<RunView>(`/api/runs/${body.runId}`)).body).toMatchObject({
      state: 'planned',
      origin: 'person',
      requestedBy: 'The operator',
    })
    expect((await audit()).map(({ action, actor_name }) => `${actor_name}: ${action}`).slice(-3)).toEqual([
      'The operator: cancel-run',
      'The operator: retry-run',
      'The operator: request-run',
    ])
  })

  test('one button retries everything that failed in a client’s night', async () => {
    const person = await signIn(board, 'operator')
    const ids = [(await start('a')).body.runId, (await start('b')).body.runId, (await start('c')).body.runId]
    await setState(ids[0] ?? '', 'failed')
    await setState(ids[1] ?? '', 'failed')
    await person.submit('/nights/retry', { client: 'acme', day: '2026-03-01' })
    const states = await db.selectFrom('runs').select(['state']).execute()
    expect(states).toEqual([{ state: 'planned' }, { state: 'planned' }, { state: 'planned' }])
  })
})

describe('the list', () => {
  test('comes newest first in pages that lose and repeat nothing, and filters', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await start(name)
    await post('/api/jobs/work/runs', { clientId: 'other', name: 'f' })
    const keys: string[] = []
    let cursor: string | null = ''
    for (let page = 0; cursor !== null && page < 10; page += 1) {
      type List = { runs: RunView[]; nextCursor: string | null }
      const answer: { body: List } = await get<List>(`/api/runs?client=acme&limit=2${cursor && `&cursor=${cursor}`}`)
      keys.push(...answer.body.runs.map((run) => run.key))
      cursor = answer.body.nextCursor
    }
    expect(keys).toEqual(['acme.e', 'acme.d', 'acme.c', 'acme.b', 'acme.a'])
    const count = async (filter: string) => (await get<{ runs: RunView[] }>(`/api/runs?${filter}`)).body.runs.length
    expect([await count('job=work'), await count('job=parent'), await count('state=failed')]).toEqual([6, 0, 0])
    expect([await count('night=2026-03-01'), await count('night=2026-03-02')]).toEqual([6, 0])
  })

  test('the jobs say what they take', async () => {
    const { body } = await get<{ jobs: { name: string; payload: object }[] }>('/api/jobs')
    expect(body.jobs.map(({ name }) => name)).toEqual(['parent', 'work', 'nightly'])
    expect(body.jobs[1]?.payload).toMatchObject({
      type: 'object',
      properties: { clientId: { type: 'string' }, name: { type: 'string' } },
      required: ['clientId', 'name'],
      additionalProperties: false,
    })
  })
})

describe('who acts for one client', () => {
  test('sees and changes its runs, and nobody else’s', async () => {
    const mine = (await start('a')).body.runId
    const theirs = (await post<Planned>('/api/jobs/work/runs', { clientId: 'other', name: 'a' })).body.runId
    const listed = await get<{ runs: RunView[] }>('/api/runs', bound)
    expect(listed.body.runs.map(({ id }) => id)).toEqual([mine])
    const statuses = await Promise.all([
      get(`/api/runs/${mine}`, bound),
      get(`/api/runs/${theirs}`, bound),
      post(`/api/runs/${theirs}/cancel`, {}, bound),
      post(`/api/runs/${theirs}/retry`, {}, bound),
      get('/api/runs?client=other', bound),
      post('/api/jobs/work/runs', { clientId: 'other', name: 'b' }, bound),
      post('/api/jobs/nightly/runs', { clientId: 'acme', name: 'b' }, bound),
      post('/api/jobs/work/runs', { clientId: 'acme', name: 'b' }, bound),
    ])
    expect(statuses.map(({ status }) => status)).toEqual([200, 404, 404, 404, 403, 403, 403, 202])
    const state = await db.selectFrom('runs').select('state').where('id', '=', theirs).executeTakeFirst()
    expect(state).toEqual({ state: 'planned' })
  })

  test('cannot press the buttons of another client’s night', async () => {
    const person = await signIn(board, 'operator', 'acme')
    const theirs = (await post<Planned>('/api/jobs/work/runs', { clientId: 'other', name: 'a' })).body.runId
    await setState(theirs, 'failed')
    expect((await person.submit('/nights/run', { client: 'other', day: '2026-03-01' })).status).toBe(404)
    await person.submit('/nights/retry', { client: 'other', day: '2026-03-01' })
    expect((await person.submit(`/runs/${theirs}/again`)).status).toBe(404)
    expect((await get<RunView>(`/api/runs/${theirs}`)).body.state).toBe('failed')
  })
})
