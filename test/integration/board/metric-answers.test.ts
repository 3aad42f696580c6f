import { beforeEach, describe, expect, test } from 'vitest'
import { METRICS } from '../../../src/analytics/metrics/index.ts'
import type { Problem } from '../../../src/board/http/problem.ts'
import { callApi } from '../../support/api.ts'
import { given } from '../../support/given.ts'
import { rollUpDays } from '../../support/roll-up.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'

const now = Temporal.Instant.from('2026-03-11T10:00:00Z')
const board = await openTestBoard({ change: { clock: () => now, sessionTtlHours: 24 * 365 * 10 } })
const db = board.database.system
await given.client(db, { id: 'acme' })
await given.client(db, { id: 'other' })
// Ten charges of 10.00 on the 1st to the 10th, one call on the 1st, two on the 2nd.
await given.payments(
  db,
  Array.from({ length: 10 }, (_, n) => [`2026-03-${String(n + 1).padStart(2, '0')}T10:00:00Z`, { amount_minor: 1000 }]),
)
await given.calls(db, [
  ['2026-03-01T10:00:00Z', { agent_id: 'anna', talk_s: 100, sector_id: 'sales, inland' }],
  ['2026-03-02T10:00:00Z', { agent_id: 'anna', talk_s: 200 }],
  ['2026-03-02T11:00:00Z', { agent_id: 'ben', talk_s: 300 }],
])
await given.calls(db, [['2026-03-01T10:00:00Z', { client_id: 'other', talk_s: 999 }]])
for (const { client_id: clientId, day } of await db.selectFrom('rollup_days').select(['client_id', 'day']).execute())
  await rollUpDays(board.database, clientId, [day])

const admin = await keyHeaders(board, 'admin')
const viewer = await keyHeaders(board, 'viewer', 'acme')

beforeEach(async () => {
  for (const name of ['goals', 'metric_thresholds', 'analytics_audit_log'] as const) await db.deleteFrom(name).execute()
})

// oxlint-disable-next-line typescript/no-explicit-any -- each endpoint's own schema has checked it by then
type Reply = any
const get = <Body = Reply>(path: string, headers = viewer) => callApi<Body>(board.url, { path, headers })
const send = <Body = Reply>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: unknown, headers = admin) =>
  callApi<Body>(board.url, { method, path, body, headers })

const audited = () =>
  db
    .selectFrom('analytics_audit_log')
    .select(['action', 'target', 'client_id', 'before', 'after'])
    .orderBy('id')
    .execute()

