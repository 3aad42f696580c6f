import { describe, expect, test } from 'vitest'
import { addDays, type Day } from '../../src/time.ts'
import { given } from '../support/given.ts'
import { ask, days, db, rollUp, rollUpDirtyDays, totalOf, valuesOf } from '../support/question-world.ts'

describe('ranges', () => {
  /** One call at noon of each of these local days. */
  async function callsOn(timeZone: string, ...on: Day[]): Promise<void> {
    const noon = (day: Day) => Temporal.PlainDate.from(day).toZonedDateTime({ timeZone, plainTime: '12:00' })
    await given.calls(
      db,
      on.map((day) => [noon(day).toInstant().toString(), {}]),
    )
    await rollUpDirtyDays()
  }

  test('the previous period is as many days before, over a change of clocks too; last year has the same dates', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    // Clocks go forward on the 29th of March 2026.
    await callsOn('Europe/Zurich', '2025-03-31', '2026-03-21', '2026-03-22', '2026-03-28', '2026-03-29', '2026-04-04')
    const asked = { metrics: ['offered'], compare: ['previous', 'last-year'] } as const
    const week = await ask({ ...asked, range: days('2026-03-29', '2026-04-05') })
    const spans = week.comparisons.map(({ to, period: { from, to: end }, changes }) => [
      to,
      from,
      end,
      changes['offered'],
    ])
    expect([totalOf(week), spans]).toEqual([
      [2],
      [
        ['previous', '2026-03-22', '2026-03-29', { absolute: 0, relative: 0, verdict: null }],
        ['last-year', '2025-03-29', '2025-04-05', { absolute: 1, relative: 1, verdict: null }],
      ],
    ])
  })

  test('months compare with months, and a leap day with the 28th of the year before', async () => {
    await given.client(db)
    await callsOn('UTC', '2023-02-28', '2024-01-31', '2024-02-29')
    const spansOf = async (range: { from: Day; to: Day }) => {
      const answer = await ask({ metrics: ['offered'], compare: ['previous', 'last-year'], range })
      return answer.comparisons.map(({ period }) => [period.from, period.to, period.total?.sums.offered])
    }
    expect(await spansOf(days('2024-02-01', '2024-03-01'))).toEqual([
      ['2024-01-01', '2024-02-01', 1],
      ['2023-02-01', '2023-03-01', 1],
    ])
    expect(await spansOf(days('2024-02-29', '2024-03-01'))).toEqual([
      ['2024-02-28', '2024-02-29', undefined],
      ['2023-02-28', '2023-03-01', 1],
    ])
  })

  test('named ranges are the client’s days: today is the one going on, the others are whole days before it', async () => {
    await given.client(db, { time_zone: 'Pacific/Auckland' })
    // In Auckland it is 11:30 on the 2nd of June already.
    const late = Temporal.Instant.from('2026-06-01T23:30:00Z')
    const spanOf = async (range: 'today' | '24h' | '7d' | '30d' | '90d' | '1y') => {
      const { period } = await ask({ metrics: ['offered'], range, at: late })
      return [period.from, period.to, period.hours]
    }
    expect(await spanOf('today')).toEqual(['2026-06-02', '2026-06-03', null])
    expect(await spanOf('7d')).toEqual(['2026-05-26', '2026-06-02', null])
    expect(await spanOf('30d')).toEqual(['2026-05-03', '2026-06-02', null])
    expect(await spanOf('90d')).toEqual(['2026-03-04', '2026-06-02', null])
    expect(await spanOf('1y')).toEqual(['2025-06-02', '2026-06-02', null])
    const hours = { from: '2026-05-31T23:00:00Z', to: '2026-06-01T23:00:00Z' }
    expect(await spanOf('24h')).toEqual(['2026-06-01', '2026-06-03', hours])
  })

  test('24 hours are whole hours up to the one going on, in zones of half hours too, and compare with the 24 before', async () => {
    await given.client(db, { time_zone: 'Asia/Kolkata' })
    await given.calls(db, [
      ['2026-05-31T09:29:59Z', {}], // 14:59:59 the day before yesterday's edge
      ['2026-05-31T09:30:00Z', { agent_id: 'anna' }], // 15:00
      ['2026-06-01T09:29:59Z', { agent_id: 'anna' }], // 14:59:59
      ['2026-06-01T09:30:00Z', {}], // 15:00, the hour going on
    ])
    await rollUpDirtyDays()
    const now = Temporal.Instant.from('2026-06-01T10:00:00Z') // 15:30 in Kolkata
    const whole = await ask({ metrics: ['offered'], range: '24h', at: now, compare: ['previous'], granularity: 'hour' })
    expect([totalOf(whole), whole.buckets.length, whole.buckets[0]?.key, whole.buckets.at(-1)?.key]).toEqual([
      ...[[2], 24, '2026-05-31T09:30:00Z', '2026-06-01T08:30:00Z'],
    ])
    expect(whole.comparisons[0]?.period.total?.sums.offered).toBe(1)
    const byAgent = await ask({ metrics: ['offered'], range: '24h', at: now, dimension: 'agent' })
    expect(valuesOf(byAgent)).toEqual({ anna: [2] })
  })

  test('both hours of the same name are there on the day clocks go back, and every hour of the day counts once', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-10-25T00:30:00Z', {}],
      ['2026-10-25T01:30:00Z', {}],
      ['2026-10-25T22:30:00Z', {}],
    ])
    await rollUpDirtyDays()
    const range = days('2026-10-25', '2026-10-26')
    const answer = await ask({
      metrics: ['offered'],
      range,
      granularity: 'hour',
      at: Temporal.Instant.from('2026-11-01T00:00:00Z'),
    })
    const happened = Object.entries(valuesOf(answer)).filter(([, [offered]]) => offered !== 0)
    expect([answer.groups.length, happened]).toEqual([
      25,
      [
        ['2026-10-25T00:00:00Z', [1]],
        ['2026-10-25T01:00:00Z', [1]],
        ['2026-10-25T22:00:00Z', [1]],
      ],
    ])
  })

  test('an empty day is zero and a missing day is missing: the bucket is there, its group is not', async () => {
    await given.client(db)
    await callsOn('UTC', '2026-03-01', '2026-03-04')
    await rollUp('2026-03-02')
    const answer = await ask({
      metrics: ['offered', 'abandonment'],
      range: days('2026-03-01', '2026-03-05'),
      granularity: 'day',
    })
    expect(valuesOf(answer)).toEqual({ '2026-03-01': [1, 0], '2026-03-02': [0, null], '2026-03-04': [1, 0] })
    expect(answer.buckets.filter(({ known }) => !known)).toEqual([{ key: '2026-03-03', known: false, whole: false }])
    expect(answer.period.standing).toMatchObject({ missingDays: ['2026-03-03'], provisional: true })
  })

  test('of a range that was never rolled up nothing is known: no total, no groups, and no change to or from it', async () => {
    await given.client(db)
    await callsOn('UTC', '2026-03-02')
    const answer = await ask({ metrics: ['offered'], range: days('2026-03-02', '2026-03-03'), compare: ['previous'] })
    const [{ period, groups, changes } = {}] = answer.comparisons
    expect([period?.standing.dataAsOf, period?.total, groups, changes]).toEqual([
      ...[null, null, [], { offered: { absolute: null, relative: null, verdict: null } }],
    ])
  })

  test('late facts make a day dirty and the answer provisional, and today is never settled', async () => {
    await given.client(db)
    await callsOn('UTC', '2026-05-30', '2026-06-01')
    await given.calls(db, [['2026-05-30T13:00:00Z', {}]])
    const standing = async (from: Day, to: Day) =>
      (await ask({ metrics: ['first-contact-resolution'], range: days(from, to) })).period.standing
    expect(await standing('2026-05-30', '2026-05-31')).toMatchObject({ dirtyDays: ['2026-05-30'], provisional: true })
    expect(await standing('2026-06-01', '2026-06-02')).toMatchObject({ missingDays: [], provisional: true })
    await rollUpDirtyDays()
    const settled = { dirtyDays: [], provisional: false, provisionalMetrics: ['first-contact-resolution'] }
    expect(await standing('2026-05-30', '2026-05-31')).toMatchObject(settled)
  })

  test('a level is provisional while a day before the range has facts that were never rolled up', async () => {
    await given.client(db)
    const subscription = { customer_id: 'c1', amount_minor: 500, currency: 'EUR' }
    await given.facts(db, 'subscriptions', [{ ...subscription, starts_at: '2026-03-10T10:00:00Z' }])
    for (let day = '2026-04-01'; day < '2026-05-01'; day = addDays(day, 1)) await rollUp(day)
    const april = async (...metrics: string[]) => {
      const { missingDays, provisional } = (await ask({ metrics, range: days('2026-04-01', '2026-05-01') })).period
        .standing
      return [missingDays, provisional]
    }
    expect(await april('mrr')).toEqual([['2026-03-10'], true])
    expect(await april('offered')).toEqual([[], false])
    await rollUp('2026-03-10')
    expect(await april('mrr')).toEqual([[], false])
  })

  test('first contact resolution is provisional until every day of the week after is rolled up with all its facts', async () => {
    await given.client(db)
    const range = days('2026-03-01', '2026-03-08')
    const unsettled = async () => {
      const answer = await ask({ metrics: ['first-contact-resolution', 'offered'], range })
      return answer.period.standing.provisionalMetrics
    }
    for (let day = '2026-03-01'; day < '2026-03-15'; day = addDays(day, 1)) if (day !== '2026-03-09') await rollUp(day)
    expect(await unsettled()).toEqual(['first-contact-resolution'])
    await rollUp('2026-03-09')
    expect(await unsettled()).toEqual([])
    await given.calls(db, [['2026-03-14T10:00:00Z', {}]])
    expect(await unsettled()).toEqual(['first-contact-resolution'])
    await rollUpDirtyDays()
    // The day after is too late to repeat anything.
    await given.calls(db, [['2026-03-15T10:00:00Z', {}]])
    expect(await unsettled()).toEqual([])
  })

  test('facts that contradict themselves are counted, whatever the question is narrowed to', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T10:00:00Z', { agent_id: 'anna' }],
      ['2026-03-01T11:00:00Z', { agent_id: 'ben', answered_at: '2026-03-01T10:59:00Z' }],
    ])
    await rollUpDirtyDays()
    const range = days('2026-03-01', '2026-03-02')
    const narrowed = await ask({ metrics: ['offered'], range, filters: { agent: ['anna'] } })
    expect([totalOf(narrowed), narrowed.period.standing.quarantined]).toEqual([[1], 1])
  })
})
