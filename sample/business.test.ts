import { describe, expect, test } from 'vitest'
import { startOfDay } from '../src/time.ts'
import { generateSampleBusiness, type SampleDay } from './business.ts'
import type { CustomerRow, InteractionRow, PaymentRow, SampleRows, SatisfactionRow } from './rows.ts'

const LAST_DAY = '2026-11-20'
const DAYS_7_MS = 168 * 3_600_000

type Whole = {
  id: string
  timeZone: string
  days: SampleDay[]
  customers: CustomerRow[]
  interactions: InteractionRow[]
  satisfaction: SatisfactionRow[]
  payments: PaymentRow[]
}

/** All 14 months of the three, made once. */
const wholes: Whole[] = generateSampleBusiness({ seed: 'daybreak', lastDay: LAST_DAY }).map((business) => {
  const days = [...business.days]
  return {
    id: business.client.id,
    timeZone: business.client.time_zone,
    days,
    customers: [...business.earlierCustomers, ...days.flatMap(({ rows }) => rows.customers)],
    interactions: days.flatMap(({ rows }) => rows.interactions),
    satisfaction: days.flatMap(({ rows }) => rows.customer_satisfaction),
    // What customers paid and were given back for orders.
    payments: days.flatMap(({ rows }) => rows.payments.filter(isOrder)),
  }
})

function wholeOf(id: string): Whole {
  const whole = wholes.find((each) => each.id === id)
  if (whole === undefined) throw new Error(`there is no client ${id}`)
  return whole
}

/** The days of each client, as text. */
function written(options: Parameters<typeof generateSampleBusiness>[0]): Map<string, string> {
  const pairs = generateSampleBusiness(options).flatMap(({ client, days }) =>
    [...days].map((day): [string, string] => [`${client.id} ${day.day}`, JSON.stringify(day)]),
  )
  return new Map(pairs)
}

