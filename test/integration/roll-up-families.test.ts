import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type Histogram, percentileOf } from '../../src/analytics/metrics/index.ts'
import { db, type Row, rollUp, rows } from '../support/family-world.ts'
import { ACME, given, table } from '../support/given.ts'

/** How long something took, in ms. */
async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
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
    const tone = { category: 'tone', severity: 'critical', ...anna } as const
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
    const tone = { category: 'tone', severity: 'minor' } as const
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
    const issue = { id: 'i', category: 'tone', severity: 'minor', resolved_at: ended_at } as const
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

  test('a contact that is fixed comes back into the sums', async () => {
    await given.client(db)
    await given.calls(db, [['2026-03-01T09:00:00Z', { id: 'call', answered_at: '2026-03-01T08:00:00Z' }]])
    await rollUp('2026-03-01')
    await db.updateTable('interactions').set({ answered_at: '2026-03-01T09:00:10Z' }).execute()
    await rollUp('2026-03-01')
    const [day] = await rows('daily_metrics', { dimension: 'client' })
    expect([day?.['offered'], day?.['quarantined'], await rows('quarantined_facts')]).toEqual([1, undefined, []])
  })
})
