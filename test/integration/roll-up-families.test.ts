import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Histogram, percentileOf, rollUpDay } from '../../src/analytics/metrics/index.ts'
import type { DB } from '../../src/db/schema.ts'
import { dayOf, daysOf, systemClock } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

beforeEach(async () => {
  await emptyDatabase(db)
})

async function rollUp(...days: string[]): Promise<void> {
  await rollUpDays(database, ACME, days)
}

type Row = Record<string, unknown>

function nonZero({ client_id, ...rest }: Row): Row {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== 0))
}

/** Rows without the client, and without what there is nothing of. */
async function rows(name: keyof DB, wanted: Row = {}): Promise<Row[]> {
  const all = await table(db, name)
  return all.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value)).map(nonZero)
}

/** How long something took, in ms. */
async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

async function dirtyDays(): Promise<unknown[]> {
  const all = await table(db, 'rollup_days')
  return all.filter((row) => Number(row['facts_version']) > Number(row['rolled_version'])).map((row) => row['day'])
}

describe('contacts', () => {
  test('assistants, sentiment, messages, conversions and follow-ups count on answered contacts', async () => {
    await given.client(db)
    await given.facts(db, 'agents', [{ name: 'Bot', kind: 'assistant' }])
    const bot = String((await table(db, 'agents'))[0]?.['id'])
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { agent_id: bot, resolved: true, sentiment: 0.2, messages_in: 2, messages_out: 3 }],
      ['2026-03-01T09:10:00Z', { agent_id: bot, resolved: true, escalated: true, sentiment: 0.201 }],
      ['2026-03-01T09:20:00Z', { automated: true, sentiment: -1, conversion_value_minor: 500 }],
      ['2026-03-01T09:30:00Z', { conversion_type: 'sale', follow_up_at: '2026-03-05T09:00:00Z' }],
      ['2026-03-01T09:40:00Z', { status: 'missed', sentiment: 1, messages_in: 9, conversion_type: 'sale' }],
    ])
    await rollUp('2026-03-01')
    expect(await rows('daily_metrics', { dimension: 'client' })).toEqual([
      {
        ...{ dimension: 'client', day: '2026-03-01', member: '', offered: 5, answered: 4, missed: 1 },
        ...{ answered_in_threshold: 4, resolved: 2, resolved_first: 2, escalated: 1, automated: 1 },
        ...{ assistant_contacts: 3, automated_resolved: 1, messages_in: 2, messages_out: 3, sentiment_count: 3 },
        ...{ sentiment_milli_sum: 200 + 201 - 1000, sentiment_positive: 1, sentiment_negative: 1 },
        ...{ conversions: 2, conversion_minor: 500, follow_ups: 1 },
      },
    ])
  })

  test('a sentiment of exactly 0.2 or -0.2 is neutral, and one that is a hair beyond is not', async () => {
    await given.client(db)
    const sentiments = [0.2, -0.2, 0.2001, -0.2001]
    await given.calls(
      db,
      sentiments.map((sentiment) => ['2026-03-01T09:00:00Z', { sentiment }]),
    )
    await rollUp('2026-03-01')
    expect(await rows('daily_metrics', { dimension: 'client' })).toMatchObject([
      { sentiment_count: 4, sentiment_positive: 1, sentiment_negative: 1 },
    ])
  })

  test('a day of many contacts without a customer takes as long as one on which each is of somebody else', async () => {
    await given.client(db)
    await sql`
      insert into interactions (client_id, id, started_at, status, wait_s, customer_id)
      select ${ACME}, day || ' ' || n, day + n * interval '1 second', 'answered', 0, case when day = '2026-03-02' then n::text end
      from unnest(array['2026-03-01', '2026-03-02']::date[]) as day, generate_series(1, 15000) n`.execute(db)
    const [anonymous, known] = [await timed(() => rollUp('2026-03-01')), await timed(() => rollUp('2026-03-02'))]
    expect(anonymous).toBeLessThan(4 * known)
  })

  test('a day is told by client, agent, sector, channel, campaign, customer role and location, and each adds up to the client', async () => {
    await given.client(db)
    await db.insertInto('customers').values({ client_id: ACME, id: 'c1', role: 'buyer' }).execute()
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { agent_id: 'anna', customer_id: 'c1', campaign_id: 'spring', location: 'Bern' }],
      ['2026-03-01T23:59:59.999Z', { sector_id: 'sales', channel: 'web', customer_id: 'unheard-of' }],
      ['2026-03-02T00:00:00Z', { agent_id: 'anna' }],
    ])
    await rollUp('2026-03-01')
    const found = await rows('daily_metrics')
    expect(found.map(({ dimension, day, member, answered }) => [dimension, day, member, answered])).toEqual([
      ['agent', '2026-03-01', '', 1],
      ['agent', '2026-03-01', 'anna', 1],
      ['campaign', '2026-03-01', '', 1],
      ['campaign', '2026-03-01', 'spring', 1],
      ['channel', '2026-03-01', 'voice', 1],
      ['channel', '2026-03-01', 'web', 1],
      ['client', '2026-03-01', '', 2],
      ['customer-role', '2026-03-01', '', 1],
      ['customer-role', '2026-03-01', 'buyer', 1],
      ['location', '2026-03-01', '', 1],
      ['location', '2026-03-01', 'Bern', 1],
      ['sector', '2026-03-01', '', 1],
      ['sector', '2026-03-01', 'sales', 1],
    ])
  })

  test('the percentiles of a day, and of two days whose histograms are added, are at most 1 % off', async () => {
    await given.client(db)
    const waits = [0, 0, 3, 10, 20, 30, 45, 60, 300, 1200]
    const onDay = (day: string) => waits.map((wait_s, n): [string, Row] => [`${day}T09:${10 + n}:00Z`, { wait_s }])
    await given.calls(db, [
      ...onDay('2026-03-01'),
      ...onDay('2026-03-02'),
      ['2026-03-02T10:00:00Z', { status: 'missed' }],
    ])
    await rollUp('2026-03-01', '2026-03-02')
    const [first, second, ...more] = (await table(db, 'metric_histograms')).filter(
      ({ dimension, measure }) => dimension === 'client' && measure === 'wait',
    ) as unknown as Histogram[]
    expect([first, more]).toEqual([{ ...first, buckets: second?.buckets, counts: second?.counts }, []])
    const percentiles = [0.1, 0.5, 0.9, 1].map((p) => percentileOf(first as Histogram, p))
    const exact = [0, 20, 300, 1200]
    const errors = exact.map((size, n) => Math.abs((percentiles[n] ?? Number.NaN) - size))
    expect(errors.filter((error, n) => !(error <= 0.01 * (exact[n] ?? 0)))).toEqual([])
  })
})

