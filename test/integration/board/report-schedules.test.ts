import { beforeEach, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { callApi } from '../../support/api.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard } from '../../support/test-board.ts'

const board = await openTestBoard({ jobs: [] })
const db = board.database.system
const operator = await keyHeaders(board, 'operator')
const path = '/api/report-schedules'

type ReportSchedule = { name: string; scheduleId: string; cron: string; recipients: { address: string }[] }

beforeEach(async () => {
  for (const name of ['schedules', 'clients', 'analytics_audit_log', 'idempotency_keys'] as const)
    await db.deleteFrom(name).execute()
  for (const id of ['acme', 'blue']) await given.client(db, { id })
})

const draft = {
  name: 'monthly',
  report: 'monthly-revenue',
  period: 'last-month',
  formats: ['pdf'],
  cron: '0 6 1 * *',
  recipients: [{ address: 'Finance@acme.example', formats: ['xlsx'] }],
}

const schedule = (change: object = {}, headers = operator, client = 'acme') =>
  callApi<ReportSchedule & Problem>(board.url, {
    method: 'POST',
    path: `${path}?client=${client}`,
    headers,
    body: { ...draft, ...change },
  })

async function list(headers = operator): Promise<ReportSchedule[]> {
  const { body } = await callApi<{ reportSchedules: ReportSchedule[] }>(board.url, {
    path: `${path}?client=acme`,
    headers,
  })
  return body.reportSchedules
}

test('a report is scheduled, changed and taken away, each on record without the addresses', async () => {
  const made = await schedule()
  expect([made.status, made.body]).toEqual([
    200,
    {
      name: 'monthly',
      clientId: 'acme',
      scheduleId: 'report.acme.monthly',
      cron: '0 6 1 * *',
      zone: 'client',
      ownerAddress: null,
      asked: { report: 'monthly-revenue', period: 'last-month', formats: ['pdf', 'xlsx'] },
      recipients: [{ address: 'finance@acme.example', formats: ['xlsx'], unsubscribedAt: null }],
    },
  ])
  await schedule({ cron: '0 7 1 * *', recipients: [] })
  expect(await list()).toMatchObject([{ name: 'monthly', cron: '0 7 1 * *', recipients: [] }])
  const remove = () =>
    callApi<Problem>(board.url, { method: 'DELETE', path: `${path}/monthly?client=acme`, headers: operator })
  expect((await remove()).status).toBe(200)
  expect(await list()).toEqual([])
  expect((await remove()).body.code).toBe('unknown-schedule')
  const rows = await db.selectFrom('analytics_audit_log').selectAll().orderBy('id').execute()
  expect(rows.map(({ action, target, client_id }) => [action, target, client_id])).toEqual([
    ['schedule-report', 'report-schedule:monthly', 'acme'],
    ['schedule-report', 'report-schedule:monthly', 'acme'],
    ['unschedule-report', 'report-schedule:monthly', 'acme'],
  ])
  expect(rows[1]).toMatchObject({ before: { cron: '0 6 1 * *', recipients: 1 }, after: { cron: '0 7 1 * *' } })
  expect(JSON.stringify(rows)).not.toContain('finance@')
})

test('only operators schedule, each for their own client, and only what there is', async () => {
  expect((await schedule({}, await keyHeaders(board, 'viewer'))).status).toBe(403)
  const bound = await keyHeaders(board, 'operator', 'blue')
  expect((await schedule({}, bound)).body.code).toBe('other-client')
  expect((await schedule({}, bound, 'blue')).body.scheduleId).toBe('report.blue.monthly')
  expect((await callApi<Problem>(board.url, { path: `${path}?client=acme`, headers: bound })).body.code).toBe(
    'other-client',
  )
  const wrong = [
    { cron: 'monthly' },
    { report: 'yearly' },
    { recipients: [{ address: 'finance', formats: ['pdf'] }] },
    { filters: { agent: ['a'] } },
  ]
  for (const change of wrong) expect((await schedule(change)).status).toBeGreaterThanOrEqual(400)
  expect(await list()).toEqual([])
})
