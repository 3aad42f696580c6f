/**
 * The roll-ups of a world once more, fact by fact and by another road than the SQL: what every roll-up table must hold.
 */
import type { Selectable } from 'kysely'
import type { DB } from '../../src/db/schema.ts'

type Row = Record<string, string | number>
type Fact<Table extends keyof DB> = Selectable<DB[Table]>
type Call = Fact<'interactions'>

export type World = {
  client: Fact<'clients'>
  calls: Call[]
  surveys: Fact<'customer_satisfaction'>[]
  payments: Fact<'payments'>[]
  reviews?: Fact<'call_quality_scores'>[]
  issues?: Fact<'call_quality_issues'>[]
  statuses?: Fact<'agent_status_changes'>[]
  agents?: Fact<'agents'>[]
  customers?: Fact<'customers'>[]
  /** Those that were rolled up; undefined: all. A status may reach into a day that nobody asked for. */
  days?: Set<string>
}
/**
 * Components that are zero are not there; of daily_metrics and performance_trends only those of contacts, satisfaction,
 * quality and the time of agents, and quarantined.
 */
export type RollUps = {
  agent_metrics: Row[]
  revenue_metrics: Row[]
  customer_metrics: Row[]
  daily_metrics: Row[]
  quarantined_facts: Row[]
  /** Sizes in the order of their keys, by dimension, day, member and measure. */
  sizes: Map<string, number[]>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS_7_MS = 168 * HOUR_MS
const QUARTER_MS = HOUR_MS / 4

/** Rows by their key, each added to. */
function tally() {
  const rows = new Map<string, Row>()
  return {
    add(key: Row, amounts: Row): void {
      const name = JSON.stringify(key)
      const row = rows.get(name) ?? { ...key }
      for (const [count, amount] of Object.entries(amounts))
        if (amount !== 0) row[count] = Number(row[count] ?? 0) + Number(amount)
      rows.set(name, row)
    },
    rows: () => [...rows.values()],
  }
}

function localTime(instant: string, timeZone: string): { day: string; hour_at: string } {
  const time = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone)
  const { minute, second, millisecond } = time
  const sinceTheHour = { minutes: minute, seconds: second, milliseconds: millisecond }
  return {
    day: time.toPlainDate().toString(),
    hour_at: time.toInstant().subtract(sinceTheHour).toString(),
  }
}

function ms(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds
}

/** What contradicts itself in a call; null: nothing. */
function faultOf(call: Call): string | null {
  const started = ms(call.started_at)
  const answered = call.answered_at === null ? null : ms(call.answered_at)
  if (answered !== null && answered < started) return 'answered before it started'
  if (call.ended_at === null) return null
  const ended = ms(call.ended_at)
  if (ended < started) return 'ended before it started'
  if (answered !== null && ended < answered) return 'ended before it was answered'
  const length = ended - (answered ?? started)
  return (call.talk_s + call.hold_s) * 1000 > length + 1000 ? 'talk and hold are longer than the call' : null
}

function isRepeated(call: Call, calls: Call[]): boolean {
  return calls.some((later) => {
    const after = ms(later.started_at) - ms(call.started_at)
    const isSame = later.customer_id === call.customer_id && later.topic === call.topic
    return call.customer_id !== null && isSame && after > 0 && after <= DAYS_7_MS
  })
}

type CallContext = { client: World['client']; calls: Call[]; assistants: Set<string> }

function ofCall(call: Call, { client, calls, assistants }: CallContext): Row {
  if (call.status === 'missed') return { offered: 1, missed: 1 }
  if (call.status === 'abandoned' && call.wait_s !== null && call.wait_s < client.short_abandon_s)
    return { short_abandoned: 1 }
  if (call.status === 'abandoned') return { offered: 1, abandoned: 1 }
  // The table takes no answered contact without a wait.
  const wait = call.wait_s as number
  const repeated = isRepeated(call, calls)
  return {
    offered: 1,
    answered: 1,
    answered_in_threshold: Number(wait <= client.service_level_s),
    wait_answered_s: wait,
    talk_s: call.talk_s,
    hold_s: call.hold_s,
    wrap_s: call.wrap_s,
    resolved: Number(call.resolved),
    resolved_first: Number(call.resolved && !repeated),
    repeats: Number(repeated),
    escalated: Number(call.escalated),
    automated: Number(call.automated),
    messages_in: call.messages_in,
    messages_out: call.messages_out,
    follow_ups: Number(call.follow_up_at !== null),
    ...ofAssistant(call, assistants),
    ...ofSentiment(call),
    ...ofConversion(call),
  }
}

function ofAssistant(call: Call, assistants: Set<string>): Row {
  if (!call.automated && !(call.agent_id !== null && assistants.has(call.agent_id))) return {}
  return { assistant_contacts: 1, automated_resolved: Number(call.resolved && !call.escalated) }
}

function ofSentiment({ sentiment }: Call): Row {
  if (sentiment === null) return {}
  return {
    sentiment_count: 1,
    sentiment_milli_sum: Math.round(sentiment * 1000),
    sentiment_positive: Number(sentiment > 0.2),
    sentiment_negative: Number(sentiment < -0.2),
  }
}