describe('first contact resolution', () => {
  test('a repeat changes days, hours, weeks and months of the first contact, and its deletion changes them back', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-02-27T09:00:00Z', { ...caller, agent_id: 'anna', campaign_id: 'spring', location: 'Bern' }],
      ['2026-02-27T10:00:00Z', { customer_id: 'c2', resolved: true }],
    ])
    await rollUp('2026-02-27')
    const before = await everything()
    await given.calls(db, [['2026-03-02T09:00:00Z', { ...caller, id: 'again' }]])
    await rollUp('2026-03-02')
    const ofFebruary = async (name: 'daily_metrics' | 'performance_trends', day: 'day' | 'bucket_day') => {
      const found = (await rows(name)).filter((row) => String(row[day]) < '2026-03-01' && row['repeats'] !== undefined)
      return found.map((row) => [row['grain'] ?? 'day', row['dimension'], row['member'], row['resolved_first'] ?? 0])
    }
    expect(await ofFebruary('daily_metrics', 'day')).toEqual([
      ['day', 'agent', 'anna', 0],
      ['day', 'campaign', 'spring', 0],
      ['day', 'channel', 'voice', 1],
      ['day', 'client', '', 1],
      ['day', 'customer-role', '', 1],
      ['day', 'location', 'Bern', 0],
      ['day', 'sector', '', 1],
    ])
    const trends = await ofFebruary('performance_trends', 'bucket_day')
    expect(trends.filter(([, dimension]) => dimension === 'client' || dimension === 'agent')).toEqual([
      ['day', 'client', '', 1],
      ['hour', 'client', '', 0],
      ['month', 'agent', 'anna', 0],
      ['month', 'client', '', 1],
      ['week', 'agent', 'anna', 0],
      ['week', 'client', '', 1],
    ])
    await db.deleteFrom('interactions').where('id', '=', 'again').execute()
    await rollUp('2026-03-02')
    const ofThen = (all: Row[]) => all.filter((row) => String(row['day'] ?? row['bucket_day']) < '2026-03-01')
    const after = await everything()
    for (const name of Object.keys(before) as (keyof typeof before)[])
      expect(ofThen(after[name]), name).toEqual(ofThen(before[name]))
  })

  test('a customer who is known late, or gets another role, has the days of their contacts and payments anew, so that a repeat is taken off the role it stands in', async () => {
    await given.client(db)
    const resolved = { customer_id: 'c1', resolved: true }
    await given.facts(db, 'customers', [{ id: 'c0', role: 'buyer' }])
    await given.calls(db, [
      ['2026-03-02T09:00:00Z', resolved],
      ['2026-03-02T10:00:00Z', { customer_id: 'c0', resolved: true }],
      ['2026-03-03T10:00:00Z', { customer_id: 'c0', topic: 'bill' }],
    ])
    await given.payments(db, [['2026-01-05T09:00:00Z', { customer_id: 'c1', amount_minor: 100 }]])
    await rollUp('2026-01-05', '2026-03-02', '2026-03-03')
    const byRole = async () => {
      const all = await rows('daily_metrics', { dimension: 'customer-role' })
      return all.map((row) =>
        ['day', 'member', 'answered', 'resolved_first', 'repeats', 'orders'].map((name) => row[name]),
      )
    }
    await given.facts(db, 'customers', [{ id: 'c1', role: 'buyer' }])
    expect(await dirtyDays()).toEqual(['2026-01-05', '2026-03-02'])
    await rollUp('2026-01-05', '2026-03-02')
    await given.calls(db, [['2026-03-04T09:00:00Z', resolved]])
    await rollUp('2026-03-04')
    expect(await byRole()).toEqual([
      ['2026-01-05', 'buyer', undefined, undefined, undefined, 1],
      ['2026-03-02', 'buyer', 2, 1, 1, undefined],
      ['2026-03-03', 'buyer', 1, undefined, undefined, undefined],
      ['2026-03-04', 'buyer', 1, 1, undefined, undefined],
    ])
    await db.updateTable('customers').set({ name: 'Somebody' }).execute()
    expect(await dirtyDays()).toEqual([])
    await db.updateTable('customers').set({ role: 'guest' }).where('id', '=', 'c1').execute()
    expect(await dirtyDays()).toEqual(['2026-01-05', '2026-03-02', '2026-03-04'])
    await rollUp('2026-01-05', '2026-03-02', '2026-03-04')
    // Of days whose facts are gone nothing is left to add up.
    await db.deleteFrom('payments').execute()
    await rollUp('2026-01-05')
    await db.deleteFrom('customers').where('id', '=', 'c1').execute()
    expect(await dirtyDays()).toEqual(['2026-03-02', '2026-03-04'])
    await rollUp('2026-03-02', '2026-03-04')
    expect(await byRole()).toEqual([
      ['2026-03-02', '', 1, undefined, 1, undefined],
      ['2026-03-02', 'buyer', 1, 1, undefined, undefined],
      ['2026-03-03', 'buyer', 1, undefined, undefined, undefined],
      ['2026-03-04', '', 1, 1, undefined, undefined],
    ])
  })

  test('an agent who turns out to be an assistant has the days of their contacts anew, and so has who is none any more', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { agent_id: 'bot', resolved: true }],
      ['2026-03-02T09:00:00Z', { agent_id: 'anna' }],
    ])
    await rollUp('2026-03-01', '2026-03-02')
    await given.facts(db, 'agents', [
      { id: 'bot', name: 'Bot', kind: 'assistant' },
      { id: 'anna', name: 'Anna' },
    ])
    expect(await dirtyDays()).toEqual(['2026-03-01'])
    await rollUp('2026-03-01')
    const assistants = async () => (await rows('agent_metrics')).map((row) => row['assistant_contacts'])
    expect(await assistants()).toEqual([1, undefined])
    await db.updateTable('agents').set({ name: 'Robot' }).execute()
    expect(await dirtyDays()).toEqual([])
    await db.updateTable('agents').set({ kind: 'person' }).execute()
    expect(await dirtyDays()).toEqual(['2026-03-01'])
    await rollUp('2026-03-01')
    expect(await assistants()).toEqual([undefined, undefined])
  })

  test('a contact that stands on a day twice, at two instants, counts as two, and each of them is repeated or not', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { ...caller, id: 'x' }],
      ['2026-03-01T10:00:00Z', { ...caller, id: 'x' }],
      ['2026-03-01T11:00:00Z', caller],
      ['2026-03-02T09:00:00Z', { ...caller, id: 'y', topic: 'bill' }],
      ['2026-03-02T10:00:00Z', { ...caller, id: 'y', topic: 'bill' }],
    ])
    await rollUp('2026-03-01', '2026-03-02')
    const counts = async () => {
      const days = await rows('daily_metrics', { dimension: 'client' })
      return days.map((row) => [row['day'], row['answered'], row['resolved_first'], row['repeats']])
    }
    const before = await counts()
    expect(before).toEqual([
      ['2026-03-01', 3, 1, 2],
      ['2026-03-02', 2, 1, 1],
    ])
    await given.calls(db, [['2026-03-04T09:00:00Z', { ...caller, id: 'later', topic: 'bill' }]])
    await rollUp('2026-03-04')
    expect((await counts())[1]).toEqual(['2026-03-02', 2, undefined, 2])
    await db.deleteFrom('interactions').where('id', '=', 'later').execute()
    await rollUp('2026-03-04')
    expect((await counts()).slice(0, 2)).toEqual(before)
  })

  test('who was repeated by a contact that is gone is still repeated by a later one', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', caller],
      ['2026-03-03T09:00:00Z', { ...caller, id: 'second' }],
      ['2026-03-05T09:00:00Z', { ...caller, id: 'third' }],
    ])
    await rollUp('2026-03-01', '2026-03-03', '2026-03-05')
    const firstDay = async () =>
      (await rows('daily_metrics', { dimension: 'client', day: '2026-03-01' }))[0]?.['repeats']
    await db.deleteFrom('interactions').where('id', '=', 'second').execute()
    await rollUp('2026-03-03')
    expect(await firstDay()).toBe(1)
    await db.deleteFrom('interactions').where('id', '=', 'third').execute()
    await rollUp('2026-03-05')
    expect(await firstDay()).toBe(undefined)
  })
})

