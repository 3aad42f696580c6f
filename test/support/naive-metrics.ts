/**
 * The business families of daily_metrics once more, fact by fact and by another road than the SQL: no grouping, no
 * joins, no ranges.
 */
import type { Selectable } from 'kysely'
import type { DB } from '../../src/db/schema.ts'

export type Facts = { [Table in FactTable]: Selectable<DB[Table]>[] }
/** What a row of daily_metrics holds beside nothing: components that are not zero, by dimension, day and member. */
export type NaiveRow = { dimension: string; day: string; member: string } & Record<string, string | number>

const FACT_TABLES = [
  ...(['customers', 'payments', 'cost_analysis', 'subscriptions', 'leads', 'lead_stage_changes', 'deals'] as const),
  ...(['campaign_spend', 'touchpoints', 'service_requests', 'bookings', 'provider_availability'] as const),
  'analytics_events',
] as const
export type FactTable = (typeof FACT_TABLES)[number]
/** Everything that naiveDailyMetrics reads. */
export const NAIVE_FACT_TABLES: readonly FactTable[] = FACT_TABLES

type Client = Selectable<DB['clients']>
type Amounts = Record<string, number | null>
/** Whom and what a fact belongs to; what it does not know is not there. */
type Belonging = Partial<
  Record<'agent_id' | 'sector_id' | 'channel' | 'campaign_id' | 'provider_id' | 'customer_id', string | null>