describe('GET /api/analytics/metrics', () => {
  const march = 'from=2026-03-01&to=2026-03-03'

  test('answers by names, days, dimension and filters, as the visitor’s own client', async () => {
    const { status, body } = await get(`/api/analytics/metrics?metrics=offered,handle-time&${march}&granularity=day`)
    expect([status, body.clientId, body.period.total.values['handle-time'].value]).toEqual([200, 'acme', 200])
    const shown = body.groups.map((group: Reply) => [
      group.bucket,
      group.values.offered.value,
      group.values['handle-time'].value,
    ])
    expect(shown).toEqual([
      ['2026-03-01', 1, 100],
      ['2026-03-02', 2, 250],
    ])
    const ofAnna = await get(`/api/analytics/metrics?metrics=handle-time&${march}&agent=anna&dimension=agent`)
    expect(ofAnna.body.groups.map(({ member, values }: Reply) => [member, values['handle-time'].value])).toEqual([
      ['anna', 150],
    ])
    const both = await get(
      `/api/analytics/metrics?metrics=offered&${march}&agent=anna&agent=ben&sector=${encodeURIComponent('sales, inland')}`,
    )
    expect(both.body.period.total.values.offered.value).toBe(1)
    const compared = await get('/api/analytics/metrics?metrics=net&range=7d&compare=previous,last-year')
    const told = compared.body.comparisons.map(({ to, period, changes }: Reply) => [
      to,
      period.from,
      changes.net.absolute,
    ])
    expect([compared.body.period.from, compared.body.period.to, told]).toEqual([
      ...['2026-03-04', '2026-03-11'],
      [
        ['previous', '2026-02-25', 4000],
        ['last-year', '2025-03-04', null],
      ],
    ])
  })

  test('refuses what it cannot answer, by name and with what to do', async () => {
    const refusalOf = async (query: string, headers = viewer) => {
      const { status, body } = await get<Problem>(`/api/analytics/metrics?${query}`, headers)
      return [status, body.code, body.errors?.map(({ pointer, detail }) => `${pointer}: ${detail}`) ?? body.detail]
    }
    expect(await refusalOf(`metrics=ofered&${march}`)).toEqual([
      ...[400, 'unknown-metric'],
      'There is no metric "ofered" (did you mean "offered"?). GET /api/analytics/catalogue lists them.',
    ])
    expect(await refusalOf('metrics=offered')).toEqual([400, 'invalid-query', ['range: is needed, or from and to are']])
    expect(await refusalOf(`metrics=offered&range=7d&${march}`)).toEqual([
      400,
      'invalid-query',
      ['range: cannot stand beside from and to'],
    ])
    expect(await refusalOf('metrics=offered&from=2026-03-01')).toEqual([400, 'invalid-query', ['to: is needed too']])
    expect(await refusalOf('metrics=offered&from=2026-03-02&to=2026-03-02')).toEqual([
      ...[400, 'invalid-query', ['to: must be after from, which is 2026-03-02']],
    ])
    expect((await refusalOf(`metrics=offered&${march}&dimension=agent&campaign=x`)).slice(0, 2)).toEqual([
      422,
      'no-such-rollup',
    ])
    expect((await refusalOf('metrics=offered&from=2000-01-01&to=2026-01-01')).slice(0, 2)).toEqual([400, 'range'])
    expect((await refusalOf(`metrics=offered&${march}&client=other`)).slice(0, 2)).toEqual([403, 'other-client'])
    expect((await refusalOf(`metrics=offered&${march}&client=nobody`, admin)).slice(0, 2)).toEqual([
      422,
      'no-such-client',
    ])
    expect((await refusalOf(`metrics=offered&${march}`, admin)).slice(0, 2)).toEqual([400, 'client-needed'])
  })

  test('finance and supervisors may ask; whoever brings facts in may not', async () => {
    const path = `/api/analytics/metrics?metrics=offered&${march}&client=acme`
    const finance = await signIn(board, 'finance', 'acme')
    expect((await finance.get(path)).status).toBe(200)
    expect((await get(path, await keyHeaders(board, 'ingest', 'acme'))).status).toBe(403)
  })
})

test('GET /api/analytics/periods sets any two ranges side by side, in every metric when none is named', async () => {
  const { body } = await get(
    '/api/analytics/periods?from=2026-03-02&to=2026-03-03&otherFrom=2026-03-01&otherTo=2026-03-02',
  )
  expect(body.metrics.length).toBe(Object.keys(METRICS).length)
  expect([
    body.period.total.values.offered.value,
    body.other.total.values.offered.value,
    body.changes['handle-time'],
  ]).toEqual([...[2, 1, { absolute: 150, relative: 1.5, verdict: 'worse' }]])
  const wrong = await get<Problem>(
    '/api/analytics/periods?from=2026-03-02&to=2026-03-03&otherFrom=2026-03-01&otherTo=2026-03-01',
  )
  expect(wrong.body.errors).toEqual([{ in: 'query', pointer: 'otherTo', detail: 'must be after 2026-03-01' }])
})