describe('quality', () => {
  test('reviews and issues count in the hour they were noted, settled issues in the hour they were settled', async () => {
    await given.client(db)
    const anna = { agent_id: 'anna', sector_id: 'sales' }
    await given.facts(db, 'call_quality_scores', [
      {
        reviewed_at: '2026-03-01T09:00:00Z',
        overall: 87.55,
        professionalism: 5,
        empathy: 4,
        audio_clarity: 99.5,
        ...anna,
      },
      { reviewed_at: '2026-03-01T09:59:59Z', overall: 60, professionalism: 2, background_noise: 12.25, ...anna },
    ])
    const tone = { category: 'tone', severity: 'critical', ...anna }
    await given.facts(db, 'call_quality_issues', [
      { noted_at: '2026-03-01T09:30:00Z', resolved_at: '2026-03-02T08:00:00Z', status: 'resolved', ...tone },
      { noted_at: '2026-03-01T09:30:00Z', category: 'procedure', severity: 'minor', ...anna },
    ])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await rows('agent_metrics')).toEqual([
      {
        ...{ day: '2026-03-01', hour_at: '2026-03-01T09:00:00Z', channel: 'voice', ...anna },
        ...{ reviews: 2, quality_centi_sum: 14_755, professionalism_sum: 7, professionalism_count: 2, empathy_sum: 4 },
        ...{ empathy_count: 1, audio_clarity_centi_sum: 9950, audio_clarity_count: 1, noise_centi_sum: 1225 },
        ...{ noise_count: 1, issues_critical: 1, issues_minor: 1, issues_tone: 1, issues_procedure: 1 },
      },
      { day: '2026-03-02', hour_at: '2026-03-02T08:00:00Z', channel: 'voice', ...anna, issues_resolved: 1 },
    ])
  })
})

