import { describe, expect, test } from 'vitest'
import { setThresholds } from '../../src/analytics/questions/index.ts'
import type { MetricQuestion } from '../../src/analytics/questions/question.ts'
import { addDays } from '../../src/time.ts'
import { ACME, given } from '../support/given.ts'
import {
  type Asked,
  acme,
  ask,
  askKept,
  days,
  db,
  rollUp,
  rollUpDirtyDays,
  totalOf,
  valuesOf,
} from '../support/question-world.ts'

describe('values', () => {
  test('a ratio over days is made of the sums of the days, with n, interval and level, never of the days’ ratios', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T10:00:00Z', { wait_s: 5, talk_s: 60 }],
      ['2026-03-02T10:00:00Z', { wait_s: 30, talk_s: 120 }],
      ['2026-03-02T11:00:00Z', { wait_s: 30, talk_s: 120 }],
      ['2026-03-02T12:00:00Z', { status: 'abandoned', wait_s: 60 }],
    ])
    await rollUpDirtyDays()
    const metrics = ['offered', 'service-level', 'handle-time']
    const answer = await ask({ metrics, range: days('2026-03-01', '2026-03-03'), granularity: 'day' })
    expect(valuesOf(answer)).toEqual({ '2026-03-01': [1, 1, 60], '2026-03-02': [3, 0, 120] })
    expect(answer.period.total?.values).toEqual({
      offered: { value: 4, n: null, interval: null, level: null },
      // Wilson's interval of 1 in 4, from his formula.
      'service-level': {
        value: 0.25,
        n: 4,
        interval: { low: expect.closeTo(0.0456, 4), high: expect.closeTo(0.6994, 4) },
        level: 'critical',
      },
      'handle-time': { value: 100, n: 3, interval: null, level: 'met' },
    })
    expect(answer.period.standing).toMatchObject({ missingDays: [], dirtyDays: [], provisional: false, quarantined: 0 })
  })

  test('percentiles come from merged histograms: of all waits, not of the days’ percentiles', async () => {
    await given.client(db)
    const waits = [10, 10, 10, 10, 10, 10, 10, 10, 10, 200]
    await given.calls(db, [
      ...waits.map((wait_s, minute): [string, object] => [
        `2026-03-01T10:${10 + minute}:00Z`,
        { wait_s, agent_id: 'anna' },
      ]),
      ['2026-03-02T10:00:00Z', { wait_s: 100, agent_id: 'ben' }],
    ])
    await rollUpDirtyDays()
    const range = days('2026-03-01', '2026-03-03')
    const near = (value: number) => expect.toSatisfy((actual: number) => Math.abs(actual / value - 1) <= 0.0101)
    const byDay = await ask({ metrics: ['wait-median', 'wait-p95'], range, granularity: 'day' })
    expect(valuesOf(byDay)).toEqual({ '2026-03-01': [near(10), near(200)], '2026-03-02': [near(100), near(100)] })
    expect(byDay.period.total?.values).toMatchObject({ 'wait-median': { value: near(10), n: 11 } })
    const byAgent = await ask({ metrics: ['wait-median'], range, dimension: 'agent' })
    expect(valuesOf(byAgent)).toEqual({ anna: [near(10)], ben: [near(100)] })
  })

  test('a level is that at the end of each bucket, by all that moved before, and the total that at the end', async () => {
    await given.client(db)
    await given.facts(db, 'subscriptions', [
      {
        customer_id: 'c1',
        starts_at: '2026-01-15T10:00:00Z',
        ends_at: '2026-04-10T10:00:00Z',
        amount_minor: 1000,
        currency: 'EUR',
      },
      {
        customer_id: 'c2',
        starts_at: '2026-03-05T10:00:00Z',
        amount_minor: 2400,
        interval_months: 12,
        currency: 'EUR',
      },
    ])
    await rollUpDirtyDays()
    for (const day of ['2026-02-10', '2026-05-10']) await rollUp(day)
    const metrics = ['mrr', 'mrr-at-start', 'mrr-new']
    const answer = await ask({ metrics, range: days('2026-02-01', '2026-06-01'), granularity: 'month' })
    expect(valuesOf(answer)).toEqual({
      '2026-02-01': [1000, 1000, 0],
      '2026-03-01': [1200, 1000, 200],
      '2026-04-01': [200, 1200, 0],
      '2026-05-01': [200, 200, 0],
    })
    expect(totalOf(answer)).toEqual([200, 1000, 200])
  })

  test('a client’s own limits are what its values are measured against', async () => {
    await given.client(db)
    await given.calls(db, [['2026-03-01T10:00:00Z', { talk_s: 200 }]])
    await rollUpDirtyDays()
    const level = async () => {
      const answer = await ask({ metrics: ['handle-time'], range: days('2026-03-01', '2026-03-02') })
      return [answer.metrics[0]?.thresholds, answer.period.total?.values['handle-time']?.level]
    }
    expect(await level()).toEqual([{ target: 300, warning: 300, critical: 600 }, 'met'])
    const limits = { target: 100, warning: 150, critical: null }
    expect(await setThresholds(acme, { clientId: ACME, metric: 'handle-time', limits })).toEqual({
      ...{ target: null, warning: null, critical: null },
    })
    expect(await level()).toEqual([{ target: 100, warning: 150, critical: 600 }, 'warning'])
    expect(
      await setThresholds(acme, { clientId: ACME, metric: 'handle-time', limits: { ...limits, warning: 700 } }).catch(
        String,
      ),
    ).toBe(
      'InputError: The limits of handle-time contradict each other: lower is better, so the target comes first, then the warning, then critical.',
    )
  })
})

