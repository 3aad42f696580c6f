import { beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { addDays, dayBefore, dayOf, systemClock } from '../../../src/time.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'
import { type TestPayload, testJob } from '../../support/test-engine.ts'

const schedule = {
  cron: '10 0 * * *',
  zone: 'client' as const,
  scope: 'client' as const,
  catchUp: 'all' as const,
  catchUpWithinMs: null,
  lateAfterMs: null,
  overlap: 'allow' as const,
  payload: (dueAt: Temporal.Instant, client: { id: string; timeZone: string }) => ({
    clientId: client.id,
    name: dayBefore(dueAt, client.timeZone),
  }),
}
const rollUp = testJob('roll-up-day', async () => {}, {
  schedule,
  window: ({ name }: TestPayload) => ({ from: name, to: addDays(name, 1) }),
})
const report = testJob('render-report', async () => {}, { schedule: { ...schedule, cron: null } })
const board = await openTestBoard({ jobs: [rollUp, report] })
const db = board.database.system
await given.client(db, { id: 'acme', name: 'Acme', time_zone: 'Europe/Zurich' })
await given.client(db, { id: 'other', name: 'Other' })

const operator = await keyHeaders(board, 'operator')
const bound = await keyHeaders(board, 'operator', 'acme')
const viewer = await keyHeaders(board, 'viewer')

beforeEach(async () => {
  await emptyDatabase(db, [...PEOPLE, 'clients'])
})

type Backfill = { id: string; state: string; runs: Record<string, number>; from: string; requestedBy: string }
type Count = { windows: number; fresh: number; again: number; left: number; open: number }
type Windows = { new: number; inProgress: number; done: number }
type Started = { count: Count | null; windows: Windows | null; backfill: Backfill | null }

const get = <Body>(path: string, headers = operator) => callApi<Body>(board.url, { path, headers })
const post = <Body>(path: string, body: unknown = {}, headers = operator) =>
  callApi<Body>(board.url, { method: 'POST', path, body, headers })
const january = { clientId: 'acme', from: '2026-01-01', to: '2026-02-01' }
const start = (body: object = january, headers = operator) => post<Started & Problem>('/api/backfills', body, headers)

async function audit() {
  const rows = await db.selectFrom('analytics_audit_log').selectAll().orderBy('id').execute()
  return rows.map(({ action, target, client_id, actor_name, before, after }) => {
    return { action, target, client_id, actor_name, before, after }
  })
}

async function countRuns(): Promise<number> {
  return (await db.selectFrom('runs').select('id').execute()).length
}

describe('the API', () => {
  test('counts first, then plans exactly that, once, and puts it on record', async () => {
    const dry = await start({ ...january, dryRun: true })
    expect([dry.status, dry.body.backfill, await countRuns(), await audit()]).toEqual([200, null, 0, []])
    expect(dry.body.count).toEqual({
      windows: 31,
      fresh: 31,
      again: 0,
      left: 0,
      open: 0,
      dependencies: 0,
      first: { from: '2026-01-01', to: '2026-01-02' },
      last: { from: '2026-01-31', to: '2026-02-01' },
    })
    const answers = await Promise.all(Array.from({ length: 10 }, () => start()))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([...Array(9).fill(200), 202])
    const [id, ...others] = new Set(answers.map(({ body }) => body.backfill?.id))
    expect(others).toEqual([])
    expect(answers.find(({ status }) => status === 202)?.body.count).toEqual(dry.body.count)
    expect(await countRuns()).toBe(31)
    const options = { reprocess: 'failed', newestFirst: false, runsMax: 4, scheduleId: null, job: 'roll-up-day' }
    const after = { ...options, from: '2026-01-01', to: '2026-02-01', runs: 31 }
    const entry = { action: 'start-backfill', target: `backfill:${id}`, client_id: 'acme', actor_name: 'operator key' }
    expect(await audit()).toEqual([{ ...entry, before: null, after }])
  })

  test('says what is new, in progress and done of days that others fill already', async () => {
    await start()
    const [done] = await db.selectFrom('runs').select('id').limit(1).execute()
    await db
      .updateTable('runs')
      .set({ state: 'succeeded' })
      .where('id', '=', done?.id ?? '')
      .execute()
    const same = await start()
    expect([same.status, same.body.count, same.body.windows]).toEqual([200, null, { new: 0, inProgress: 30, done: 1 }])
    const longer = await start({ ...january, to: '2026-02-03' })
    expect([longer.status, longer.body.windows]).toEqual([202, { new: 2, inProgress: 30, done: 1 }])
    const none = await start({ ...january, order: 'newest-first' })
    expect([none.status, none.body.windows]).toEqual([202, { new: 0, inProgress: 30, done: 1 }])
    const again = await start({ ...january, reprocess: 'all' })
    expect([again.status, again.body.windows]).toEqual([202, { new: 1, inProgress: 30, done: 0 }])
    expect((await start({ ...january, dryRun: true })).body.windows).toBe(null)
  })

  test('an Idempotency-Key gives the same backfill even when it has ended', async () => {
    const keyed = { ...operator, 'Idempotency-Key': 'january' }
    const first = await start(january, keyed)
    await db.updateTable('runs').set({ state: 'succeeded' }).execute()
    const again = await start(january, keyed)
    expect(again).toMatchObject({ status: 202, body: { backfill: { id: first.body.backfill?.id } } })
    expect(again.headers.get('Idempotency-Replayed')).toBe('true')
  })

  test('cancelled twice is cancelled once', async () => {
    const { body } = await start({ ...january, order: 'newest-first', runsMax: 2, reprocess: 'all' })
    const address = `/api/backfills/${body.backfill?.id}`
    const first = await post<Backfill>(`${address}/cancel`)
    expect(first).toMatchObject({ status: 200, body: { state: 'cancelled', runs: { cancelled: 31, total: 31 } } })
    const second = await post<Backfill>(`${address}/cancel`)
    expect(second.body).toEqual(first.body)
    expect((await get<Backfill>(address)).body).toEqual(first.body)
    expect((await audit()).map(({ action }) => action)).toEqual(['start-backfill', 'cancel-backfill'])
  })

  test('lists in pages what a key may see', async () => {
    for (const to of ['2026-01-02', '2026-01-03', '2026-01-04']) await start({ ...january, to })
    await start({ ...january, clientId: 'other' })
    type Page = { backfills: { clientId: string; to: string }[]; nextCursor: string | null }
    expect((await get<Page>('/api/backfills')).body.backfills).toHaveLength(4)
    expect((await get<Page>('/api/backfills?client=other', viewer)).body.backfills).toHaveLength(1)
    const first = await get<Page>('/api/backfills?limit=2', bound)
    const rest = await get<Page>(`/api/backfills?limit=2&cursor=${first.body.nextCursor}`, bound)
    const seen = [...first.body.backfills, ...rest.body.backfills].map(({ clientId, to }) => [clientId, to])
    expect(seen).toEqual([
      ['acme', '2026-01-04'],
      ['acme', '2026-01-03'],
      ['acme', '2026-01-02'],
    ])
    expect(rest.body.nextCursor).toBe(null)
  })

  test('another client’s backfill is not there, for reading, starting and cancelling', async () => {
    const { body } = await start({ ...january, clientId: 'other' })
    const address = `/api/backfills/${body.backfill?.id}`
    const answers = [
      await get<Problem>(address, bound),
      await post<Problem>(`${address}/cancel`, {}, bound),
      await start({ ...january, clientId: 'other' }, bound),
      await get<Problem>('/api/backfills?client=other', bound),
      await start(january, viewer),
    ]
    expect(answers.map(({ body }) => body.code)).toEqual([
      'not-found',
      'not-found',
      'other-client',
      'other-client',
      'forbidden',
    ])
    expect((await get<Backfill>(address)).body).toMatchObject({ state: 'running', runs: { planned: 31 } })
  })

  test.each<[what: string, change: object, code: string]>([
    ['an unknown client', { clientId: 'nobody' }, 'no-such-client'],
    ['an unknown job', { job: 'dance' }, 'unknown-job'],
    ['no days', { to: '2026-01-01' }, 'range'],
    ['days that are not over', { to: addDays(dayOf(systemClock(), 'Etc/GMT-14'), 2) }, 'range'],
    ['a job without a schedule of its own', { job: 'render-report' }, 'schedule-needed'],
    ['an unknown schedule', { job: 'render-report', schedule: 'x' }, 'no-such-schedule'],
    ['a cap of none', { runsMax: 0 }, 'invalid-body'],
    ['an order there is not', { order: 'random' }, 'invalid-body'],
  ])('refuses %s, dry or not, and plans nothing', async (_what, change, code) => {
    const answers = [await start({ ...january, ...change }), await start({ ...january, ...change, dryRun: true })]
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [422, code],
      [422, code],
    ])
    expect([await countRuns(), await audit()]).toEqual([0, []])
  })
})