describe('satisfaction', () => {
  test('answers count by agent and hour, and by the campaign and role of whom was asked', async () => {
    await given.client(db)
    await db.insertInto('customers').values({ client_id: ACME, id: 'c1', role: 'buyer' }).execute()
    await given.surveys(db, [
      ['2026-03-01T09:00:00Z', { csat: 4, would_recommend: true, customer_id: 'c1', campaign_id: 'spring' }],
      ['2026-03-01T09:10:00Z', { csat: 2, nps: 10, would_recommend: false, customer_id: 'c1' }],
    ])
    await rollUp('2026-03-01')
    const both = { csat_count: 2, csat_sum: 6, csat_satisfied: 1, nps_count: 1, nps_promoters: 1 }
    const day = { day: '2026-03-01' }
    expect(await rows('daily_metrics', { dimension: 'customer-role' })).toEqual([
      { dimension: 'customer-role', ...day, member: 'buyer', ...both, recommend_count: 2, recommend_yes: 1 },
    ])
    expect(await rows('daily_metrics', { dimension: 'campaign', member: 'spring' })).toEqual([
      {
        dimension: 'campaign',
        ...day,
        member: 'spring',
        csat_count: 1,
        csat_sum: 4,
        csat_satisfied: 1,
        recommend_count: 1,
        recommend_yes: 1,
      },
    ])
  })
})

