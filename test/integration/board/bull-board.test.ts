import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { BUTTONS } from '../../../src/board/queues/queue-buttons.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { type BackendKind, testJob } from '../../support/test-engine.ts'

const failing = testJob(
  'failing',
  async () => {
    throw new Error('no')
  },
  { retry: { attempts: 1, delayMs: 10, maxDelayMs: 10 } },
)

describe.each<BackendKind>(['postgres', 'redis'])('bull-board on %s', async (backend) => {
  const board = await openTestBoard({ backend, jobs: [failing] })
  const db = board.database.system
  await given.client(db, { id: 'acme' })

  beforeEach(async () => {
    await db.deleteFrom('runs').execute()
    await db.deleteFrom('analytics_audit_log').execute()
  })

  const actions = async () =>
    (
      await db
        .selectFrom('analytics_audit_log')
        .select(['action', 'target'])
        .where('outcome', '=', 'done')
        .orderBy('id')
        .execute()
    ).map(({ action, target }) => `${action} ${target}`)

  async function ask(method: string, path: string, headers: Record<string, string>, body?: object): Promise<number> {
    const response = await fetch(`${board.url}/queues${path}`, {
      method,
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return response.status
  }

  test('its page is for people who may see every client, and asks no other host for anything', async () => {
    const viewer = await signIn(board, 'viewer')
    const page = await viewer.get('/queues/')
    const text = await page.text()
    expect([page.status, text.includes('https://'), text.includes('Daybreak')]).toEqual([200, false, true])
    const doors = [
      await ask('GET', '/', {}),
      await ask('GET', '/api/queues', {}),
      await ask('GET', '/queue/reports', await keyHeaders(board, 'viewer', 'acme')),
      await ask('GET', '/api/queues', await keyHeaders(board, 'ingest')),
      await ask('GET', '/api/queues', await keyHeaders(board, 'viewer')),
    ]
    expect(doors).toEqual([401, 401, 403, 403, 200])
  })

  test('a viewer changes nothing, an operator pauses, an admin empties, and both are on record', async () => {
    const [viewer, operator, admin] = [
      await keyHeaders(board, 'viewer'),
      await keyHeaders(board, 'operator'),
      await keyHeaders(board, 'admin'),
    ]
    await db.deleteFrom('analytics_audit_log').execute()
    // As its own page sends them: without a body.
    const statuses = [
      await ask('PUT', '/api/queues/reports/pause', viewer),
      await ask('PUT', '/api/queues/reports/empty', operator),
      await ask('PUT', '/api/queues/reports/pause', operator),
      await ask('PUT', '/api/queues/reports/resume', operator),
      await ask('PUT', '/api/queues/reports/empty', admin),
    ]
    expect(statuses).toEqual([403, 403, 204, 204, 204])
    // Nothing was in the queue, so nothing was emptied.
    expect(await actions()).toEqual(['pause-queue queue:reports', 'resume-queue queue:reports'])
  })

  test('a button that cannot be put on record first does nothing', async () => {
    const admin = await keyHeaders(board, 'admin')
    const queue = board.backend.queues.get('reports')
    const state = async () => [
      await queue?.isPaused(),
      await queue?.getGlobalConcurrency(),
      await queue?.getGlobalRateLimit(),
    ]
    const before = await state()
    await sql`create function break_off() returns trigger language plpgsql as $$
      begin raise exception 'the audit log cannot be written'; end $$`.execute(db)
    await sql`create trigger break_off before insert on analytics_audit_log for each row execute function break_off()`.execute(
      db,
    )
    const statuses: number[] = []
    for (const { method, route } of BUTTONS) {
      const path = route.replace(':queueName', 'reports').replace(':jobId', randomUUID()).replace(':state', 'failed')
      const body = { concurrency: 2, max: 5, duration: 1000, runAt: 1, priority: 1 }
      statuses.push(await ask(method.toUpperCase(), `/api/queues${path}`, admin, body))
    }
    await sql`drop function break_off cascade`.execute(db)
    expect([statuses, await state()]).toEqual([BUTTONS.map(() => 500), before])
  })

  test('limits are set and taken away, and what they were is on record', async () => {
    const admin = await keyHeaders(board, 'admin')
    await db.deleteFrom('analytics_audit_log').execute()
    const statuses = [
      await ask('PUT', '/api/queues/reports/concurrency', admin, { concurrency: 3 }),
      await ask('PUT', '/api/queues/reports/concurrency', admin, { concurrency: 0 }),
      await ask('PUT', '/api/queues/reports/rate-limit', admin, { max: 5, duration: 1000 }),
      await ask('PUT', '/api/queues/reports/rate-limit', admin, {}),
      await ask('PUT', '/api/queues/reports/rate-limit/release', admin),
      await ask('PUT', '/api/queues/reports/concurrency', admin, { concurrency: 'many' }),
    ]
    expect(statuses).toEqual([204, 204, 204, 204, 204, 422])
    const changes = await db.selectFrom('analytics_audit_log').select(['before', 'after']).orderBy('id').execute()
    expect(changes).toEqual([
      { before: { concurrency: null }, after: { concurrency: 3 } },
      { before: { concurrency: 3 }, after: { concurrency: null } },
      { before: { rate: null }, after: { rate: { max: 5, duration: 1000 } } },
      { before: { rate: { max: 5, duration: 1000 } }, after: { rate: null } },
      { before: null, after: null },
    ])
  })

  test.each([
    ['POST', '/api/queues/reports/add', { name: 'x', data: {}, options: {} }],
    ['PATCH', '/api/queues/reports/1/update-data', { jobData: {} }],
    ['PUT', '/api/queues/reports/obliterate', { force: true }],
    ['PUT', '/api/queues/reports/job-schedulers/x/run', undefined],
    ['PUT', '/api/queues/reports/1/remove-unprocessed-children', undefined],
  ])('%s %s is for nobody: the ledger decides what runs', async (method, path, body) => {
    expect(await ask(method, path, await keyHeaders(board, 'admin'), body)).toBe(403)
  })

  test('a write from a browser needs the token that bull-board’s page was given', async () => {
    const person = await signIn(board, 'operator')
    const page = await person.get('/queues/')
    const token =
      /^XSRF-TOKEN=([^;]+); Path=\/queues; SameSite=Strict/.exec(page.headers.getSetCookie()[0] ?? '')?.[1] ?? ''
    const pause = (headers: Record<string, string>) =>
      ask('PUT', '/api/queues/reports/pause', { Cookie: person.cookie, ...headers })
    expect([await pause({}), await pause({ 'X-XSRF-TOKEN': 'x' }), await pause({ 'X-XSRF-TOKEN': token })]).toEqual([
      403, 403, 204,
    ])
    expect(await ask('PUT', '/api/queues/reports/resume', { Cookie: person.cookie, 'X-XSRF-TOKEN': token })).toBe(204)
  })

  test('retrying a failed job there is a retry in the ledger, by whoever pressed it', async () => {
    const { ledger } = board.engine
    const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
    const { runId } = await ledger.request({ job: failing, payload: { clientId: 'acme', name: 'a' } }, asked)
    await board.engine.startScheduler()
    await board.engine.startWorkers()
    // The ledger knows first; the queue follows in a moment.
    const stateOf = async () => {
      const job = await board.backend.queues.get('aggregation')?.getJob(runId)
      return (await job?.isFailed()) === true ? (await ledger.find(runId))?.state : 'open'
    }
    await expect.poll(stateOf).toBe('failed')
    const operator = await keyHeaders(board, 'operator')
    await db.deleteFrom('analytics_audit_log').execute()
    expect(await ask('PUT', `/api/queues/aggregation/${runId}/retry`, await keyHeaders(board, 'viewer'))).toBe(403)
    expect(await ask('PUT', `/api/queues/aggregation/${runId}/retry`, operator)).toBe(204)
    await expect.poll(async () => (await ledger.find(runId))?.attempts?.length).toBe(2)
    await expect.poll(stateOf).toBe('failed')
    expect(await ask('PUT', '/api/queues/aggregation/retry/failed', operator)).toBe(204)
    await expect.poll(async () => (await ledger.find(runId))?.attempts?.length).toBe(3)
    const entry = `retry-run run:${runId}`
    expect((await actions()).filter((action) => action.startsWith('retry'))).toEqual([entry, entry])
  })

  test('it tells nobody what the server is, where code failed, or where workers sit', async () => {
    const { ledger } = board.engine
    const asked = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
    const { runId } = await ledger.request({ job: failing, payload: { clientId: 'acme', name: 'stack' } }, asked)
    await board.engine.startScheduler()
    await board.engine.startWorkers()
    const queue = board.backend.queues.get('aggregation')
    await expect.poll(async () => (await queue?.getJob(runId))?.isFailed()).toBe(true)
    const viewer = await keyHeaders(board, 'viewer')
    const answers = await Promise.all(
      [
        '/',
        '/api/redis/stats',
        '/api/queues?activeQueue=aggregation&status=failed&page=1&jobsPerPage=10',
        `/api/queues/aggregation/${runId}`,
        '/api/queues/aggregation/workers',
      ].map((path) => fetch(`${board.url}/queues${path}`, { headers: viewer })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 200, 200])
    expect(answers.map(({ headers }) => headers.get('X-Powered-By'))).toEqual([null, null, null, null, null])
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    expect(texts.filter((text) => text.includes(runId))).toHaveLength(2)
    for (const text of texts) expect(text).not.toMatch(/\.ts:\d+|127\.0\.0\.1|\d\.ts\b/)
  })

  test('an error of its own says no more than ours', async () => {
    const viewer = await keyHeaders(board, 'viewer')
    const response = await fetch(`${board.url}/queues/api/queues/nothing/1/logs`, { headers: viewer })
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('error')])
  })
})
