import { beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import type { RunState } from '../../../src/run-state.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { testJob } from '../../support/test-engine.ts'

const base = testJob('base', async () => {})
const top = testJob('top', async () => {}, {
  after: ({ clientId, name }) => [{ job: base, payload: { clientId, name } }],
})
const board = await openTestBoard({ jobs: [base, top] })
const db = board.database.system
for (const id of ['acme', 'other']) await given.client(db, { id, name: id })
const operator = await keyHeaders(board, 'operator')
const bound = await keyHeaders(board, 'operator', 'acme')
const looker = await keyHeaders(board, 'viewer')

beforeEach(async () => {
  await emptyDatabase(db, [...PEOPLE, 'clients'])
})

type Reply = { matching: number; byState: Record<string, number>; changed: number | null } & Omit<Problem, 'status'>
type Body = { action: 'retry' | 'discard'; filter: object; dryRun?: boolean; count?: number }

async function bulk(body: Body, headers = operator): Promise<Reply & { status: number }> {
  const { status, body: reply } = await callApi<Reply>(board.url, {
    method: 'POST',
    path: '/api/runs/bulk',
    body,
    headers,
  })
  return { ...reply, status }
}

/** Runs of acme, unless their name says another client, in these states. */
async function givenRuns(states: Record<string, RunState>, job = base): Promise<void> {
  for (const [name, state] of Object.entries(states)) {
    const clientId = name.startsWith('other') ? 'other' : 'acme'
    const asked = { origin: 'person', requestedBy: 'somebody', again: 'no' } as const
    const { runId } = await board.parts.ledger.request({ job, payload: { clientId, name } }, asked)
    const error = state === 'failed' ? { error_code: 'broken', error_message: 'it broke' } : {}
    await db
      .updateTable('runs')
      .set({ state, ...error })
      .where('id', '=', runId)
      .execute()
  }
}

async function states(): Promise<Record<string, string>> {
  const rows = await db.selectFrom('runs').select(['job', 'key', 'state']).orderBy('job').orderBy('key').execute()
  return Object.fromEntries(rows.map(({ job, key, state }) => [`${job} ${key.split('.').at(-1)}`, state]))
}

async function audit() {
  const rows = await db
    .selectFrom('analytics_audit_log')
    .selectAll()
    .where('outcome', '=', 'done')
    .orderBy('id')
    .execute()
  return rows.map(({ action, target, client_id, before, after }) => ({ action, target, client_id, before, after }))
}

const EVERY_STATE = {
  a: 'planned',
  b: 'queued',
  c: 'running',
  d: 'succeeded',
  e: 'failed',
  f: 'cancelled',
  g: 'failed',
} as const

describe('retry', () => {
  test('a dry run counts by state and changes nothing', async () => {
    await givenRuns(EVERY_STATE)
    const count = await bulk({ action: 'retry', filter: {}, dryRun: true })
    expect(count).toEqual({ status: 200, matching: 2, byState: { failed: 2 }, changed: null })
    const both = await bulk({ action: 'retry', filter: { state: ['failed', 'cancelled'] }, dryRun: true })
    expect(both).toMatchObject({ matching: 3, byState: { cancelled: 1, failed: 2 } })
    expect((await states())['base e']).toBe('failed')
    expect(await audit()).toEqual([])
  })

  test('plans again what failed, and twice is the same as once', async () => {
    await givenRuns(EVERY_STATE)
    const request = { action: 'retry', filter: { job: 'base' }, count: 2 } as const
    expect(await bulk(request)).toEqual({ status: 200, matching: 2, byState: { failed: 2 }, changed: 2 })
    expect(await bulk(request)).toEqual({ status: 200, matching: 0, byState: {}, changed: 0 })
    expect(await states()).toEqual({
      'base a': 'planned',
      'base b': 'queued',
      'base c': 'running',
      'base d': 'succeeded',
      'base e': 'planned',
      'base f': 'cancelled',
      'base g': 'planned',
    })
    expect(await audit()).toEqual([
      {
        action: 'retry-runs',
        target: 'runs',
        client_id: null,
        before: { failed: 2 },
        after: { filter: { job: 'base' }, seen: 2, changed: 2 },
      },
    ])
  })

  test('is refused when more match than somebody saw, or when nobody has seen a count', async () => {
    await givenRuns(EVERY_STATE)
    const more = await bulk({ action: 'retry', filter: {}, count: 1 })
    expect([more.status, more.code]).toEqual([409, 'more-match'])
    expect((await bulk({ action: 'retry', filter: {} })).status).toBe(422)
    expect((await states())['base e']).toBe('failed')
    expect(await audit()).toEqual([])
  })

  test('revives what a run depends on as well', async () => {
    await givenRuns({ x: 'failed' }, top)
    await db.updateTable('runs').set({ state: 'failed' }).where('job', '=', 'base').execute()
    expect(await bulk({ action: 'retry', filter: { job: 'top' }, count: 1 })).toMatchObject({ changed: 2 })
    expect(await states()).toEqual({ 'base x': 'planned', 'top x': 'planned' })
  })
})

describe('discard', () => {
  test('cancels what is open, sets aside what failed, and says why it had', async () => {
    await givenRuns(EVERY_STATE)
    const byState = { failed: 2, planned: 1, queued: 1, running: 1 }
    expect(await bulk({ action: 'discard', filter: {}, dryRun: true })).toMatchObject({ matching: 5, byState })
    expect(await bulk({ action: 'discard', filter: {}, count: 5 })).toMatchObject({ matching: 5, byState, changed: 5 })
    expect(await states()).toEqual({
      'base a': 'cancelled',
      'base b': 'cancelled',
      'base c': 'running',
      'base d': 'succeeded',
      'base e': 'cancelled',
      'base f': 'cancelled',
      'base g': 'cancelled',
    })
    const row = (key: string) =>
      db
        .selectFrom('runs')
        .select(['error_code', 'error_message', 'requested_by', 'cancel_requested_at'])
        .where('key', '=', key)
        .executeTakeFirst()
    expect(await row('acme.e')).toEqual({
      error_code: 'discarded',
      error_message: 'operator key set it aside. It had failed: it broke (broken)',
      requested_by: 'operator key',
      cancel_requested_at: expect.any(String),
    })
    expect(await row('acme.c')).toMatchObject({ error_code: null, cancel_requested_at: expect.any(String) })
    expect(await bulk({ action: 'discard', filter: {}, count: 5 })).toMatchObject({ matching: 0, changed: 0 })
    expect((await audit()).map(({ action }) => action)).toEqual(['discard-runs'])
  })

  test('takes a queued run out of its queue', async () => {
    await givenRuns({ a: 'queued' })
    const queue = board.backend.queues.get('aggregation')
    const { id } = await db.selectFrom('runs').select('id').executeTakeFirstOrThrow()
    await queue?.add('base', {}, { jobId: id })
    await bulk({ action: 'discard', filter: { state: 'queued' }, count: 1 })
    expect(await queue?.getJob(id)).toBeUndefined()
  })
})

test('who acts for one client changes that client’s runs only, and viewers change none', async () => {
  await givenRuns({ a: 'failed', 'other-a': 'failed' })
  expect(await bulk({ action: 'discard', filter: {}, dryRun: true }, bound)).toMatchObject({ matching: 1 })
  expect((await bulk({ action: 'discard', filter: { client: 'other' }, count: 1 }, bound)).status).toBe(403)
  expect((await bulk({ action: 'discard', filter: {}, count: 1 }, looker)).status).toBe(403)
  expect(await bulk({ action: 'discard', filter: {}, count: 9 }, bound)).toMatchObject({ changed: 1 })
  expect(await states()).toEqual({ 'base a': 'cancelled', 'base other-a': 'failed' })
  expect(await audit()).toMatchObject([{ client_id: 'acme', after: { filter: { clientId: 'acme' } } }])
})

test('on the board a person sees the count by state first, and comes back to the list', async () => {
  await givenRuns({ a: 'failed', b: 'failed', c: 'planned' })
  const person = await signIn(board, 'operator')
  const list = await (await person.get('/runs?state=failed&text=acme')).text()
  expect(list).toContain('href="/runs/bulk?action=retry&amp;state=failed&amp;text=acme"')
  const page = await (await person.get('/runs/bulk?action=retry&state=failed&text=acme')).text()
  expect(page).toContain('Retry 2 runs')
  const back = '/runs?state=failed&text=acme'
  const fields = { action: 'retry', state: 'failed', text: 'acme', count: '2', back }
  const answer = await person.submit('/runs/bulk', fields)
  expect([answer.status, answer.headers.get('Location')]).toEqual([
    303,
    '/runs?state=failed&text=acme&notice=retried-all',
  ])
  expect(await states()).toEqual({ 'base a': 'planned', 'base b': 'planned', 'base c': 'planned' })
  const viewer = await signIn(board, 'viewer')
  expect(await (await viewer.get('/runs')).text()).not.toContain('/runs/bulk')
  expect((await viewer.get('/runs/bulk?action=retry')).status).toBe(403)
})