describe('the time of agents', () => {
  const status = (changed_at: string, name: string) => ({ changed_at, agent_id: 'anna', status: name })
  const times = async () => {
    const found = await rows('agent_metrics')
    return found.map(({ hour_at, available_s = 0, handling_s = 0, break_s = 0, paid_s }) => {
      return [hour_at, available_s, handling_s, break_s, paid_s]
    })
  }

  test('a status holds until the next, and is cut at the edges of hours and of the day', async () => {
    await given.client(db)
    await given.facts(db, 'agent_status_changes', [
      status('2026-03-01T23:30:00Z', 'available'),
      status('2026-03-02T00:10:00.400Z', 'handling'),
      status('2026-03-02T01:00:00Z', 'break'),
      status('2026-03-02T01:15:00Z', 'offline'),
    ])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await times()).toEqual([
      ['2026-03-01T23:00:00Z', 1800, 0, 0, 1800],
      ['2026-03-02T00:00:00Z', 600, 3000, 0, 3600],
      ['2026-03-02T01:00:00Z', 0, 0, 900, 900],
    ])
  })

  test('a status nobody ends holds for 24 hours: 25 hours of a day are 25 rows, of which it has 24', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.facts(db, 'agent_status_changes', [status('2026-10-24T22:00:00Z', 'available')])
    await rollUp('2026-10-25')
    const found = await times()
    expect([found.length, found[0], found.at(-1)]).toEqual([
      24,
      ['2026-10-24T22:00:00Z', 3600, 0, 0, 3600],
      ['2026-10-25T21:00:00Z', 3600, 0, 0, 3600],
    ])
  })

  test.each([
    ['Asia/Kolkata', '2026-05-09T18:30:00Z'],
    ['Asia/Kathmandu', '2026-05-09T18:15:00Z'],
    ['Australia/Lord_Howe', '2026-05-09T13:30:00Z'],
  ])('in %s hours are the local ones', async (time_zone, midnight) => {
    await given.client(db, { time_zone })
    const start = Temporal.Instant.from(midnight)
    await given.facts(db, 'agent_status_changes', [
      status(start.add({ minutes: 50 }).toString(), 'handling'),
      status(start.add({ minutes: 70 }).toString(), 'offline'),
    ])
    await rollUp('2026-05-10')
    expect(await times()).toEqual([
      [midnight, 0, 600, 0, 600],
      [start.add({ hours: 1 }).toString(), 0, 600, 0, 600],
    ])
  })

  test('where clocks fall back by half an hour, the hour it happens in is its half and the whole after it', async () => {
    await given.client(db, { time_zone: 'Australia/Lord_Howe' })
    // On 5 April 2026 02:00 (+11:00) becomes 01:30 (+10:30).
    await given.facts(db, 'agent_status_changes', [
      status('2026-04-04T14:00:00Z', 'handling'), // 01:00 +11:00
      status('2026-04-04T16:30:00Z', 'offline'), // 03:00 +10:30
    ])
    await given.calls(db, [['2026-04-04T15:15:00Z', {}]]) // 01:45 +10:30
    await rollUp('2026-04-05')
    const found = await rows('agent_metrics')
    expect(found.reduce((sum, row) => sum + Number(row['handling_s'] ?? 0), 0)).toBe(9000)
    const trends = await rows('performance_trends', { grain: 'hour' })
    expect(trends.reduce((sum, row) => sum + Number(row['answered'] ?? 0), 0)).toBe(1)
  })

  test('a late change of status makes the day after it dirty too, where that was rolled up', async () => {
    await given.client(db)
    await given.facts(db, 'agent_status_changes', [status('2026-03-01T20:00:00Z', 'available')])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await dirtyDays()).toEqual([])
    await given.facts(db, 'agent_status_changes', [status('2026-03-01T21:00:00Z', 'offline')])
    expect(await dirtyDays()).toEqual(['2026-03-01', '2026-03-02'])
    await rollUp('2026-03-01', '2026-03-02')
    expect(await times()).toEqual([['2026-03-01T20:00:00Z', 3600, 0, 0, 3600]])
  })

  test('where a day has 23 hours, a late change of status before it makes the day after it dirty as well', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await rollUp('2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31')
    // 23:30 on the 28th; 24 hours on it is 00:30 on the 30th.
    await given.facts(db, 'agent_status_changes', [status('2026-03-28T22:30:00Z', 'available')])
    expect(await dirtyDays()).toEqual(['2026-03-28', '2026-03-29', '2026-03-30'])
    await rollUp('2026-03-28', '2026-03-29', '2026-03-30')
    const seconds = (await rows('daily_metrics', { dimension: 'client' })).map((row) => [
      row['day'],
      row['available_s'],
    ])
    expect(seconds).toEqual([
      ['2026-03-28', 1800],
      ['2026-03-29', 23 * 3600],
      ['2026-03-30', 1800],
      ['2026-03-31', undefined],
    ])
  })

  test('a late change of status changes the day after it also while that waits to be rolled up for the first time', async () => {
    await given.client(db)
    await given.facts(db, 'agent_status_changes', [status('2026-03-02T20:00:00Z', 'offline')])
    const version = async () =>
      Number((await table(db, 'rollup_days')).find(({ day }) => day === '2026-03-02')?.['facts_version'])
    const before = await version()
    await given.facts(db, 'agent_status_changes', [status('2026-03-01T20:00:00Z', 'available')])
    expect(await version()).toBe(before + 1)
  })
})

