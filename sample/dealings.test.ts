import { describe, expect, test } from 'vitest'
import { generateSampleBusiness } from './business.ts'
import { joinRows, SAMPLE_TABLES, type SampleRows } from './rows.ts'

type Whole = { id: string; dayCount: number; rows: SampleRows; changes: SampleRows; agents: { id: string }[] }

/** Five months of the three: from spring, when all campaigns have begun, to autumn. */
const wholes: Whole[] = generateSampleBusiness({ seed: 'daybreak', lastDay: '2026-09-20', days: 165 }).map(
  (business) => {
    const days = [...business.days]
    return {
      id: business.client.id,
      dayCount: days.length,
      rows: joinRows([{ campaigns: business.campaigns }, ...days.map(({ rows }) => rows)]),
      changes: joinRows(days.map(({ changes }) => changes)),
      agents: business.agents,
    }
  },
)
const [, , nilkantha] = wholes

/** Rows as they have become by the last day. */
function latest<Row extends { id: string }>(rows: readonly Row[], changes: readonly Row[]): Row[] {
  const changed = new Map(changes.map((row) => [row.id, row]))
  return rows.map((row) => changed.get(row.id) ?? row)
}

function ms(instant: unknown): number {
  return Temporal.Instant.from(String(instant)).epochMilliseconds
}