function share<T>(rows: readonly T[], holds: (row: T) => boolean): number {
  return rows.filter(holds).length / rows.length
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function ms(instant: unknown): number {
  return Temporal.Instant.from(String(instant)).epochMilliseconds
}

function local(instant: unknown, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.from(String(instant)).toZonedDateTimeISO(timeZone)
}

function dayAfter(day: string): string {
  return Temporal.PlainDate.from(day).add({ days: 1 }).toString()
}

type When = { at: string; customer: string | null }

/**
 * When every row of a day happened, and to whom where they must have been known by then. Appointments lie ahead of
 * their booking.
 */
function whenOf(rows: SampleRows): When[] {
  const when = (at: unknown, customer: string | null = null): When => ({ at: String(at), customer })
  return [
    ...rows.interactions.map((row) => when(row.started_at, row.customer_id)),
    ...rows.customer_satisfaction.map((row) => when(row.answered_at, row.customer_id)),
    ...rows.payments.map((row) => when(row.occurred_at, row.customer_id)),
    ...rows.leads.map((row) => when(row.created_at, row.customer_id)),
    ...rows.lead_stage_changes.map((row) => when(row.changed_at, row.customer_id)),
    ...rows.deals.map((row) => when(row.opened_at, row.customer_id)),
    ...rows.subscriptions.map((row) => when(row.starts_at, row.customer_id)),
    ...rows.service_requests.map((row) => when(row.requested_at, row.customer_id)),
    ...rows.call_quality_scores.map((row) => when(row.reviewed_at)),
    ...rows.call_quality_issues.map((row) => when(row.noted_at)),
    ...rows.agent_status_changes.map((row) => when(row.changed_at)),
    ...rows.cost_analysis.map((row) => when(row.incurred_at)),
    ...rows.campaign_spend.map((row) => when(row.spent_at)),
    ...rows.touchpoints.map((row) => when(row.touched_at)),
    ...rows.bookings.map((row) => when(row.booked_at)),
    ...rows.provider_availability.map((row) => when(row.starts_at)),
    ...rows.analytics_events.map((row) => when(row.occurred_at)),
  ]
}

function isOrder({ kind, provider_id }: PaymentRow): boolean {
  return (kind === 'charge' || kind === 'refund') && provider_id === null
}

const isLost = (row: InteractionRow) => row.status === 'abandoned' && Number(row.wait_s) >= 5

describe('the sample business', () => {
  test('is the same for the same seed, and another for another', () => {
    const first = written({ seed: 'one', lastDay: '2026-03-31', days: 4 })

    expect(first.size).toBe(12)
    expect(written({ seed: 'one', lastDay: '2026-03-31', days: 4 })).toEqual(first)
    expect(written({ seed: 'two', lastDay: '2026-03-31', days: 4 })).not.toEqual(first)
  })

  test('a day stays as it is, whichever day comes first or last', () => {
    const days = written({ seed: 'one', lastDay: '2026-10-26', days: 12 })
    const later = written({ seed: 'one', lastDay: '2026-10-28', days: 8 })
    const common = [...later].filter(([key]) => days.has(key))

    expect(common).toHaveLength(3 * 6)
    for (const [key, text] of common) expect(text).toBe(days.get(key))
  })

  test('leaves out the days and the customers that are stored', () => {
    const storedThrough = new Map([['morgenrot', '2026-10-24']])
    const [all] = generateSampleBusiness({ seed: 'one', lastDay: '2026-10-26', days: 12 })
    const [rest] = generateSampleBusiness({ seed: 'one', lastDay: '2026-10-26', days: 12, storedThrough })

    expect([...(rest?.days ?? [])]).toEqual([...(all?.days ?? [])].slice(-2))
    expect([...(rest?.earlierCustomers ?? [])]).toEqual([])
  })

  test('each client may have its own last day, because yesterday comes to the east first', () => {
    const lastDay = (timeZone: string) => (timeZone === 'Asia/Kolkata' ? '2026-03-02' : '2026-03-01')

    expect([...written({ seed: 'one', lastDay, days: 1 }).keys()]).toEqual([
      'morgenrot 2026-03-01',
      'harbor-pine 2026-03-01',
      'nilkantha 2026-03-02',
    ])
  })

  test('spans 14 months of every local day, within the bounds a demo can bear', () => {
    expect(wholes.map(({ days }) => [days[0]?.day, days.at(-1)?.day, days.length])).toEqual(
      wholes.map(() => ['2025-09-21', LAST_DAY, 426]),
    )
    const count = (name: 'customers' | 'interactions' | 'payments') =>
      wholes.reduce((sum, whole) => sum + whole[name].length, 0)
    expect(count('customers')).toBeLessThanOrEqual(12_000)
    expect(count('interactions') / 426).toBeGreaterThan(180)
    expect(count('interactions') / 426).toBeLessThan(350)
    expect(count('payments')).toBeLessThanOrEqual(40_000)
  })

  test('names are of every kind that exports stumble over', () => {
    const payers = new Set(wholes.flatMap(({ payments }) => payments.map((row) => row.customer_id)))
    const names = wholes.flatMap(({ customers }) =>
      customers.filter(({ id }) => payers.has(id)).map(({ name }) => String(name)),
    )
    const having = (pattern: RegExp) => names.filter((name) => pattern.test(name))

    expect(having(/^=/)).toEqual(['=SUM(B2:B9) Catering GmbH'])
    expect(having(/\p{Extended_Pictographic}/u)).toEqual(['Bäckerei Glück 🥐'])
    expect(having(/\p{Script=Han}/u)).toEqual(['東京珈琲 Berlin'])
    expect(having(/^Zoë /)).not.toEqual([])
  })
})

describe('the rows of the sample business', () => {
  test('ids are unique and every customer, agent and interaction named exists', () => {
    for (const { interactions, satisfaction, payments, customers, days } of wholes) {
      const ids = [interactions, satisfaction, payments, customers].flatMap((rows) => rows.map(({ id }) => id))
      expect(new Set(ids).size).toBe(ids.length)
      const known = new Set(customers.map(({ id }) => id))
      const named = [...interactions, ...satisfaction, ...payments].map((row) => row.customer_id ?? null)
      expect(named.filter((id) => id !== null && !known.has(id))).toEqual([])
      // A survey of the first day may be about the day before it.
      const contacts = new Set(interactions.map(({ id }) => id))
      const rest = satisfaction.slice(days[0]?.rows.customer_satisfaction.length)
      expect(rest.filter((row) => !contacts.has(String(row.interaction_id)))).toEqual([])
    }
  })

  test('every fact lies on its own local day, and nobody is heard of before their first contact', () => {
    for (const { days, timeZone, customers } of wholes) {
      const since = new Map(customers.map((row) => [row.id, String(row.first_contact_at)]))
      const wrong = days.flatMap(({ day, rows }) => {
        const [from, to] = [startOfDay(day, timeZone), startOfDay(dayAfter(day), timeZone)].map(String)
        // All instants are written alike, and sort as text.
        return whenOf(rows).filter(
          ({ at, customer }) => at < `${from}` || at >= `${to}` || at < (since.get(customer ?? '') ?? ''),
        )
      })
      expect(wrong).toEqual([])
    }
  })

  test('who was not answered has no agent, no talk and no outcome; who was has an agent and talked', () => {
    for (const { interactions } of wholes) {
      const answered = interactions.filter(({ status }) => status === 'answered')
      const others = interactions.filter(({ status }) => status !== 'answered')
      expect(answered.filter((row) => row.agent_id === null || Number(row.talk_s) < 5)).toEqual([])
      expect(others.filter((row) => row.agent_id !== null || row.resolved || Number(row.talk_s) > 0)).toEqual([])
      expect(
        interactions.filter((row) =>
          [row.wait_s, row.talk_s, row.hold_s, row.wrap_s].some(
            (value) => !Number.isInteger(value) || Number(value) < 0,
          ),
        ),
      ).toEqual([])
    }
  })

  test('charges are positive; a refund is negative, days later, and no larger than its order', () => {
    for (const { payments, days } of wholes) {
      const charges = new Map(
        payments.filter(({ kind }) => kind === 'charge').map((row) => [row.external_reference, row]),
      )
      const refunds = payments.filter(({ kind }) => kind === 'refund')
      expect([...charges.values()].filter(({ amount_minor }) => amount_minor <= 0)).toEqual([])
      expect(charges.size + refunds.length).toBe(payments.length)
      const firstDay = days[0]?.day.replaceAll('-', '') ?? ''
      const wrong = refunds.filter((refund) => {
        const charge = charges.get(refund.external_reference)
        if (charge === undefined) return String(refund.external_reference) >= firstDay
        const isLess = refund.amount_minor < 0 && -refund.amount_minor <= charge.amount_minor
        return !isLess || ms(refund.occurred_at) <= ms(charge.occurred_at) || refund.customer_id !== charge.customer_id
      })
      expect(wrong).toEqual([])
      expect(refunds.length / charges.size).toBeGreaterThan(0.035)
      expect(refunds.length / charges.size).toBeLessThan(0.085)
    }
  })
})

describe('a centre of the sample business', () => {
  test('has its busiest day on Monday and its quietest on Sunday', () => {
    for (const { days } of wholes) {
      const counts = [1, 2, 3, 4, 5, 6, 7].map((weekday) =>
        mean(
          days
            .filter(({ day }) => Temporal.PlainDate.from(day).dayOfWeek === weekday)
            .map(({ rows }) => rows.interactions.length),
        ),
      )
      expect(counts.indexOf(Math.max(...counts))).toBe(0)
      expect(counts.indexOf(Math.min(...counts))).toBe(6)
    }
  })

  test('is called in two humps with a dip at lunch', () => {
    const { interactions, timeZone } = wholeOf('morgenrot')
    const all = interactions.map(({ started_at }) => local(started_at, timeZone).hour)
    const hours = Array.from({ length: 24 }, (_, hour) => all.filter((each) => each === hour).length)
    const most = (from: number, to: number) => Math.max(...hours.slice(from, to))

    expect(most(9, 12)).toBeGreaterThan(1.25 * Math.min(...hours.slice(12, 14)))
    expect(most(14, 17)).toBeGreaterThan(1.1 * Math.min(...hours.slice(12, 14)))
    expect(most(0, 6)).toBeLessThan(0.2 * most(9, 12))
  })

  test('loses between 3 and 12 in a hundred on the whole, and very many when nobody can answer', () => {
    for (const { interactions } of wholes) {
      const lost = share(interactions, isLost)
      expect(lost).toBeGreaterThan(0.03)
      expect(lost).toBeLessThan(0.12)
    }
    const outages = { morgenrot: '2026-03-10', 'harbor-pine': '2026-08-20', nilkantha: '2026-06-17' }
    for (const [id, day] of Object.entries(outages)) {
      const onDay = wholeOf(id).days.find((each) => each.day === day)?.rows.interactions ?? []
      expect(share(onDay, isLost)).toBeGreaterThan(0.25)
    }
  })

  test('answers worse on the weekly afternoon that is short of people', () => {
    const { days, timeZone } = wholeOf('morgenrot')
    const afternoons = (weekday: number) =>
      days
        .filter(({ day }) => Temporal.PlainDate.from(day).dayOfWeek === weekday)
        .flatMap(({ rows }) => rows.interactions.filter((row) => local(row.started_at, timeZone).hour >= 13))
    const inTime = (row: InteractionRow) => row.status === 'answered' && Number(row.wait_s) <= 20

    expect(share(afternoons(3), inTime)).toBeLessThan(share(afternoons(4), inTime) - 0.15)
  })

  test('resolves most at the first contact', () => {
    for (const { interactions } of wholes) {
      const answered = interactions.filter(({ status }) => status === 'answered')
      const comesAgain = repeated(interactions)
      const first = share(answered, (row) => row.resolved === true && !comesAgain.has(row))
      expect(first).toBeGreaterThan(0.7)
      expect(first).toBeLessThan(0.9)
    }
  })

  test('hears from one in five, who like short waits and being helped', () => {
    for (const { interactions, satisfaction } of wholes) {
      const contacts = new Map(interactions.map((row) => [row.id, row]))
      const about = satisfaction.flatMap((row) => {
        const contact = contacts.get(String(row.interaction_id))
        return contact === undefined ? [] : [{ csat: Number(row.csat), contact }]
      })
      const score = (holds: (row: InteractionRow) => boolean) =>
        mean(about.filter(({ contact }) => holds(contact)).map(({ csat }) => csat))
      const people = (row: InteractionRow) => row.resolved === true && row.automated === false

      expect(satisfaction.length / interactions.filter(({ status }) => status === 'answered').length).toBeCloseTo(
        0.18,
        1,
      )
      expect(score((row) => row.resolved === true)).toBeGreaterThan(score((row) => row.resolved === false) + 0.8)
      expect(score((row) => people(row) && Number(row.wait_s) <= 20)).toBeGreaterThan(
        score((row) => people(row) && Number(row.wait_s) > 120),
      )
      expect(
        satisfaction.every(
          ({ csat, nps }) => [1, 2, 3, 4, 5].includes(csat ?? 0) && (nps ?? 0) >= 0 && (nps ?? 0) <= 10,
        ),
      ).toBe(true)
    }
  })

  test('lives by a tenth of its customers, and sells on the web without anybody', () => {
    for (const { payments } of wholes) {
      const spent = new Map<string, number>()
      for (const { customer_id, amount_minor } of payments) {
        const id = String(customer_id)
        spent.set(id, (spent.get(id) ?? 0) + amount_minor)
      }
      const sums = [...spent.values()].sort((one, other) => other - one)
      const total = sums.reduce((sum, value) => sum + value, 0)
      const top = sums.slice(0, Math.ceil(sums.length / 10)).reduce((sum, value) => sum + value, 0)
      expect(top / total).toBeGreaterThan(0.3)
      const byNobody = share(payments, (row) => row.agent_id === null)
      expect(byNobody).toBeGreaterThan(0.4)
      expect(byNobody).toBeLessThan(0.9)
    }
  })

  test('sells more in its season and on a campaign than in the weeks before', () => {
    const { days } = wholeOf('morgenrot')
    const orders = (from: string, to: string) =>
      mean(
        days
          .filter(({ day }) => from <= day && day <= to)
          .map(({ rows }) => rows.payments.filter(({ kind }) => kind === 'charge').length),
      )

    expect(orders('2025-11-25', '2025-12-20')).toBeGreaterThan(1.3 * orders('2025-10-20', '2025-11-20'))
    expect(orders('2026-05-11', '2026-05-14')).toBeGreaterThan(1.4 * orders('2026-04-20', '2026-05-08'))
  })

  test('gets no call in the hour that a clock skips, and some in both halves of one it repeats', () => {
    const hourTwo = contactsAt('morgenrot', '2026-03-29', 2)
    const spring = wholeOf('morgenrot').days.find(({ day }) => day === '2026-03-29')
    expect(spring?.rows.interactions.length).toBeGreaterThan(0)
    expect(hourTwo).toEqual([])
    const offsets = (id: string, day: string, hour: number) =>
      new Set(contactsAt(id, day, hour).map(({ offset }) => offset))
    expect(offsets('morgenrot', '2025-10-26', 2)).toEqual(new Set(['+02:00', '+01:00']))
    expect(offsets('morgenrot', '2026-10-25', 2)).toEqual(new Set(['+02:00', '+01:00']))
    expect(offsets('harbor-pine', '2025-11-02', 1)).toEqual(new Set(['-04:00', '-05:00']))
    expect(offsets('harbor-pine', '2026-11-01', 1)).toEqual(new Set(['-04:00', '-05:00']))
  })
})

function contactsAt(id: string, day: string, hour: number): Temporal.ZonedDateTime[] {
  const { days, timeZone } = wholeOf(id)
  const contacts = days.find((each) => each.day === day)?.rows.interactions ?? []
  return contacts.map(({ started_at }) => local(started_at, timeZone)).filter((time) => time.hour === hour)
}

/** Contacts after which the same customer comes with the same topic within 7 days. */
function repeated(interactions: readonly InteractionRow[]): Set<InteractionRow> {
  const next = new Map<string, number>()
  const found = new Set<InteractionRow>()
  for (const row of interactions.toReversed()) {
    if (row.customer_id === null) continue
    const key = `${row.customer_id} ${row.topic}`
    const at = ms(row.started_at)
    if ((next.get(key) ?? Number.POSITIVE_INFINITY) - at <= DAYS_7_MS) found.add(row)
    next.set(key, at)
  }
  return found
}