describe('data quality', () => {
  test('what contradicts itself is in no sum, and told with its reason', async () => {
    await given.client(db)
    const at = '2026-03-01T09:00:00Z'
    const caller = { customer_id: 'c1', talk_s: 60, hold_s: 0 }
    await given.calls(db, [
      [at, { ...caller, id: 'fine', answered_at: '2026-03-01T09:00:05Z', ended_at: '2026-03-01T09:01:04Z' }],
      [at, { ...caller, id: 'long', answered_at: '2026-03-01T09:00:05Z', ended_at: '2026-03-01T09:01:03Z' }],
      [at, { ...caller, id: 'early', answered_at: '2026-03-01T08:59:59Z' }],
      [at, { ...caller, id: 'over', talk_s: 0, ended_at: '2026-03-01T08:00:00Z' }],
      [
        '2026-03-01T10:00:00Z',
        { ...caller, id: 'gone', talk_s: 0, answered_at: '2026-03-01T10:00:09Z', ended_at: '2026-03-01T10:00:05Z' },
      ],
    ])
    const tone = { category: 'tone', severity: 'minor' }
    const issue = { client_id: ACME, id: 'issue', noted_at: at, resolved_at: '2026-03-01T08:00:00Z', ...tone }
    await db.insertInto('call_quality_issues').values(issue).execute()
    await rollUp('2026-03-01')
    expect((await rows('quarantined_facts')).map(({ fact_id, reason }) => [fact_id, reason])).toEqual([
      ['issue', 'resolved before it was noted'],
      ['early', 'answered before it started'],
      ['gone', 'ended before it was answered'],
      ['long', 'talk and hold are longer than the call'],
      ['over', 'ended before it started'],
    ])
    const [day] = await rows('daily_metrics', { dimension: 'client' })
    expect([day?.['offered'], day?.['repeats'], day?.['talk_s'], day?.['quarantined']]).toEqual([1, undefined, 60, 5])
    expect((await rows('customer_metrics')).map((row) => row['contacts'])).toEqual([1])
  })

  test('what contradicts itself and stands on a day twice, at two instants, is noted once', async () => {
    await given.client(db)
    const ended_at = '2026-03-01T08:00:00Z'
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { id: 'x', ended_at }],
      ['2026-03-01T10:00:00Z', { id: 'x', ended_at }],
    ])
    const issue = { id: 'i', category: 'tone', severity: 'minor', resolved_at: ended_at }
    await given.facts(db, 'call_quality_issues', [
      { ...issue, noted_at: '2026-03-01T09:00:00Z' },
      { ...issue, noted_at: '2026-03-01T10:00:00Z' },
    ])
    await rollUp('2026-03-01')
    expect(await rows('quarantined_facts')).toEqual([
      { day: '2026-03-01', fact_table: 'call_quality_issues', fact_id: 'i', reason: 'resolved before it was noted' },
      { day: '2026-03-01', fact_table: 'interactions', fact_id: 'x', reason: 'ended before it started' },
    ])
  })

  test('a contact that is mended comes back into the sums', async () => {
    await given.client(db)
    await given.calls(db, [['2026-03-01T09:00:00Z', { id: 'call', answered_at: '2026-03-01T08:00:00Z' }]])
    await rollUp('2026-03-01')
    await db.updateTable('interactions').set({ answered_at: '2026-03-01T09:00:10Z' }).execute()
    await rollUp('2026-03-01')
    const [day] = await rows('daily_metrics', { dimension: 'client' })
    expect([day?.['offered'], day?.['quarantined'], await rows('quarantined_facts')]).toEqual([1, undefined, []])
  })
})

