import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { callApi } from '../../support/api.ts'
import { given } from '../../support/given.ts'
import { openTestBoard } from '../../support/test-board.ts'

type Readiness = { status: string; checks: { name: string; ok: boolean; durationMs: number }[] }

function readyz(url: string) {
  return callApi<Readiness>(url, { path: '/readyz', headers: {} })
}

test('a board is ready when every part of it is', async () => {
  const board = await openTestBoard()
  const { status, body } = await readyz(board.url)
  expect([status, body.status, body.checks.map(({ name, ok }) => [name, ok])]).toEqual([
    200,
    'ready',
    [['queue', true]],
  ])
})

test('a part that fails or hangs is named, not explained to strangers, and does not hang the answer', async () => {
  const board = await openTestBoard({
    change: {
      readiness: [
        { name: 'database', check: async () => {} },
        { name: 'queue', check: () => new Promise(() => {}) },
        { name: 'storage', check: () => Promise.reject(new Error('secret-bucket: access denied')) },
      ],
    },
  })
  const { status, body } = await readyz(board.url)
  expect([status, body.status, body.checks.map(({ name, ok }) => [name, ok])]).toEqual([
    503,
    'not-ready',
    [
      ['database', true],
      ['queue', false],
      ['storage', false],
    ],
  ])
  expect(JSON.stringify(body)).not.toContain('secret-bucket')
})

test('many probes at once ask the parts once', async () => {
  let asked = 0
  const check = async () => {
    asked += 1
    await sleep(50)
  }
  const board = await openTestBoard({ change: { readiness: [{ name: 'storage', check }] } })
  await Promise.all(Array.from({ length: 20 }, () => readyz(board.url)))
  expect(asked).toBe(1)
})

test('alive means only that the process answers', async () => {
  const board = await openTestBoard({
    change: { readiness: [{ name: 'queue', check: () => Promise.reject(new Error('no')) }] },
  })
  expect((await callApi(board.url, { path: '/livez', headers: {} })).body).toEqual({
    status: 'ok',
    version: '0.0.0-test',
  })
})

test('metrics tell the ledger, the queues and the requests apart by state', async () => {
  const board = await openTestBoard()
  const db = board.database.system
  await given.client(db, { id: 'acme' })
  const run = { queue: 'aggregation', client_id: 'acme', payload: '{}', origin: 'schedule' }
  const ended = { started_at: '2026-01-01T00:00:00Z', finished_at: '2026-01-01T00:00:04Z' }
  await db
    .insertInto('runs')
    .values([
      { ...run, job: 'roll-up-day', key: 'a', state: 'succeeded', ...ended },
      { ...run, job: 'roll-up-day', key: 'b', state: 'failed' },
      { ...run, job: 'roll-up-day', key: 'c', state: 'planned', not_before: '2026-01-01T00:00:00Z' },
      { ...run, job: 'roll-up-day', key: 'd', state: 'planned', not_before: '2999-01-01T00:00:00Z' },
    ])
    .execute()
  await fetch(`${board.url}/livez`)
  const lines = (await (await fetch(`${board.url}/metrics`)).text()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'daybreak_ledger_readable 1',
      'daybreak_runs_open{queue="aggregation",state="planned"} 2',
      'daybreak_runs_planned_24h{job="roll-up-day",state="succeeded"} 1',
      'daybreak_runs_planned_24h{job="roll-up-day",state="failed"} 1',
      'daybreak_run_duration_24h_seconds{job="roll-up-day",quantile="0.5"} 4',
      'daybreak_queue_jobs{queue="aggregation",state="waiting"} 0',
      'daybreak_http_request_duration_seconds_count{method="GET",route="/livez",status="200"} 1',
    ]),
  )
  const oldest = lines.find((line) => line.startsWith('daybreak_runs_oldest_waiting_seconds{queue="aggregation"}'))
  expect(Number(oldest?.split(' ')[1])).toBeLessThan(60)
})
