import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { callApi } from '../../support/api.ts'
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

test('a part that hangs is not asked again by every probe', async () => {
  let asked = 0
  const check = () => {
    asked += 1
    return new Promise<void>(() => {})
  }
  const board = await openTestBoard({ change: { readiness: [{ name: 'storage', check }] } })
  for (let probe = 0; probe < 2; probe += 1) expect((await readyz(board.url)).status).toBe(503)
  // Longer than an answer is remembered.
  await sleep(1100)
  expect((await readyz(board.url)).status).toBe(503)
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