> & {
  location?: string | null
}
type Tally = {
  client: Client
  add(at: string, belonging: Belonging, amounts: Amounts): void
  addToDay(day: string, belonging: Belonging, amounts: Amounts): void
  dayOf(at: string): string
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const YEAR_MS = 366 * 24 * HOUR_MS

function ms(at: string): number {
  return Temporal.Instant.from(at).epochMilliseconds
}

function tallyOf(client: Client, roles: Map<string, string>, rows: Map<string, NaiveRow>): Tally {
  const days = new Map<number, string>()
  const dayOf = (at: string) => {
    // No zone begins a day within a quarter of an hour; finding out is dear.
    const quarter = Math.floor(ms(at) / (15 * MINUTE_MS))
    const day =
      days.get(quarter) ?? Temporal.Instant.from(at).toZonedDateTimeISO(client.time_zone).toPlainDate().toString()
    days.set(quarter, day)
    return day
  }
  const addToDay = (day: string, belonging: Belonging, amounts: Amounts) => {
    for (const [dimension, member] of Object.entries(membersOf(belonging, roles))) {
      const key = JSON.stringify([dimension, day, member])
      const row: NaiveRow = rows.get(key) ?? { dimension, day, member }
      for (const [component, amount] of Object.entries(amounts))
        if (amount) row[component] = Number(row[component] ?? 0) + amount
      rows.set(key, row)
    }
  }
  return { client, dayOf, addToDay, add: (at, belonging, amounts) => addToDay(dayOf(at), belonging, amounts) }
}

function membersOf(fact: Belonging, roles: Map<string, string>): Record<string, string> {
  return {
    client: '',
    agent: fact.agent_id ?? '',
    sector: fact.sector_id ?? '',
    channel: fact.channel ?? '',
    campaign: fact.campaign_id ?? '',
    provider: fact.provider_id ?? '',
    'customer-role': roles.get(fact.customer_id ?? '') ?? '',
    location: fact.location ?? '',
  }
}

function money({ client, add }: Tally, facts: Facts): void {
  for (const payment of facts.payments) {
    const { kind, amount_minor: amount } = payment
    if (payment.currency !== client.currency || amount === 0) continue
    const amounts = {
      charge: { orders: 1, gross_minor: amount },
      refund: { refunds: 1, refunded_minor: amount },
      payout: { payouts_minor: amount },
      fee: { fees_minor: amount },
    }[kind]
    add(payment.occurred_at, { ...payment, location: payment.country }, amounts)
  }
  for (const cost of facts.cost_analysis)
    if (cost.currency === client.currency)
      add(cost.incurred_at, cost, { [`cost_${cost.category}_minor`]: cost.amount_minor })
}

/** Whether one of the times that are known is before one that it must follow. */
function isOutOfOrder(...times: (string | null)[]): boolean {
  const known = times.filter((at) => at !== null).map(ms)
  return known.some((at, n) => at < (known[n - 1] ?? at))
}

/** What a customer pays a month at the last instant before `at`. */
function runRate(periods: Facts['subscriptions'], at: number): number {
  return periods
    .filter(({ starts_at, ends_at }) => ms(starts_at) < at && (ends_at === null || ms(ends_at) >= at))
    .reduce((sum, { amount_minor, interval_months }) => sum + Math.round(amount_minor / interval_months), 0)
}

function subscriptions({ client, addToDay, dayOf }: Tally, facts: Facts): void {
  const own = facts.subscriptions.filter(({ currency }) => currency === client.currency)
  for (const [customer_id, periods] of Map.groupBy(own, (period) => period.customer_id)) {
    const days = new Set(periods.flatMap(({ starts_at, ends_at }) => [starts_at, ends_at ?? starts_at]).map(dayOf))
    for (const day of days) {
      const [begin, end] = [0, 1].map((n) => {
        const midnight = Temporal.PlainDate.from(day).add({ days: n }).toZonedDateTime(client.time_zone)
        return runRate(periods, midnight.epochMilliseconds)
      }) as [number, number]
      addToDay(day, { customer_id }, movementOf(begin, end))
    }
  }
}

/** What everybody pays a month at the end of a day, added up straight from the subscriptions that hold then. */
export function naiveMrr(client: Client, everybodys: Facts, day: string): number {
  const own = everybodys.subscriptions.filter((row) => row.client_id === client.id && row.currency === client.currency)
  const end = Temporal.PlainDate.from(day).add({ days: 1 }).toZonedDateTime(client.time_zone)
  return runRate(own, end.epochMilliseconds)
}

function movementOf(begin: number, end: number): Amounts {
  if (begin === 0 && end > 0) return { mrr_new_minor: end, subscribers_new: 1 }
  if (begin > 0 && end === 0) return { mrr_churned_minor: begin, subscribers_churned: 1 }
  return end > begin ? { mrr_expansion_minor: end - begin } : { mrr_contraction_minor: begin - end }
}

function sales({ client, add, dayOf }: Tally, facts: Facts): void {
  for (const lead of facts.leads)
    add(lead.created_at, lead, { leads: 1, leads_minor: lead.currency === client.currency ? lead.value_minor : null })
  for (const change of facts.lead_stage_changes) add(change.changed_at, change, { stage_changes: 1 })
  for (const deal of facts.deals) {
    const { opened_at, closed_at, amount_minor: amount } = deal
    if (deal.currency !== client.currency || isOutOfOrder(opened_at, closed_at)) continue
    add(opened_at, deal, { deals_opened: 1, deals_opened_minor: amount })
    if (closed_at === null) continue
    const days = Temporal.PlainDate.from(dayOf(opened_at)).until(dayOf(closed_at)).days
    const won = { deals_won: 1, deals_won_minor: amount, cycle_days_sum: days, cycle_count: 1 }
    add(closed_at, deal, deal.state === 'won' ? won : { deals_lost: 1, deals_lost_minor: amount })
  }
}

function campaigns({ client, add }: Tally, facts: Facts): void {
  for (const spend of facts.campaign_spend) {
    const { impressions, clicks, contacted, responded } = spend
    if (responded > contacted) continue
    const spent = spend.currency === client.currency ? spend.amount_minor : 0
    add(spend.spent_at, spend, { spend_minor: spent, impressions, clicks, contacted, responded })
  }
  for (const touchpoint of facts.touchpoints) add(touchpoint.touched_at, touchpoint, { touchpoints: 1 })
}

type Span = { starts_at: string; ends_at: string }

/** Whether it has a length, of at most 366 days. */
function lasts({ starts_at, ends_at }: Span): boolean {
  const length = ms(ends_at) - ms(starts_at)
  return length > 0 && length <= YEAR_MS
}

function marketplace(tally: Tally, facts: Facts): void {
  const { client, add } = tally
  for (const request of facts.service_requests) {
    const { state, requested_at, completed_at } = request
    if (isOutOfOrder(requested_at, request.accepted_at, completed_at)) continue
    add(requested_at, request, { requests: 1, requests_cancelled: Number(state === 'cancelled') })
    if (state === 'completed') add(completed_at ?? requested_at, request, { requests_completed: 1 })
  }
  for (const booking of facts.bookings.filter(lasts)) {
    const { state, cancelled_at, starts_at } = booking
    const notice = cancelled_at === null ? -1 : ms(starts_at) - ms(cancelled_at)
    const isInTime = cancelled_at !== null && notice >= client.cancel_hours * HOUR_MS
    add(starts_at, booking, {
      bookings: 1,
      bookings_completed: Number(state === 'completed'),
      bookings_no_show: Number(state === 'no-show'),
      bookings_cancelled: Number(state === 'cancelled'),
      bookings_cancelled_in_time: Number(state === 'cancelled' && isInTime),
      bookings_moved: Number(state === 'moved'),
    })
  }
  const kept = facts.bookings.filter((booking) => lasts(booking) && !['cancelled', 'moved'].includes(booking.state))
  providerTime(tally, kept, 'booked_s')
  providerTime(tally, facts.provider_availability.filter(lasts), 'provider_available_s')
}

/** Goes through the minutes one by one, each once; spans are of whole minutes. */
function providerTime(
  { addToDay, dayOf }: Tally,
  spans: (Span & { provider_id: string | null })[],
  component: string,
): void {
  for (const [provider_id, own] of Map.groupBy(spans, (span) => span.provider_id)) {
    if (provider_id === null) continue
    const minutes = new Set<number>()
    for (const { starts_at, ends_at } of own)
      for (let at = ms(starts_at); at < ms(ends_at); at += MINUTE_MS) minutes.add(at)
    const byDay = Map.groupBy(minutes, (minute) => dayOf(Temporal.Instant.fromEpochMilliseconds(minute).toString()))
    for (const [day, { length }] of byDay) addToDay(day, { provider_id }, { [component]: 60 * length })
  }
}

function events({ add }: Tally, facts: Facts): void {
  for (const event of facts.analytics_events) add(event.occurred_at, event, { events: 1 })
  for (const { id, country, first_contact_at } of facts.customers)
    if (first_contact_at !== null) add(first_contact_at, { customer_id: id, location: country }, { customers_new: 1 })
}

/**
 * What daily_metrics must hold of these families for one client once every day has been rolled up; rows of nothing are
 * not there.
 */
export function naiveDailyMetrics(client: Client, everybodys: Facts): NaiveRow[] {
  const own = Object.entries(everybodys).map(([name, rows]) => [
    name,
    rows.filter((row) => row.client_id === client.id),
  ])
  const facts = Object.fromEntries(own) as Facts
  const rows = new Map<string, NaiveRow>()
  const tally = tallyOf(client, new Map(facts.customers.map(({ id, role }) => [id, role])), rows)
  for (const family of [money, subscriptions, sales, campaigns, marketplace, events]) family(tally, facts)
  return [...rows.values()].filter((row) => Object.keys(row).length > 3)
}

/** What performance_trends must hold: the client's days, and the ISO weeks and months of everybody. */
export function naiveTrends(days: readonly NaiveRow[], timeZone: string): Record<string, string | number>[] {
  const rows = new Map<string, Record<string, string | number>>()
  for (const { dimension, day, member, ...components } of days) {
    const date = Temporal.PlainDate.from(day)
    const begins = { day: date, week: date.subtract({ days: date.dayOfWeek - 1 }), month: date.with({ day: 1 }) }
    for (const [grain, begin] of Object.entries(begins)) {
      if (grain === 'day' && dimension !== 'client') continue
      const bucket_at = begin.toZonedDateTime(timeZone).toInstant().toString()
      const place = { grain, bucket_at, dimension, bucket_day: begin.toString(), member }
      const key = JSON.stringify(place)
      const row: Record<string, string | number> = rows.get(key) ?? { ...place }
      for (const [component, amount] of Object.entries(components))
        row[component] = Number(row[component] ?? 0) + Number(amount)
      rows.set(key, row)
    }
  }
  return [...rows.values()].map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== 0)))
}