function ofConversion({ conversion_type, conversion_value_minor: value }: Call): Row {
  return conversion_type === null && value === null ? {} : { conversions: 1, conversion_minor: value ?? 0 }
}

function ofSurvey({ csat, nps, would_recommend: would }: World['surveys'][number]): Row {
  return {
    ...(csat === null ? {} : { csat_count: 1, csat_sum: csat, csat_satisfied: Number(csat > 3) }),
    ...(nps === null ? {} : { nps_count: 1, nps_promoters: Number(nps > 8), nps_detractors: Number(nps < 7) }),
    ...(would === null ? {} : { recommend_count: 1, recommend_yes: Number(would) }),
  }
}

function ofReview(review: Fact<'call_quality_scores'>): Row {
  const row: Row = { reviews: 1, quality_centi_sum: Math.round(review.overall * 100) }
  for (const name of ['professionalism', 'empathy', 'resolution', 'clarity', 'responsiveness'] as const) {
    const score = review[name]
    if (score !== null) Object.assign(row, { [`${name}_sum`]: score, [`${name}_count`]: 1 })
  }
  const { audio_clarity: clarity, background_noise: noise } = review
  if (clarity !== null)
    Object.assign(row, { audio_clarity_centi_sum: Math.round(clarity * 100), audio_clarity_count: 1 })
  if (noise !== null) Object.assign(row, { noise_centi_sum: Math.round(noise * 100), noise_count: 1 })
  return row
}

function ofPayment({ kind, amount_minor }: World['payments'][number]): Row | null {
  if (amount_minor === 0) return null
  if (kind === 'charge') return { orders: 1, gross_minor: amount_minor }
  if (kind === 'refund') return { refunds: 1, refunded_minor: amount_minor }
  return null
}

/**
 * The pieces of a time between quarters of an hour, each with its beginning and seconds: local hours and days begin at
 * quarters.
 */
function piecesOf(begin: number, end: number): { at: string; seconds: number }[] {
  const pieces: { at: string; seconds: number }[] = []
  for (let at = begin; at < end; ) {
    const until = Math.min(end, (Math.floor(at / QUARTER_MS) + 1) * QUARTER_MS)
    pieces.push({ at: Temporal.Instant.fromEpochMilliseconds(at).toString(), seconds: (until - at) / 1000 })
    at = until
  }
  return pieces
}

type Status = Fact<'agent_status_changes'>

/** Every change with the instant, in ms, until which it holds. */
function holdingOf(statuses: Status[]): (Status & { begin: number; end: number })[] {
  const byAgent = Map.groupBy(statuses, (status) => status.agent_id)
  const order = (a: Status, b: Status) => ms(a.changed_at) - ms(b.changed_at) || (a.id < b.id ? -1 : 1)
  return [...byAgent.values()].flatMap((changes) =>
    changes.toSorted(order).map((change, index, all) => {
      const begin = ms(change.changed_at)
      const next = all[index + 1]
      return { ...change, begin, end: Math.min(begin + DAY_MS, next === undefined ? Infinity : ms(next.changed_at)) }
    }),
  )
}

function mayCount(world: World, day: string): boolean {
  return world.days === undefined || world.days.has(day)
}

/** What the roll-up tables must hold for one client once every day has been rolled up. */
export function naiveRollUps(world: World): RollUps {
  const sound = { ...world, calls: world.calls.filter((call) => faultOf(call) === null) }
  return {
    agent_metrics: agentMetrics(sound),
    ...moneyMetrics(sound),
    daily_metrics: dailyMetrics(world, sound),
    quarantined_facts: quarantinedFacts(world),
    sizes: sizesOf(sound),
  }
}

type Belonging = { agent_id?: string | null; sector_id?: string | null; channel?: string | null }

/** Calls `add` with every fact that agent_metrics counts: when, of whom, how much. */
function eachOfAgents(world: World, add: (at: string, fact: Belonging, amounts: Row) => void): void {
  const assistants = new Set((world.agents ?? []).filter(({ kind }) => kind === 'assistant').map(({ id }) => id))
  const context = { client: world.client, calls: world.calls, assistants }
  for (const call of world.calls) add(call.started_at, call, ofCall(call, context))
  for (const survey of world.surveys) add(survey.answered_at, survey, ofSurvey(survey))
  for (const review of world.reviews ?? []) add(review.reviewed_at, review, ofReview(review))
  for (const issue of world.issues ?? []) {
    const { noted_at, resolved_at, severity, category } = issue
    if (resolved_at !== null && ms(resolved_at) < ms(noted_at)) continue
    add(noted_at, issue, { [`issues_${severity}`]: 1, [`issues_${category}`]: 1 })
    if (resolved_at !== null) add(resolved_at, issue, { issues_resolved: 1 })
  }
  for (const { status, begin, end, agent_id, sector_id } of holdingOf(world.statuses ?? []))
    for (const { at, seconds } of status === 'offline' ? [] : piecesOf(begin, end))
      add(at, { agent_id, sector_id }, { [`${status}_s`]: seconds, paid_s: seconds })
}

