import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { eraseCustomer } from '../../../src/jobs/erase-customer.ts'
import type { JobTools } from '../../../src/jobs/job-tools.ts'
import { createLog } from '../../../src/log.ts'
import { perform } from '../../../src/queues/index.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard } from '../../support/test-board.ts'

const board = await openTestBoard({ jobs: [eraseCustomer] })
const db = board.database.system
const ADA = 'ada+1815@example.com'
const path = `/api/admin/customers/${encodeURIComponent(ADA)}`
const admin = await keyHeaders(board, 'admin')

beforeEach(async () => {
  await emptyDatabase(db, PEOPLE)
  for (const id of ['acme', 'blue']) {
    await given.client(db, { id })
    await db.insertInto('customers').values({ client_id: id, id: ADA, name: 'Ada' }).execute()
  }
})

type Started = { erasureId: string; runId: string; rows: Record<string, number> } & Problem

const erase = (query: string, headers = admin) =>
  callApi<Started>(board.url, { method: 'DELETE', path: `${path}?${query}`, headers })

test('a dry run counts, and changes and records nothing', async () => {
  const { status, body } = await erase('client=acme&dryRun=true')
  expect([status, body]).toEqual([200, { erasureId: null, runId: null, rows: { customers: 1 } }])
  expect(await db.selectFrom('erasures').selectAll().execute()).toEqual([])
  expect(await db.selectFrom('analytics_audit_log').selectAll().execute()).toEqual([])
})

test('it is on record without the id, done by a run, and proved; asking twice is one', async () => {
  const [first, second] = [await erase('client=acme'), await erase('client=acme')]
  expect([first.status, first.body.rows]).toEqual([202, { customers: 1 }])
  expect([second.body.erasureId, second.body.runId]).toEqual([first.body.erasureId, first.body.runId])
  const runs = await db.selectFrom('runs').select(['id', 'job', 'key', 'payload']).execute()
  const { erasureId, runId } = first.body
  expect(runs).toEqual([
    { id: runId, job: 'erase-customer', key: `acme.${erasureId}`, payload: { clientId: 'acme', erasureId } },
  ])
  const audit = await db.selectFrom('analytics_audit_log').selectAll().execute()
  expect(audit.map(({ action, target, client_id, after }) => ({ action, target, client_id, after }))).toEqual(
    [1, 2].map(() => ({
      action: 'erase-customer',
      target: `erasure:${erasureId}`,
      client_id: 'acme',
      after: { rows: { customers: 1 } },
    })),
  )
  expect(JSON.stringify(audit)).not.toContain('ada')
  const find = () =>
    callApi<object>(board.url, { path: `/api/admin/erasures/${erasureId}?client=acme`, headers: admin })
  expect((await find()).body).toMatchObject({ finishedAt: null, verificationCount: null, files: null })
  const { storage } = board.parts
  const jobTools = { database: board.database, storage } as JobTools
  await perform(
    eraseCustomer,
    { clientId: 'acme', erasureId },
    { database: board.database, log: createLog('silent'), jobTools },
  )
  const none = { deleted: [], unread: [] }
  expect((await find()).body).toMatchObject({
    customerHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    requestedBy: 'admin key',
    finishedAt: expect.any(String),
    verificationCount: 0,
    rowCounts: { customers: 1 },
    files: { reports: none, imports: none },
  })
  const names = await db.selectFrom('customers').select(['client_id', 'name']).orderBy('client_id').execute()
  expect(names).toEqual([
    { client_id: 'acme', name: null },
    { client_id: 'blue', name: 'Ada' },
  ])
})

test('only admins, each of their own client, and only customers there are', async () => {
  expect((await erase('client=acme', await keyHeaders(board, 'operator'))).status).toBe(403)
  const bound = await keyHeaders(board, 'admin', 'blue')
  expect((await erase('client=acme', bound)).body.code).toBe('other-client')
  expect((await erase('', bound)).status).toBe(202)
  const unnamed = await erase('')
  expect([unnamed.status, unnamed.body.errors]).toMatchObject([400, [{ pointer: 'client' }]])
  const nobody = await callApi<Problem>(board.url, {
    method: 'DELETE',
    path: '/api/admin/customers/nobody?client=acme',
    headers: admin,
  })
  expect([nobody.status, nobody.body.code]).toEqual([404, 'no-such-customer'])
  expect(nobody.body.detail).not.toContain('nobody')
  const other = await callApi<Problem>(board.url, {
    path: `/api/admin/erasures/${crypto.randomUUID()}?client=acme`,
    headers: admin,
  })
  expect(other.status).toBe(404)
})

test('an erasure and its run are on record together, or neither is', async () => {
  await sql`alter table runs add constraint no_run check (job <> 'erase-customer')`.execute(db)
  try {
    expect((await erase('client=acme')).status).toBe(500)
    expect(await db.selectFrom('erasures').select('id').execute()).toEqual([])
  } finally {
    await sql`alter table runs drop constraint no_run`.execute(db)
  }
  const { body } = await erase('client=acme')
  const runs = await db.selectFrom('runs').select(['id', 'key']).execute()
  expect(runs).toEqual([{ id: body.runId, key: `acme.${body.erasureId}` }])
})