async function everything() {
  const names = [
    'agent_metrics',
    'daily_metrics',
    'performance_trends',
    'metric_histograms',
    'repeated_contacts',
  ] as const
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await rows(name)]))) as Record<
    (typeof names)[number],
    Row[]
  >
}

describe('days, weeks and months', () => {
  test('a day on which nothing happened is a row of zeros, a day nobody rolled up is none', async () => {
    await given.client(db)
    await rollUp('2026-03-02')
    const [day, ...others] = await table(db, 'daily_metrics')
    expect(others).toEqual([])
    expect([
      day?.['day'],
      day?.['dimension'],
      day?.['offered'],
      day?.['reviews'],
      day?.['paid_s'],
      day?.['quarantined'],
    ]).toEqual([...['2026-03-02', 'client', 0, 0, 0, 0]])
    const trends = await rows('performance_trends')
    expect(trends.map(({ grain, bucket_day, bucket_at }) => [grain, bucket_day, bucket_at])).toEqual([
      ['day', '2026-03-02', '2026-03-02T00:00:00Z'],
      ['month', '2026-03-01', '2026-03-01T00:00:00Z'],
      ['week', '2026-03-02', '2026-03-02T00:00:00Z'],
    ])
  })

  test('the ISO week of New Year is one, its months are two', async () => {
    await given.client(db, { time_zone: 'Europe/Zurich' })
    await given.calls(db, [
      ['2026-12-31T22:59:59Z', { agent_id: 'anna' }],
      ['2026-12-31T23:00:00Z', { agent_id: 'anna' }],
      ['2027-01-03T22:59:59Z', {}],
      ['2027-01-03T23:00:00Z', {}],
    ])
    await rollUp(...daysOf({ from: '2026-12-31', to: '2027-01-05' }))
    const trends = await rows('performance_trends', { dimension: 'client' })
    const coarse = trends.filter(({ grain }) => grain === 'week' || grain === 'month')
    expect(
      coarse.map(({ grain, bucket_day, bucket_at, answered }) => [grain, bucket_day, bucket_at, answered]),
    ).toEqual([
      ['month', '2026-12-01', '2026-11-30T23:00:00Z', 1],
      ['month', '2027-01-01', '2026-12-31T23:00:00Z', 3],
      ['week', '2026-12-28', '2026-12-27T23:00:00Z', 3],
      ['week', '2027-01-04', '2027-01-03T23:00:00Z', 1],
    ])
  })

  test('twice is the same as once, in every table', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true, agent_id: 'anna', wait_s: 12 }
    await given.calls(db, [
      ['2026-02-27T09:00:00Z', caller],
      ['2026-03-02T09:00:00Z', caller],
    ])
    await given.facts(db, 'agent_status_changes', [
      { changed_at: '2026-03-01T20:00:00Z', agent_id: 'anna', status: 'available' },
    ])
    const days = daysOf({ from: '2026-02-27', to: '2026-03-03' })
    await rollUp(...days)
    const once = await everything()
    await rollUp(...days.toReversed())
    expect(await everything()).toEqual(once)
  })

  test('a client that changes its zone has all its days anew, as if it had always been there', async () => {
    await given.client(db, { time_zone: 'Asia/Tokyo' })
    await given.calls(db, [
      ['2026-03-01T16:00:00Z', { customer_id: 'c1', resolved: true }], // 2 March in Tokyo, 1 March in London
      ['2026-03-05T01:00:00Z', { customer_id: 'c1' }],
    ])
    await given.facts(db, 'agent_status_changes', [
      { changed_at: '2026-03-04T23:30:00Z', agent_id: 'anna', status: 'handling' },
    ])
    await rollUp(...daysOf({ from: '2026-03-02', to: '2026-03-06' }))
    await db.updateTable('clients').set({ time_zone: 'Europe/London' }).execute()
    const days = daysOf({ from: '2026-03-01', to: '2026-03-06' })
    expect(await dirtyDays()).toEqual(days)
    await rollUp(...days)
    expect(await dirtyDays()).toEqual([])
    const changed = await everything()
    for (const name of [
      'daily_metrics',
      'agent_metrics',
      'performance_trends',
      'metric_histograms',
      'repeated_contacts',
    ] as const)
      await db.deleteFrom(name).execute()
    await rollUp(...days)
    expect(changed).toEqual(await everything())
  })

  test.each([{ currency: 'CHF' }, { service_level_s: 30 }, { short_abandon_s: 9 }, { cancel_hours: 1 }])(
    'a client’s %o is in its sums: a change makes its days dirty, also those on which nothing happened',
    async (change) => {
      await given.client(db)
      await given.calls(db, [['2026-03-01T09:00:00Z', {}]])
      await rollUp('2026-03-01', '2026-03-02')
      await db.updateTable('clients').set({ name: 'Another' }).execute()
      expect(await dirtyDays()).toEqual([])
      await db.updateTable('clients').set(change).execute()
      expect(await dirtyDays()).toEqual(['2026-03-01', '2026-03-02'])
      await rollUp('2026-03-01', '2026-03-02')
      expect(await dirtyDays()).toEqual([])
    },
  )

  test('who deletes a client deletes its roll-ups, and no other’s', async () => {
    await given.client(db)
    await given.client(db, { id: 'other' })
    await given.calls(db, [['2026-03-01T09:00:00Z', {}]])
    await rollUp('2026-03-01')
    await db.deleteFrom('clients').where('id', '=', 'other').execute()
    expect((await rows('daily_metrics')).length).toBeGreaterThan(0)
    await db.deleteFrom('clients').where('id', '=', ACME).execute()
    expect(Object.values(await everything()).flat()).toEqual([])
  })
})