describe('dimensions and filters', () => {
  async function aFewCalls(): Promise<void> {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T10:00:00Z', { agent_id: 'anna', sector_id: 'sales', channel: 'voice', campaign_id: 'spring' }],
      ['2026-03-01T10:10:00Z', { agent_id: 'anna', sector_id: 'help', channel: 'web' }],
      ['2026-03-02T10:00:00Z', { agent_id: 'ben', sector_id: 'sales', channel: 'voice' }],
      ['2026-03-02T11:00:00Z', { status: 'missed', channel: 'voice' }],
    ])
    await rollUpDirtyDays()
  }
  const range = days('2026-03-01', '2026-03-03')

  test('one dimension by day, with what belongs to nobody under no name', async () => {
    await aFewCalls()
    const answer = await ask({ metrics: ['offered'], range, dimension: 'agent', granularity: 'day' })
    expect(valuesOf(answer)).toEqual({ '2026-03-02': [1], 'anna 2026-03-01': [2], 'ben 2026-03-02': [1] })
    expect(totalOf(answer)).toEqual([4])
    const ofAnna = await ask({ metrics: ['offered'], range, filters: { agent: ['anna'] } })
    const ofNobody = await ask({ metrics: ['offered'], range, filters: { agent: [''] } })
    const inSpring = await ask({ metrics: ['offered'], range, filters: { campaign: ['spring'] } })
    expect([ofAnna, ofNobody, inSpring].map(totalOf)).toEqual([[2], [1], [1]])
  })

  test('agent, sector and channel go together, by hour too', async () => {
    await aFewCalls()
    const sales = await ask({
      metrics: ['offered'],
      range,
      dimension: 'agent',
      filters: { sector: ['sales'], channel: ['voice'] },
    })
    expect(valuesOf(sales)).toEqual({ anna: [1], ben: [1] })
    const byHour = await ask({
      metrics: ['offered'],
      range,
      dimension: 'sector',
      granularity: 'hour',
      filters: { agent: ['anna'] },
    })
    expect(valuesOf(byHour)).toEqual({ 'help 2026-03-01T10:00:00Z': [1], 'sales 2026-03-01T10:00:00Z': [1] })
  })

  test('what no roll-up holds is refused, with what there is', async () => {
    await aFewCalls()
    const together = 'agent, sector and channel, for contacts, satisfaction, quality, revenue and the time of agents'
    const refusalOf = async (question: Partial<MetricQuestion>) =>
      ask({ metrics: ['offered'], range, ...question }).then(
        () => null,
        ({ code, message }) => [code, message],
      )
    expect(await refusalOf({ dimension: 'agent', filters: { campaign: ['spring'] } })).toEqual([
      'no-such-rollup',
      `No roll-up holds agent and campaign together. Ask for one of them at a time; together there are ${together}.`,
    ])
    expect(await refusalOf({ dimension: 'campaign', granularity: 'hour' })).toEqual([
      'no-such-rollup',
      `Nothing is kept by hour and campaign. By hour there are the client as a whole, and ${together}.`,
    ])
    expect(await refusalOf({ metrics: ['mrr', 'offered', 'wait-p95'], granularity: 'hour' })).toEqual([
      'no-such-rollup',
      `mrr, wait-p95 are kept by day and for one dimension at a time. By hour there are ${together}.`,
    ])
    expect(await refusalOf({ metrics: ['leads'], dimension: 'agent', filters: { sector: ['sales'] } })).toEqual([
      'no-such-rollup',
      `leads is kept by day and for one dimension at a time. Together there are ${together}.`,
    ])
  })

  test('a dimension that a metric has no rows of is refused, and not answered with zero', async () => {
    await aFewCalls()
    const refusalOf = async (metrics: string[], question: Partial<MetricQuestion>) =>
      ask({ metrics, range, ...question }).then(
        () => null,
        ({ code, message }) => [code, message],
      )
    expect(await refusalOf(['offered', 'net', 'csat'], { dimension: 'provider' })).toEqual([
      'no-such-rollup',
      'offered, csat are not kept by provider. offered is kept by client, agent, sector, channel, campaign, customer-role, location.',
    ])
    expect(await refusalOf(['handle-median'], { filters: { campaign: ['spring'] } })).toEqual([
      'no-such-rollup',
      'handle-median is not kept by campaign. handle-median is kept by client, agent, sector, channel.',
    ])
    expect(await refusalOf(['net'], { dimension: 'provider' })).toBe(null)
  })

  test('an unknown metric is refused with the name that was probably meant, an empty or endless range is too', async () => {
    await given.client(db)
    const message = async (question: Asked) =>
      ask(question).then(
        () => [],
        ({ code, message }) => [code, message],
      )
    expect(await message({ metrics: ['servce-level'], range })).toEqual([
      'unknown-metric',
      'There is no metric "servce-level" (did you mean "service-level"?). GET /api/analytics/catalogue lists them.',
    ])
    expect(await message({ metrics: [], range })).toEqual(['unknown-metric', 'A question names at least one metric.'])
    expect(await message({ metrics: ['offered'], range: days('2026-03-01', '2026-03-01') })).toEqual([
      'range',
      'The range from 2026-03-01 to 2026-03-01 (not included) holds no day.',
    ])
    expect((await message({ metrics: ['offered'], range: days('2000-01-01', '2026-03-01') }))[0]).toBe('range')
    expect(
      (await message({ metrics: ['offered'], range: days('2024-01-01', '2026-03-01'), granularity: 'hour' }))[0],
    ).toBe('too-many-groups')
  })

  test('an answer has so many values at most, whatever they are made of', async () => {
    await given.client(db)
    const range = days('2025-06-01', '2025-12-01')
    const hours = (question: Pick<Asked, 'metrics' | 'compare' | 'valuesMax'>) =>
      ask({ range, granularity: 'hour', ...question }).then(
        () => 'answered',
        ({ code }) => code as unknown,
      )
    const metrics = ['offered', 'answered', 'service-level', 'handle-time', 'abandonment']
    const more = ['talk-time', 'hold-time', 'wrap-time', 'missed', 'abandoned', 'messages', 'repeat-rate']
    expect(await hours({ metrics })).toBe('answered')
    const dear = { metrics, compare: ['previous', 'last-year'] } satisfies Partial<Asked>
    expect(await hours(dear)).toBe('too-many-groups')
    // A report may ask for it.
    expect(await hours({ ...dear, valuesMax: Number.POSITIVE_INFINITY })).toBe('answered')
    expect(await hours({ metrics: [...metrics, ...more, 'csat', 'nps'] })).toBe('too-many-groups')
  })
})

