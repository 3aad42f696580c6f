import { beforeEach, describe, expect, test } from 'vitest'
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
    (await db.selectFrom('analytics_audit_log').select(['action', 'target']).orderBy('id').execute()).map(
      ({ action, target }) => `${action} ${target}`,
    )

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
    const statuses = [
      await ask('PUT', '/api/queues/reports/pause', viewer),
      await ask('PUT', '/api/queues/reports/empty', operator),
      await ask('PUT', '/api/queues/reports/pause', operator),
      await ask('PUT', '/api/queues/reports/resume', operator),
      await ask('PUT', '/api/queues/reports/empty', admin),
    ]
    expect(statuses).toEqual([403, 403, 200, 200, 204])
    expect(await actions()).toEqual([
      'queues put /:queueName/pause queue:reports',
      'queues put /:queueName/resume queue:reports',
      'cancel-runs queue:reports:wait,prioritized',
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
      403, 403, 200,
    ])
    expect(await ask('PUT', '/api/queues/reports/resume', { Cookie: person.cookie, 'X-XSRF-TOKEN': token })).toBe(200)
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
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('failed')
    const operator = await keyHeaders(board, 'operator')
    await db.deleteFrom('analytics_audit_log').execute()
    expect(await ask('PUT', `/api/queues/aggregation/${runId}/retry`, await keyHeaders(board, 'viewer'))).toBe(403)
    expect(await ask('PUT', `/api/queues/aggregation/${runId}/retry`, operator)).toBe(204)
    await expect.poll(async () => (await ledger.find(runId))?.attempts?.length, { timeout: 10_000 }).toBe(2)
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('failed')
    expect(await ask('PUT', '/api/queues/aggregation/retry/failed', operator)).toBe(204)
    await expect.poll(async () => (await ledger.find(runId))?.attempts?.length, { timeout: 10_000 }).toBe(3)
    const entry = `retry-run run:${runId}`
    expect((await actions()).filter((action) => action.startsWith('retry'))).toEqual([entry, entry])
  })
})
