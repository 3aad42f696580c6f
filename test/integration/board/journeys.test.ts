import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { callApi } from '../../support/api.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'

const board = await openTestBoard({
  change: { clock: () => Temporal.Instant.from('2026-06-15T12:00:00Z'), eventDays: 90 },
})
const db = board.database.system
await given.client(db, { id: 'acme' })
await given.client(db, { id: 'blue', name: 'Blue', currency: 'USD' })
await db
  .insertInto('customers')
  .values([
    { client_id: 'acme', id: 'c1', name: 'Ada', role: 'client' },
    { client_id: 'acme', id: 'c2', role: 'ca' },
  ])
  .execute()
const event = { client_id: 'acme', name: 'sign:up', occurred_at: '2026-03-01T10:00:00Z' }
await db
  .insertInto('analytics_events')
  .values([
    { ...event, id: 'e1', customer_id: 'c1', properties: JSON.stringify({ plan: 'pro' }) },
    { ...event, id: 'e2', customer_id: 'c2' },
  ])
  .execute()
await given.payments(db, [['2026-03-02T10:00:00Z', { customer_id: 'c1', amount_minor: 500 }]])
await db
  .insertInto('customer_metrics')
  .values({ client_id: 'acme', day: '2026-03-02', customer_id: 'c1', orders: 1, gross_minor: 500 })
  .execute()
await db
  .insertInto('touchpoints')
  .values({
    client_id: 'acme',
    id: 't',
    touched_at: '2026-03-01T00:00:00Z',
    customer_id: 'c1',
    campaign_id: 'spring',
    kind: 'ad',
  })
  .execute()

const everywhere = await keyHeaders(board, 'viewer')
const acme = await keyHeaders(board, 'viewer', 'acme')
const march = 'from=2026-03-01&to=2026-04-01'
const ask = <Body>(path: string, headers = acme) =>
  callApi<Body & Problem>(board.url, { path: `/api/admin/analytics/${path}`, headers })

type Stages = { stages: { customers: number; medianToNextS: number | null }[] }

describe('answers', () => {
  test('a funnel, whole and by role; the client is the visitor’s own, or the one they name', async () => {
    const asked = `funnel?${march}&step=event:sign:up&step=payment`
    const { body } = await ask<Stages & { groups: ({ key: string } & Stages)[]; provisional: boolean }>(
      `${asked}&by=role`,
    )
    expect(body.stages.map(({ customers, medianToNextS }) => [customers, medianToNextS])).toEqual([
      [2, 86_400],
      [1, null],
    ])
    expect(body.groups.map(({ key, stages }) => [key, ...stages.map(({ customers }) => customers)])).toEqual([
      ['ca', 1, 0],
      ['client', 1, 1],
    ])
    expect(body.provisional).toBe(true)
    const pro = await ask<Stages>(`funnel?${march}&step=event:sign:up[plan=pro]&step=payment&client=acme`, everywhere)
    expect(pro.body.stages.map(({ customers }) => customers)).toEqual([1, 1])
    const blue = await ask<Stages>(`${asked}&client=blue`, everywhere)
    expect(blue.body.stages.map(({ customers }) => customers)).toEqual([0, 0])
  })

  test('conversion by step and customer role', async () => {
    const { body } = await ask<{ rates: object[] }>(`conversion-rates?${march}&step=event:sign:up&step=payment`)
    expect(body.rates).toMatchObject([
      { group: null, step: 1, customers: 2 },
      { group: null, step: 2, customers: 1, ofFirst: { share: 0.5 } },
      { group: 'ca', step: 1, customers: 1 },
      { group: 'ca', step: 2, customers: 0, ofPrevious: { share: 0 } },
      { group: 'client', step: 1, customers: 1 },
      { group: 'client', step: 2, customers: 1, ofPrevious: { share: 1 } },
    ])
  })

  test('cohorts, attribution and lifetime value', async () => {
    const cohorts = await ask<{ cohorts: object[] }>(`cohorts?${march}&periods=1`)
    expect(cohorts.body.cohorts).toMatchObject([
      {
        from: '2026-03-01',
        customers: 1,
        netMinor: 500,
        cells: [
          { period: 0, customers: 1, netMinor: 500 },
          { period: 1, customers: 0 },
        ],
      },
    ])
    const attribution = await ask<object>(`attribution?${march}&model=time-decay`)
    expect(attribution.body).toMatchObject({
      currency: 'EUR',
      conversions: 1,
      totalMinor: 500,
      credits: [
        { key: 'spring', source: 'touchpoint', creditedMinor: 500 },
        { key: '', source: 'direct', creditedMinor: 0 },
      ],
    })
    const ltv = await ask<object>(`client-ltv?${march}`)
    expect(ltv.body).toMatchObject({
      observed: { customers: 1, netMinor: 500, top: [{ customerId: 'c1', name: 'Ada', netMinor: 500 }] },
      projected: null,
      refused: expect.stringContaining('30 customers'),
    })
  })
})