describe('trend', () => {
  test('the slope is that of whole and known buckets, and only of the client as a whole', async () => {
    await given.client(db)
    const calls = [1, 3, 5, 90].flatMap((n, index) =>
      Array.from({ length: n }, (_, minute): [string, object] => [
        Temporal.Instant.from(`${addDays('2026-05-29', index)}T10:00:00Z`)
          .add({ minutes: minute })
          .toString(),
        { agent_id: 'anna' },
      ]),
    )
    await given.calls(db, calls)
    await rollUpDirtyDays()
    const asked = { metrics: ['offered'], range: days('2026-05-29', '2026-06-02'), granularity: 'day' } as const
    // The 1st of June is still going on.
    expect((await ask(asked)).slopes).toEqual({ offered: 2 })
    expect((await ask({ ...asked, dimension: 'agent' })).slopes).toEqual({ offered: null })
  })
})

describe('kept answers', () => {
  test('a contact that is repeated a week later is not first contact resolution any more, though its own day has not changed', async () => {
    await given.client(db)
    const call = { customer_id: 'c1', topic: 'bill', resolved: true, agent_id: 'anna', sector_id: 'sales' }
    await given.calls(db, [['2026-03-01T10:00:00Z', call]])
    await rollUpDirtyDays()
    const range = days('2026-03-01', '2026-03-02')
    const asked = [
      { metrics: ['first-contact-resolution'], range },
      { metrics: ['first-contact-resolution'], range, filters: { agent: ['anna'], sector: ['sales'] } },
      { metrics: ['first-contact-resolution'], range, granularity: 'hour' },
    ] as const
    const all = () => Promise.all(asked.map(async (question) => totalOf(await askKept(question))))
    expect(await all()).toEqual([[1], [1], [1]])
    await given.calls(db, [['2026-03-08T10:00:00Z', call]])
    await rollUp('2026-03-08')
    expect(await all()).toEqual([[0], [0], [0]])
  })

  test('an answer is kept while nothing changes that it stands on, whatever happens on other days', async () => {
    await given.client(db)
    await given.calls(db, [['2026-03-01T10:00:00Z', {}]])
    await rollUpDirtyDays()
    const asked = { metrics: ['offered'], range: days('2026-03-01', '2026-03-02') }
    const first = await askKept(asked)
    await given.calls(db, [['2026-03-02T10:00:00Z', {}]])
    await rollUpDirtyDays()
    expect(await askKept(asked)).toBe(first)
    await given.calls(db, [['2026-03-01T11:00:00Z', {}]])
    expect((await askKept(asked)).period.standing.dirtyDays).toEqual(['2026-03-01'])
    await rollUpDirtyDays()
    expect(totalOf(await askKept(asked))).toEqual([2])
  })

  test('a month that is not added up yet, because a day of it waits for its first roll-up, is read by its days', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-03T10:00:00Z', {}],
      ['2026-03-10T10:00:00Z', {}],
    ])
    await rollUp('2026-03-03')
    const range = days('2026-03-01', '2026-04-01')
    const total = async () => totalOf(await askKept({ metrics: ['offered'], range }))
    expect(await total()).toEqual([1])
    await rollUpDirtyDays()
    expect(await total()).toEqual([2])
    // A day that nobody knew of before gets facts, and another one more of them.
    await given.calls(db, [
      ['2026-03-20T10:00:00Z', {}],
      ['2026-03-03T11:00:00Z', {}],
    ])
    await rollUp('2026-03-03')
    expect(await total()).toEqual([3])
    await rollUpDirtyDays()
    expect(await total()).toEqual([4])
  })
})