function agentMetrics(world: World): Row[] {
  const agents = tally()
  const { time_zone, currency, id } = world.client
  const add = (at: string, fact: Belonging, amounts: Row) => {
    const { day, hour_at } = localTime(at, time_zone)
    const place = { agent_id: fact.agent_id ?? '', sector_id: fact.sector_id ?? '', channel: fact.channel ?? '' }
    if (mayCount(world, day)) agents.add({ client_id: id, day, hour_at, ...place }, amounts)
  }
  eachOfAgents(world, add)
  for (const payment of world.payments) {
    const amounts = ofPayment(payment)
    if (amounts !== null && payment.currency === currency) add(payment.occurred_at, payment, amounts)
  }
  return agents.rows()
}

function moneyMetrics({ client, calls, payments }: World) {
  const revenue = tally()
  const customers = tally()
  const dayOf = (at: string) => ({ client_id: client.id, day: localTime(at, client.time_zone).day })
  for (const call of calls)
    customers.add({ ...dayOf(call.started_at), customer_id: call.customer_id ?? '' }, { contacts: 1 })
  for (const payment of payments) {
    const amounts = ofPayment(payment)
    if (amounts === null) continue
    const day = dayOf(payment.occurred_at)
    revenue.add({ ...day, currency: payment.currency, country: payment.country ?? '' }, amounts)
    if (payment.currency === client.currency) customers.add({ ...day, customer_id: payment.customer_id ?? '' }, amounts)
  }
  return { revenue_metrics: revenue.rows(), customer_metrics: customers.rows() }
}

function dailyMetrics(world: World, sound: World): Row[] {
  const rows = tally()
  const { time_zone, id: client_id } = world.client
  const roles = new Map((world.customers ?? []).map(({ id, role }) => [id, role]))
  const roleOf = (customer: string | null) => (customer === null ? '' : (roles.get(customer) ?? ''))
  const add = (at: string, members: Record<string, string | null | undefined>, amounts: Row) => {
    const { day } = localTime(at, time_zone)
    if (!mayCount(world, day)) return
    for (const [dimension, member] of Object.entries(members))
      rows.add({ client_id, dimension, day, member: member ?? '' }, amounts)
  }
  for (const day of world.days ?? []) rows.add({ client_id, dimension: 'client', day, member: '' }, {})
  eachOfAgents(sound, (at, { agent_id, sector_id, channel }, amounts) =>
    add(at, { client: '', agent: agent_id, sector: sector_id, channel }, amounts),
  )
  const assistants = new Set((world.agents ?? []).filter(({ kind }) => kind === 'assistant').map(({ id }) => id))
  for (const call of sound.calls) {
    const members = { campaign: call.campaign_id, 'customer-role': roleOf(call.customer_id), location: call.location }
    add(call.started_at, members, ofCall(call, { client: world.client, calls: sound.calls, assistants }))
  }
  for (const survey of world.surveys)
    add(
      survey.answered_at,
      { campaign: survey.campaign_id, 'customer-role': roleOf(survey.customer_id) },
      ofSurvey(survey),
    )
  for (const { day } of quarantinedFacts(world) as { day: string }[])
    rows.add({ client_id, dimension: 'client', day, member: '' }, { quarantined: 1 })
  return rows.rows()
}

function quarantinedFacts({ client, calls, issues = [] }: World): Row[] {
  const rowOf = (at: string, fact_table: string, fact_id: string, reason: string) => {
    const { day } = localTime(at, client.time_zone)
    return { client_id: client.id, day, fact_table, fact_id, reason }
  }
  const wrongCalls = calls.flatMap((call) => {
    const fault = faultOf(call)
    return fault === null ? [] : [rowOf(call.started_at, 'interactions', call.id, fault)]
  })
  const wrongIssues = issues
    .filter(({ noted_at, resolved_at }) => resolved_at !== null && ms(resolved_at) < ms(noted_at))
    .map(({ noted_at, id }) => rowOf(noted_at, 'call_quality_issues', id, 'resolved before it was noted'))
  return [...wrongCalls, ...wrongIssues]
}

function sizesOf({ client, calls }: World): Map<string, number[]> {
  const sizes = new Map<string, number[]>()
  for (const call of calls.filter(({ status }) => status === 'answered')) {
    const { day } = localTime(call.started_at, client.time_zone)
    const { agent_id, sector_id, channel } = call
    const members = { client: '', agent: agent_id ?? '', sector: sector_id ?? '', channel }
    const measures = { wait: call.wait_s as number, talk: call.talk_s, handle: call.talk_s + call.hold_s + call.wrap_s }
    for (const [dimension, member] of Object.entries(members))
      for (const [measure, size] of Object.entries(measures)) {
        const key = JSON.stringify([dimension, day, member, measure])
        sizes.set(key, [...(sizes.get(key) ?? []), size])
      }
  }
  return sizes
}