function amounts(values: readonly unknown[]): number[] {
  return values.map(Number).sort((one, other) => one - other)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function share<T>(rows: readonly T[], holds: (row: T) => boolean): number {
  return rows.filter(holds).length / rows.length
}

/** Seconds in each status, until the same agent's next one. */
function secondsByStatus(rows: SampleRows['agent_status_changes']): Record<string, number> {
  const seconds: Record<string, number> = {}
  const since = new Map<string, { status: string; atMs: number }>()
  for (const { agent_id, status, changed_at } of rows) {
    const atMs = ms(changed_at)
    const before = since.get(agent_id)
    if (before) seconds[before.status] = (seconds[before.status] ?? 0) + (atMs - before.atMs) / 1000
    since.set(agent_id, { status, atMs })
  }
  return seconds
}

describe('the dealings of the sample business', () => {
  test('fill every table, and together stay below two thirds of contacts, surveys, payments and customers', () => {
    const count = (table: keyof SampleRows) => wholes.reduce((sum, { rows }) => sum + rows[table].length, 0)
    const first = new Set(['customers', 'interactions', 'customer_satisfaction', 'payments'])
    const [old, added] = [true, false].map((isFirst) =>
      SAMPLE_TABLES.filter((table) => first.has(table) === isFirst).reduce((sum, table) => sum + count(table), 0),
    )

    expect(SAMPLE_TABLES.filter((table) => count(table) === 0)).toEqual([])
    expect((added ?? 0) / (old ?? 1)).toBeLessThan(2 / 3)
  })

  test('ids are unique, and what changes was there before, unless it is older than the first day', () => {
    for (const whole of wholes) {
      for (const table of SAMPLE_TABLES) {
        const ids = whole.rows[table].map(({ id }) => id)
        const known = new Set(ids)
        expect(known.size).toBe(ids.length)
        const unknown = whole.changes[table].filter(({ id }) => !known.has(id))
        expect(unknown.filter(({ id }) => id >= 'sample-20260409')).toEqual([])
      }
    }
  })

  test('a contact ends after its wait, talk and hold, but for two or three a month that contradict themselves', () => {
    for (const { rows, dayCount } of wholes) {
      const answered = rows.interactions.filter(({ status }) => status === 'answered')
      const contradicting = answered.filter((row) => ms(row.answered_at) < ms(row.started_at))
      const rest = answered.filter((row) => !contradicting.includes(row))
      const wrong = rest.filter((row) => {
        const pickedUpMs = ms(row.started_at) + Number(row.wait_s) * 1000
        const endedMs = pickedUpMs + (Number(row.talk_s) + Number(row.hold_s)) * 1000
        return ms(row.answered_at) !== pickedUpMs || ms(row.ended_at) !== endedMs
      })

      expect(wrong).toEqual([])
      expect((contradicting.length / dayCount) * 30).toBeGreaterThan(0.8)
      expect((contradicting.length / dayCount) * 30).toBeLessThan(5)
    }
  })

  test('what ended in an order says so, for how much; mood follows the outcome; only text has messages', () => {
    for (const { rows } of wholes) {
      const { interactions, payments } = rows
      const sold = interactions.filter((row) => row.conversion_type === 'order')
      const byAgents = payments.filter(({ kind, agent_id }) => kind === 'charge' && agent_id !== null)
      const mood = (isResolved: boolean) =>
        mean(
          interactions.flatMap(({ sentiment, resolved }) =>
            typeof sentiment === 'number' && resolved === isResolved ? [sentiment] : [],
          ),
        )

      expect(amounts(sold.map((row) => row.conversion_value_minor))).toEqual(
        amounts(byAgents.map((row) => row.amount_minor)),
      )
      expect(mood(true)).toBeGreaterThan(mood(false) + 0.5)
      expect(interactions.filter((row) => (row.channel === 'voice') !== (row.messages_in === 0))).toEqual([])
    }
  })

  test('people are occupied for 60 to 85 % of their time, take breaks and training, and go home', () => {
    for (const { rows } of wholes) {
      const changes = rows.agent_status_changes
      const seconds = secondsByStatus(changes)
      const { handling = 0, available = 0, break: pause = 0, training = 0 } = seconds
      const occupancy = handling / (handling + available)
      const last = new Map(changes.map(({ agent_id, status }) => [agent_id, status]))

      expect(occupancy).toBeGreaterThan(0.6)
      expect(occupancy).toBeLessThan(0.85)
      expect(pause / (handling + available)).toBeGreaterThan(0.02)
      expect(training / (handling + available)).toBeGreaterThan(0.005)
      expect(new Set(last.values())).toEqual(new Set(['offline']))
    }
  })

  test('reviews come to about 85, are near the mean of what they judged, and tell good people from others', () => {
    const all = wholes.flatMap(({ rows }) => rows.call_quality_scores)
    const dimensions = (row: (typeof all)[number]) =>
      [row.professionalism, row.empathy, row.resolution, row.clarity, row.responsiveness].map(Number)
    const byAgent = (ids: string[]) =>
      mean(all.filter(({ agent_id }) => ids.includes(String(agent_id))).map(({ overall }) => Number(overall)))

    expect(mean(all.map(({ overall }) => Number(overall)))).toBeGreaterThan(78)
    expect(mean(all.map(({ overall }) => Number(overall)))).toBeLessThan(92)
    expect(all.filter((row) => Math.abs(mean(dimensions(row)) * 20 - Number(row.overall)) > 2.5)).toEqual([])
    expect(byAgent(['annika', 'lakshmi', 'ananya'])).toBeGreaterThan(byAgent(['mehdi', 'subhash', 'farida']) + 3)
  })

  test('deals open before they close, days to weeks later, and 20 to 35 % are won', () => {
    const deals = wholes.flatMap(({ rows, changes }) => latest(rows.deals, changes.deals))
    const closed = deals.filter(({ state }) => state !== 'open')
    const days = closed.map((row) => (ms(row.closed_at) - ms(row.opened_at)) / 86_400_000)

    expect(share(closed, ({ state }) => state === 'won')).toBeGreaterThan(0.2)
    expect(share(closed, ({ state }) => state === 'won')).toBeLessThan(0.35)
    expect(Math.min(...days)).toBeGreaterThan(1)
    expect(mean(days)).toBeGreaterThan(7)
    expect(share(deals, ({ state }) => state === 'open')).toBeGreaterThan(0.02)
  })

  test('a subscription has one price at a time, and some go up, down, away and come back', () => {
    const all = wholes.flatMap(({ rows, changes }) => latest(rows.subscriptions, changes.subscriptions))
    const periods = [...Map.groupBy(all, ({ client_id, id }) => client_id + id.slice(0, id.lastIndexOf('-'))).values()]
    const pairs = periods.flatMap((rows) => rows.slice(1).map((row, index) => [rows[index], row] as const))
    const rate = (row: (typeof all)[number] | undefined) => (row?.amount_minor ?? 0) / (row?.interval_months ?? 1)
    const kinds = pairs.map(([before, after]) =>
      before?.ends_at === after.starts_at ? Math.sign(rate(after) - rate(before)) : 'back',
    )

    expect(pairs.filter(([before, after]) => (before?.ends_at ?? '') > after.starts_at)).toEqual([])
    expect(new Set(kinds)).toEqual(new Set([1, -1, 'back']))
    expect(share(periods, (rows) => rows.at(-1)?.ends_at !== null)).toBeGreaterThan(0.15)
    expect(share(periods, (rows) => rows.at(-1)?.ends_at !== null)).toBeLessThan(0.6)
  })

  test('one in ten appointments is missed at most, and who comes pays, of which the provider gets a share', () => {
    if (nilkantha === undefined) throw new Error('the third client has the marketplace')
    const bookings = latest(nilkantha.rows.bookings, nilkantha.changes.bookings)
    const past = bookings.filter(({ state }) => state !== 'scheduled')
    const inTime = ({ starts_at, cancelled_at }: (typeof past)[number]) =>
      ms(cancelled_at) <= ms(starts_at) - 24 * 3_600_000
    const stood = past.filter((row) => row.state !== 'moved' && !(row.state === 'cancelled' && inTime(row)))
    const done = new Set(past.filter(({ state }) => state === 'completed').map(({ id }) => id))
    const charges = nilkantha.rows.payments.filter(({ kind, provider_id }) => kind === 'charge' && provider_id !== null)
    const cancelled = past.filter(({ state }) => state === 'cancelled')

    expect(share(stood, ({ state }) => state === 'no-show')).toBeGreaterThan(0.04)
    expect(share(stood, ({ state }) => state === 'no-show')).toBeLessThan(0.1)
    expect(charges.filter(({ external_reference }) => done.has(String(external_reference))).length).toBe(done.size)
    expect(new Set(cancelled.map(inTime))).toEqual(new Set([true, false]))
    expect(past.filter((row) => ms(row.booked_at) > ms(row.cancelled_at ?? row.starts_at))).toEqual([])
    expect(wholes.filter(({ rows }) => rows.bookings.length > 0).map(({ id }) => id)).toEqual(['nilkantha'])
  })

  test('visitors of web shops do one step after the other, and fewer each', () => {
    const events = wholes.flatMap(({ rows }) => rows.analytics_events)
    const count = (name: string) => events.filter((event) => event.name === name).length
    const sessions = Map.groupBy(events, ({ client_id, session_id }) => `${client_id} ${session_id}`)
    const order = ['visit', 'sign-up', 'cart', 'order']
    const wrong = [...sessions.values()].filter((steps) => steps.some(({ name }, index) => name !== order[index]))

    expect(wrong).toEqual([])
    expect(order.map(count).every((steps, index, all) => index === 0 || steps < (all[index - 1] ?? 0))).toBe(true)
    expect(wholes.filter(({ rows }) => rows.analytics_events.length > 0).map(({ id }) => id)).toEqual([
      'morgenrot',
      'harbor-pine',
    ])
  })
})