describe('the pages', async () => {
  const person = await signIn(board, 'operator')
  const chosen = { client: 'acme', what: 'roll-up-day', first: '2026-01-01', last: '2026-01-31' }
  const options = { reprocess: 'failed', order: 'oldest-first', runsMax: '4' }
  const form = { ...chosen, ...options }

  async function textOf(path: string, visitor = person): Promise<string> {
    const response = await visitor.get(path)
    expect([path, response.status]).toEqual([path, 200])
    return (await response.text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  }

  test('show the count before anything is planned, and start what was counted', async () => {
    const page = await textOf(`/backfills/new?${new URLSearchParams(form)}`)
    expect(page).toContain('31 windows would run Roll up day for acme: of 31 windows, 31 never ran, and would run')
    expect(await countRuns()).toBe(0)
    const answer = await person.submit('/backfills', form, {})
    const location = answer.headers.get('Location') ?? ''
    expect(location).toMatch(/^\/backfills\/[0-9a-f-]{36}\?notice=backfill-started$/)
    expect(await countRuns()).toBe(31)
    expect((await person.submit('/backfills', form)).headers.get('Location')).toBe(
      location.replace('backfill-started', 'backfill-known'),
    )
    expect(await textOf(location)).toContain('0 % of 31 runs')
    expect(await textOf(`/backfills/new?${new URLSearchParams(form)}`)).toContain(
      'Nothing would run: 31 windows in progress already',
    )
    expect(await audit()).toMatchObject([{ action: 'start-backfill', actor_name: 'The operator' }])
  })

  test('say that windows are in progress already where nothing is new', async () => {
    await start()
    const other = await person.submit('/backfills', { ...form, order: 'newest-first' })
    const location = other.headers.get('Location') ?? ''
    expect(location).toMatch(/\?notice=backfill-open$/)
    expect(await textOf(location)).toContain('No window was new')
    const longer = await person.submit('/backfills', { ...form, last: '2026-02-02' })
    expect(longer.headers.get('Location')).toMatch(/\?notice=backfill-partly-open$/)
  })

  test('say why days cannot be filled, beside the form that names them', async () => {
    const page = await textOf(`/backfills/new?${new URLSearchParams({ ...form, last: '2025-12-01' })}`)
    expect(page).toContain('The range must hold a day: 2025-12-02 does not lie after 2026-01-01.')
    expect(page).toContain('What to fill')
  })

  test('offer a subscription’s schedule by name and warn of its recipients', async () => {
    const row = { id: 'weekly', job: 'render-report', client_id: 'acme', cron: '0 7 * * 1', zone: 'client' }
    const payload = JSON.stringify({ report: 'monthly-revenue' })
    await db
      .insertInto('schedules')
      .values({ ...row, payload, catch_up: 'all', overlap: 'allow' })
      .execute()
    const chosen = { ...form, what: 'render-report:weekly' }
    const page = await textOf(`/backfills/new?${new URLSearchParams(chosen)}`)
    expect(page).toContain('Monthly revenue for Acme (0 7 * * 1)')
    expect(page).toContain('This schedule has recipients')
    await person.submit('/backfills', chosen)
    expect(await db.selectFrom('backfills').select(['job', 'schedule_id']).execute()).toEqual([
      { job: 'render-report', schedule_id: 'weekly' },
    ])
  })

  test('show how far each has come, refresh while one is in progress, and cancel', async () => {
    const { body } = await start({ ...january, to: '2026-01-11' })
    const id = body.backfill?.id
    const seven = db.selectFrom('runs').select('id').orderBy('position').limit(7)
    await db.updateTable('runs').set({ state: 'succeeded' }).where('id', 'in', seven).execute()
    const failed = { state: 'failed', error_message: 'The disk <is> full.' } as const
    await db.updateTable('runs').set(failed).where('position', '=', 7).execute()
    const list = await (await person.get('/backfills')).text()
    expect(list).toContain('<progress max="100" value="80"')
    expect(list).toContain('data-refresh-seconds="3"')
    expect(await textOf('/backfills')).toContain('8 of 10 · 1 failed')
    expect(await textOf(`/backfills/${id}`)).toContain('80 % of 10 runs')
    expect(await (await person.get(`/backfills/${id}`)).text()).toContain('The disk &lt;is&gt; full.')
    const answer = await person.submit(`/backfills/${id}/cancel`, { back: '/backfills' })
    expect(answer.headers.get('Location')).toBe('/backfills?notice=backfill-cancelled')
    const after = await (await person.get('/backfills')).text()
    expect(after).not.toContain('data-refresh-seconds')
    expect(after).not.toContain(`/backfills/${id}/cancel`)
  })

  test('a viewer sees them and may start and cancel nothing', async () => {
    const { body } = await start()
    const visitor = await signIn(board, 'viewer')
    const page = await textOf('/backfills', visitor)
    expect([page.includes('0 of 31'), page.includes('New backfill'), page.includes('Cancel')]).toEqual([
      true,
      false,
      false,
    ])
    const answers = [
      await visitor.get('/backfills/new'),
      await visitor.submit('/backfills', form),
      await visitor.submit(`/backfills/${body.backfill?.id}/cancel`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
  })
})