test('POST /api/analytics/overview gives values, trends and comparisons under the headings asked for, and audits nothing', async () => {
  const { status, body } = await send(
    'POST',
    '/api/analytics/overview',
    { range: '7d', metrics: ['revenue', 'calls'] },
    viewer,
  )
  expect([status, body.granularity, body.sections.map(({ name }: Reply) => name)]).toEqual([
    200,
    'day',
    ['revenue', 'calls'],
  ])
  const net = body.sections[0].metrics.find(({ name }: Reply) => name === 'net')
  expect([net.value, net.previous, net.lastYear.value, net.slope, net.trend.length, net.trend[0]]).toEqual([
    ...[7000, { value: 3000, absolute: 4000, relative: expect.closeTo(4 / 3), verdict: 'better' }, null, 0, 7],
    { bucket: '2026-03-04', value: 1000 },
  ])
  const sections = await send(
    'POST',
    '/api/analytics/overview',
    { range: { from: '2025-03-01', to: '2026-03-01' } },
    viewer,
  )
  expect([sections.body.granularity, sections.body.sections.length]).toEqual(['month', 4])
  // Surveys do not say where.
  const there = await send('POST', '/api/analytics/overview', { range: '7d', filters: { location: ['x'] } }, viewer)
  const shown = there.body.sections[0].metrics.map(({ name }: Reply) => name)
  expect([shown.includes('offered'), shown.includes('csat')]).toEqual([true, false])
  const refused = await send<Problem>('POST', '/api/analytics/overview', { range: 'ever' }, viewer)
  expect([refused.status, refused.body.code]).toEqual([422, 'invalid-body'])
  expect(await audited()).toEqual([])
})

describe('the catalogue and limits', () => {
  test('every metric is there with its documentation and the limits of the client, which an admin sets', async () => {
    const limits = { target: 0.9, warning: null, critical: null }
    const set = await send('PUT', '/api/admin/thresholds/service-level?client=acme', limits)
    expect([set.status, set.body]).toEqual([200, { metric: 'service-level', clientId: 'acme', thresholds: limits }])
    const { body } = await get('/api/analytics/catalogue')
    expect(body.metrics.length).toBe(Object.keys(METRICS).length)
    expect(body.metrics.find(({ name }: Reply) => name === 'service-level')).toEqual({
      ...{
        name: 'service-level',
        label: 'Service level',
        type: 'percent',
        direction: 'up',
        digits: null,
        kind: 'sums',
      },
      thresholds: { target: 0.9, warning: 0.8, critical: 0.7 },
      declared: { target: 0.8, warning: 0.8, critical: 0.7 },
      dimensions: ['client', 'agent', 'sector', 'channel', 'campaign', 'customer-role', 'location'],
      ...{
        formula: METRICS.serviceLevel.formula,
        note: METRICS.serviceLevel.note,
        source: METRICS.serviceLevel.source,
      },
    })
    const nothing = { target: null, warning: null, critical: null }
    expect(await audited()).toEqual([
      { action: 'set-thresholds', target: 'metric:service-level', client_id: 'acme', before: nothing, after: limits },
    ])
  })

  test('limits that contradict each other, of no metric, or set by somebody else than an admin, are refused', async () => {
    const limits = { target: 0.5, warning: 0.6, critical: null }
    const codes = async (path: string, headers = admin) => {
      const { status, body } = await send<Problem>('PUT', path, limits, headers)
      return [status, body.code]
    }
    expect(await codes('/api/admin/thresholds/service-level?client=acme')).toEqual([422, 'invalid-thresholds'])
    expect(await codes('/api/admin/thresholds/offered?client=acme')).toEqual([422, 'invalid-thresholds'])
    expect(await codes('/api/admin/thresholds/nothing?client=acme')).toEqual([400, 'unknown-metric'])
    expect(await codes('/api/admin/thresholds/service-level', viewer)).toEqual([403, 'forbidden'])
    // Only that somebody tried what they may not is on record.
    const nothing = { client_id: 'acme', before: null, after: null }
    const tried = { action: 'put /api/admin/thresholds/:metric', target: '/api/admin/thresholds/service-level' }
    expect(await audited()).toEqual([{ ...tried, ...nothing }])
  })
})

