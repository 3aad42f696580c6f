import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { issueDownloadLink } from '../../../src/reports/deliver/links.ts'
import { given } from '../../support/given.ts'
import { givenExecution, keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

const board = await openTestBoard({ jobs: [testJob('work', async () => {})] })
const db = board.database.system
await given.client(db, { id: 'acme' })
const viewer = await keyHeaders(board, 'viewer')
const execution = await givenExecution(board, { clientId: 'acme' })

beforeEach(() => db.deleteFrom('analytics_audit_log').execute())

const record = () =>
  db
    .selectFrom('analytics_audit_log')
    .select(['actor_kind', 'action', 'target', 'client_id', 'outcome', 'code'])
    .select(({ fn }) => fn.sum<number>('times').as('times'))
    .groupBy(['actor_kind', 'action', 'target', 'client_id', 'outcome', 'code'])
    .orderBy('action')
    .execute()

const rows = async () => (await db.selectFrom('analytics_audit_log').select('id').execute()).length

const write = (path: string, headers: Record<string, string>, method = 'POST') =>
  fetch(board.url + path, { method, body: '{}', headers: { 'Content-Type': 'application/json', ...headers } })

describe('what somebody may not change goes on record', () => {
  test('by role, and by client', async () => {
    const bound = await keyHeaders(board, 'operator', 'acme')
    await db.deleteFrom('analytics_audit_log').execute()
    const run = randomUUID()
    expect((await write(`/api/runs/${run}/retry`, viewer)).status).toBe(403)
    expect((await write('/api/facts/payments?client=other', bound)).status).toBe(403)
    expect((await write('/queues/api/queues/reports/pause', viewer, 'PUT')).status).toBe(403)
    const refused = { outcome: 'refused', code: 'forbidden', client_id: null, times: 1, actor_kind: 'key' }
    expect(await record()).toEqual([
      {
        ...refused,
        code: 'other-client',
        client_id: 'acme',
        action: 'post /api/facts/payments',
        target: '/api/facts/payments',
      },
      { ...refused, action: 'post /api/runs/:id/retry', target: `/api/runs/${run}/retry` },
      {
        ...refused,
        action: 'put /queues/api/queues/:queueName/pause',
        target: '/queues/api/queues/reports/pause',
      },
    ])
  })

  test('whatever client it names', async () => {
    for (const named of ['%00', 'x'.repeat(2000), 'acme'])
      expect((await write(`/api/jobs/work/runs?client=${named}`, viewer)).status).toBe(403)
    expect(await record()).toMatchObject([{ action: 'post /api/jobs/:name/runs', outcome: 'refused', times: 3 }])
  })

  test('by the token of a form', async () => {
    const person = await signIn(board, 'operator')
    await db.deleteFrom('analytics_audit_log').execute()
    expect((await person.submit(`/runs/${randomUUID()}/retry`, { csrf: 'of another' })).status).toBe(403)
    expect(await record()).toMatchObject([
      { actor_kind: 'user', action: 'post /runs/:id/retry', outcome: 'refused', code: 'invalid-csrf-token' },
    ])
  })

  test('a flood is a row a minute, wherever it aims', async () => {
    const flood = Array.from({ length: 60 }, () => write(`/api/runs/${randomUUID()}/retry`, viewer))
    expect(new Set((await Promise.all(flood)).map(({ status }) => status))).toEqual(new Set([403]))
    const times = await db.selectFrom('analytics_audit_log').select('times').execute()
    // Two, where a minute ended meanwhile.
    expect(times.length).toBeLessThanOrEqual(2)
    expect(times.reduce((sum, row) => sum + row.times, 0)).toBe(60)
  })

  test('and what a stranger tries, or what is only read, does not', async () => {
    await write(`/api/runs/${randomUUID()}/retry`, {})
    await fetch(`${board.url}/outbox`, { headers: viewer })
    expect(await rows()).toBe(0)
  })

  test('a refusal inside a change leaves nothing begun beside it', async () => {
    const bound = await keyHeaders(board, 'operator', 'acme')
    await db.deleteFrom('analytics_audit_log').execute()
    const body = { clientId: 'other', name: 'a' }
    const asked = {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...bound },
    }
    expect((await fetch(`${board.url}/api/jobs/work/runs`, asked)).status).toBe(403)
    expect(await record()).toMatchObject([{ action: 'post /api/jobs/:name/runs', outcome: 'refused', times: 1 }])
  })
})

describe('a file that somebody takes goes on record', () => {
  test('of a report, once a minute however often', async () => {
    const path = `${board.url}/files/${execution}/csv`
    for (let turn = 0; turn < 3; turn += 1) await (await fetch(path, { headers: viewer })).text()
    expect(await record()).toEqual([
      {
        actor_kind: 'key',
        action: 'download-report',
        target: `report:${execution}.csv`,
        client_id: 'acme',
        outcome: 'done',
        code: null,
        times: 3,
      },
    ])
    expect(await rows()).toBeLessThanOrEqual(2)
  })

  test('by a mailed link, without its token', async () => {
    const link = { clientId: 'acme', executionId: execution, format: 'csv', deliveryId: null, ttlDays: 3 } as const
    const token = await issueDownloadLink(board.database.forClient('acme'), link)
    await (await fetch(`${board.url}/d/${token}`)).text()
    expect(await record()).toMatchObject([
      { actor_kind: 'link', action: 'follow-link', target: `report:${execution}.csv`, client_id: 'acme', times: 1 },
    ])
  })

  test('and one that is not there does not', async () => {
    const { status } = await fetch(`${board.url}/files/${execution}/pdf`, { headers: viewer })
    expect([status, await rows()]).toEqual([404, 0])
  })
})