test('an answer that reads facts past their time says from which day on it is complete', async () => {
  const incompleteBefore = async (path: string) =>
    (await ask<{ incompleteBefore: string | null }>(path)).body.incompleteBefore
  // Ninety days before the 15th of June, and the day after, on which no hour of another zone is missing.
  expect(await incompleteBefore(`funnel?${march}&step=event:sign:up&step=payment`)).toBe('2026-03-18')
  expect(await incompleteBefore(`funnel?${march}&step=interaction&step=payment`)).toBe(null)
  expect(await incompleteBefore('attribution?from=2026-05-01&to=2026-06-01&lookbackDays=60')).toBe('2026-03-18')
  expect(await incompleteBefore('attribution?from=2026-05-01&to=2026-06-01&lookbackDays=30')).toBe(null)
  expect(await incompleteBefore(`cohorts?${march}`)).toBe(null)
})

describe('refusals name the parameter', () => {
  test.each([
    [`funnel?${march}`, 'step'],
    [`funnel?${march}&step=payment`, 'step'],
    [`funnel?${march}&step=payment&step=paiment`, 'step'],
    [`funnel?${march}&step=payment:x&step=booking:moved`, 'step'],
    [`funnel?${march}&step=event:&step=payment`, 'step'],
    [`funnel?${march}&step=payment&step=payment&withinDays=0`, 'withinDays'],
    [`conversion-rates?${march}&step=payment&step=payment&by=none`, 'by'],
    ['cohorts?from=2026-03-01&to=2026-03-01', 'to'],
    ['cohorts?from=2016-03-01&to=2026-03-01', 'to'],
    ['cohorts?from=2026-02-30&to=2026-03-01', 'from'],
    [`cohorts?${march}&grain=day`, 'grain'],
    [`attribution?${march}&model=best`, 'model'],
    [`attribution?${march}&halfLifeDays=1e9`, 'halfLifeDays'],
    [`client-ltv?${march}&horizonMonths=61`, 'horizonMonths'],
    [`client-ltv?${march}&nonsense=1`, 'nonsense'],
  ])('%s: %s', async (path, name) => {
    const { status, body } = await ask<object>(path)
    expect([status, body.code, body.errors?.map(({ pointer }) => pointer)]).toEqual([400, 'invalid-query', [name]])
  })

  test('whoever acts for all clients says which; whoever acts for one asks about no other', async () => {
    const unnamed = await ask<object>(`cohorts?${march}`, everywhere)
    expect([unnamed.status, unnamed.body.errors]).toMatchObject([400, [{ pointer: 'client' }]])
    const unknown = await ask<object>(`cohorts?${march}&client=nobody`, everywhere)
    expect([unknown.status, unknown.body.code]).toEqual([422, 'no-such-client'])
    const other = await ask<object>(`cohorts?${march}&client=blue`)
    expect([other.status, other.body.code]).toEqual([403, 'other-client'])
  })
})

test('they are for whoever reads reports: finance and supervisors too, a key that brings facts in not', async () => {
  for (const role of ['finance', 'supervisor', 'admin'] as const) {
    const person = await signIn(board, role, 'acme')
    expect((await person.get(`/api/admin/analytics/cohorts?${march}`)).status).toBe(200)
  }
  expect((await ask<object>(`cohorts?${march}`, await keyHeaders(board, 'ingest', 'acme'))).status).toBe(403)
})