describe('goals', () => {
  const draft = { name: 'March', metric: 'net', target: 31_000, from: '2026-03-01', to: '2026-04-01', owner: 'Sales' }
  const whole = { ...draft, dimension: 'client', member: '', bound: 'at-least' }

  test('are made, listed, changed and taken away, each with a line in the log', async () => {
    const made = await send('POST', '/api/admin/goals?client=acme', draft)
    const { id } = made.body
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ ...whole, clientId: 'acme' })])
    expect((await get('/api/admin/goals')).body).toEqual({ goals: [made.body], nextCursor: null })
    const changed = await send('PUT', `/api/admin/goals/${id}`, { ...draft, target: 40_000 })
    expect([changed.status, changed.body.target]).toEqual([200, 40_000])
    expect((await send('DELETE', `/api/admin/goals/${id}`, {})).body).toEqual(changed.body)
    expect((await get<Problem>(`/api/admin/goals/${id}`)).status).toBe(404)
    const target = `goal:${id}`
    const after = { ...whole, target: 40_000 }
    expect(await audited()).toEqual([
      { action: 'create-goal', target, client_id: 'acme', before: null, after: whole },
      { action: 'change-goal', target, client_id: 'acme', before: whole, after },
      { action: 'delete-goal', target, client_id: 'acme', before: after, after: null },
    ])
  })

  test('of what is not kept by a dimension nobody sets one: it would be missed, or met, by not being there', async () => {
    const refusalOf = async (change: object) => {
      const { status, body } = await send<Problem>('POST', '/api/admin/goals?client=acme', { ...draft, ...change })
      return [status, body.code, body.detail]
    }
    expect(await refusalOf({ metric: 'offered', dimension: 'provider', member: 'p1' })).toEqual([
      ...[422, 'no-such-rollup', expect.stringContaining('offered is not kept by provider.')],
    ])
    expect(await refusalOf({ metric: 'customer-churn', dimension: 'agent', member: 'anna' })).toEqual([
      ...[422, 'no-such-rollup', 'customer-churn is known of the client as a whole only.'],
    ])
  })

  test('come in pages, those that end last first', async () => {
    for (const to of ['2026-03-05', '2026-03-07', '2026-03-06'])
      await send('POST', '/api/admin/goals?client=acme', { ...draft, name: to, to })
    const first = (await get('/api/admin/goals?limit=2')).body
    const second = (await get(`/api/admin/goals?limit=2&cursor=${first.nextCursor}`)).body
    const namesOf = ({ goals }: Reply) => goals.map(({ name }: Reply) => name)
    expect([namesOf(first), namesOf(second), second.nextCursor]).toEqual([
      ['2026-03-07', '2026-03-06'],
      ['2026-03-05'],
      null,
    ])
    expect((await get<Problem>('/api/admin/goals?cursor=x')).body.code).toBe('invalid-cursor')
  })

  test('a sum is on pace when it is where the straight way to the target is; its history adds up', async () => {
    const { body: goal } = await send('POST', '/api/admin/goals?client=acme', draft)
    const { progress } = (await get(`/api/admin/goals/${goal.id}`)).body
    expect(progress).toMatchObject({
      asOf: '2026-03-11',
      value: 10_000,
      expected: 10_000,
      onPace: true,
      state: 'running',
    })
    expect(progress.share).toBeCloseTo(10 / 31)
    expect(progress.history.slice(0, 2)).toEqual([
      { day: '2026-03-01', value: 1000, expected: 1000 },
      { day: '2026-03-02', value: 2000, expected: 2000 },
    ])
    await send('PUT', `/api/admin/goals/${goal.id}`, { ...draft, target: 31_100 })
    expect((await get(`/api/admin/goals/${goal.id}`)).body.progress.onPace).toBe(false)
  })

  test('a ratio is held to its target from the first day; of a member; over, it is met or missed', async () => {
    const of = { ...draft, metric: 'handle-time', bound: 'at-most', dimension: 'agent', to: '2026-03-03' }
    const stateOf = async (goal: object) => {
      const { body } = await send('POST', '/api/admin/goals?client=acme', goal)
      const { progress } = (await get(`/api/admin/goals/${body.id}`)).body
      return [progress.value, progress.state, progress.share]
    }
    expect(await stateOf({ ...of, member: 'anna', target: 150 })).toEqual([150, 'met', null])
    expect(await stateOf({ ...of, member: 'ben', target: 150 })).toEqual([300, 'missed', null])
    expect(await stateOf({ ...of, member: 'carl', target: 150 })).toEqual([null, 'unknown', null])
    expect(await stateOf({ ...draft, from: '2026-03-11' })).toEqual([null, 'not-started', null])
  })

  test('a level goes from where it was to its target; one that held it before the goal began is to stay there', async () => {
    await given.client(db, { id: 'dealers' })
    const deal = (n: number, day: string) => ({
      ...{ client_id: 'dealers', id: `d${n}`, opened_at: `${day}T10:00:00Z`, amount_minor: 1, currency: 'EUR' },
    })
    await db
      .insertInto('deals')
      .values([deal(1, '2026-02-27'), deal(2, '2026-02-27'), deal(3, '2026-03-02')])
      .execute()
    await rollUpDays(board.database, 'dealers', ['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02'])
    const of = { ...draft, metric: 'open-deals', to: '2026-03-03' }
    const progressOf = async (goal: object) => {
      const { body } = await send('POST', '/api/admin/goals?client=dealers', { ...of, ...goal })
      const { progress } = (await get(`/api/admin/goals/${body.id}`, admin)).body
      const { value, expected, share, onPace, state } = progress
      return [value, expected, share, onPace, state, progress.history.map((day: Reply) => day.expected)]
    }
    expect(await progressOf({ target: 4 })).toEqual([3, 4, 0.5, false, 'missed', [3, 4]])
    expect(await progressOf({ target: 1 })).toEqual([3, 1, null, true, 'met', [1, 1]])
    expect(await progressOf({ target: 2 })).toEqual([3, 2, null, true, 'met', [2, 2]])
    expect(await progressOf({ target: 2, bound: 'at-most' })).toEqual([3, 2, null, false, 'missed', [2, 2]])
    expect(await progressOf({ target: 0, bound: 'at-most' })).toEqual([3, 0, -0.5, false, 'missed', [1, 0]])
  })

  test('are out of reach of another client and of whoever may only look, and a wrong one is refused', async () => {
    const { body: goal } = await send('POST', '/api/admin/goals?client=other', draft)
    const bound = await keyHeaders(board, 'admin', 'acme')
    const answers = [
      ...[
        get<Problem>(`/api/admin/goals/${goal.id}`),
        send<Problem>('DELETE', `/api/admin/goals/${goal.id}`, {}, bound),
      ],
      ...[
        send<Problem>('PUT', `/api/admin/goals/${goal.id}`, draft, bound),
        get<Problem>('/api/admin/goals?client=other'),
      ],
      ...[send<Problem>('POST', '/api/admin/goals', draft, viewer)],
      ...[send<Problem>('POST', '/api/admin/goals?client=acme', { ...draft, to: draft.from })],
      ...[send<Problem>('POST', '/api/admin/goals?client=acme', { ...draft, metric: 'nett' })],
      ...[send<Problem>('POST', '/api/admin/goals?client=acme', { ...draft, member: 'anna' })],
    ]
    expect((await Promise.all(answers)).map(({ status, body }) => [status, body.code])).toEqual([
      ...[
        [404, 'not-found'],
        [404, 'not-found'],
        [404, 'not-found'],
        [403, 'other-client'],
        [403, 'forbidden'],
      ],
      ...[
        [422, 'range'],
        [400, 'unknown-metric'],
        [422, 'invalid-goal'],
      ],
    ])
    expect((await get('/api/admin/goals')).body.goals).toEqual([])
  })
})