/** The histograms of sales cycles: buckets a factor of 1.01 / 0.99 apart, and one for what took no time at all. */
export function naiveCycles(client: Client, everybodys: Facts): object[] {
  const customers = everybodys.customers.filter((row) => row.client_id === client.id)
  const roles = new Map(customers.map(({ id, role }) => [id, role]))
  const { dayOf } = tallyOf(client, roles, new Map())
  const sizes = new Map<string, number[]>()
  for (const deal of everybodys.deals) {
    const { opened_at, closed_at, state, currency } = deal
    const isOther = deal.client_id !== client.id || currency !== client.currency
    if (isOther || state !== 'won' || closed_at === null || isOutOfOrder(opened_at, closed_at)) continue
    const { days } = Temporal.PlainDate.from(dayOf(opened_at)).until(dayOf(closed_at))
    const bucket = days > 0 ? Math.ceil(Math.log(days) / Math.log(1.01 / 0.99)) : -32_768
    for (const [dimension, member] of Object.entries(membersOf(deal, roles))) {
      const key = JSON.stringify({ dimension, day: dayOf(closed_at), member })
      sizes.set(key, [...(sizes.get(key) ?? []), bucket])
    }
  }
  return [...sizes].map(([key, found]) => {
    const buckets = [...new Set(found)].sort((a, b) => a - b)
    const counts = buckets.map((bucket) => found.filter((each) => each === bucket).length)
    return { ...(JSON.parse(key) as object), buckets, counts }
  })
}