test('what a day says of raw events outlives them: an old day that is rolled up again keeps it, and counts what came late', async () => {
  await given.client(db)
  const day = '2024-03-01'
  const at = `${day}T09:00:00Z`
  await given.facts(db, 'agent_status_changes', [
    { changed_at: at, agent_id: 'anna', status: 'handling' },
    { changed_at: `${day}T09:20:00Z`, agent_id: 'anna', status: 'offline' },
  ])
  await given.facts(db, 'analytics_events', [{ occurred_at: at, name: 'visit', channel: 'web' }])
  await given.facts(db, 'touchpoints', [{ touched_at: at, customer_id: 'c1', kind: 'mail', campaign_id: 'spring' }])
  await rollUp(day)
  const before = await everything()
  for (const name of ['agent_status_changes', 'analytics_events', 'touchpoints'] as const)
    await db.deleteFrom(name).execute()
  const again = async () => {
    const options = { clientId: ACME, day, eventDays: 90 }
    await database
      .forClient(ACME)
      .transaction()
      .execute((tx) => rollUpDay(tx, options))
  }
  await again()
  expect(await everything()).toEqual(before)
  await given.calls(db, [[at, {}]])
  await again()
  const [client] = await rows('daily_metrics', { dimension: 'client' })
  expect([client?.['answered'], client?.['paid_s'], client?.['events'], client?.['touchpoints']]).toEqual([
    1, 1200, 1, 1,
  ])
})

test.each([
  { zone: 'America/New_York', day: '2026-02-28' },
  { zone: 'Asia/Tokyo', day: '2026-03-01' },
])('the day in $zone of which dropping a UTC month takes some hours only keeps what it says', async ({ zone, day }) => {
  await given.client(db, { time_zone: zone })
  const [before, after] = ['2026-02-28T20:00:00Z', '2026-03-01T02:00:00Z']
  await given.facts(db, 'agent_status_changes', [
    { changed_at: before, agent_id: 'anna', status: 'handling' },
    { changed_at: after, agent_id: 'anna', status: 'available' },
    { changed_at: '2026-03-01T03:00:00Z', agent_id: 'anna', status: 'offline' },
  ])
  for (const occurred_at of [before, after]) await given.facts(db, 'analytics_events', [{ occurred_at, name: 'visit' }])
  for (const touched_at of [before, after])
    await given.facts(db, 'touchpoints', [{ touched_at, customer_id: 'c1', kind: 'mail' }])
  await rollUp(day)
  const whole = await everything()
  const march = '2026-03-01T00:00:00Z'
  await db.deleteFrom('agent_status_changes').where('changed_at', '<', march).execute()
  await db.deleteFrom('analytics_events').where('occurred_at', '<', march).execute()
  await db.deleteFrom('touchpoints').where('touched_at', '<', march).execute()
  // So many days that the first of March is the first that is kept.
  const eventDays = Temporal.PlainDate.from('2026-03-01').until(dayOf(systemClock(), 'UTC')).days
  await database
    .forClient(ACME)
    .transaction()
    .execute((tx) => rollUpDay(tx, { clientId: ACME, day, eventDays }))
  expect(await everything()).toEqual(whole)
})
