/** The roll-ups of a world once more, fact by fact and by another road than the SQL: what every roll-up table must hold. */
import type { Selectable } from 'kysely'
import type { DB } from '../../src/db/schema.ts'

type Row = Record<string, string | number>
type Client = Selectable<DB['clients']>
type Call = Selectable<DB['interactions']>
type Survey = Selectable<DB['customer_satisfaction']>
type Payment = Selectable<DB['payments']>

export type World = { client: Client; calls: Call[]; surveys: Survey[]; payments: Payment[] }
export type RollUps = { agent_metrics: Row[]; revenue_metrics: Row[]; customer_metrics: Row[] }

const DAYS_7_MS = 168 * 3_600_000

const AGENT_COUNTS = [
  ...['offered', 'answered', 'abandoned', 'short_abandoned', 'missed', 'answered_in_threshold', 'wait_answered_s'],
  ...['talk_s', 'hold_s', 'wrap_s', 'resolved', 'resolved_first', 'escalated', 'automated', 'csat_count', 'csat_sum'],
  ...['csat_satisfied', 'nps_count', 'nps_promoters', 'nps_detractors', 'orders', 'refunds', 'gross_minor'],
  'refunded_minor',
]
const MONEY_COUNTS = ['orders', 'refunds', 'gross_minor', 'refunded_minor']

/** Rows by their key, each begun with zeros and added to. */
function tally(counts: string[]) {
  const rows = new Map<string, Row>()
  return {
    add(key: Row, amounts: Row): void {
      const name = JSON.stringify(key)
      const row = rows.get(name) ?? { ...key, ...Object.fromEntries(counts.map((count) => [count, 0])) }
      for (const [count, amount] of Object.entries(amounts)) row[count] = Number(row[count]) + Number(amount)
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

function isRepeated(call: Call, calls: Call[]): boolean {
  return calls.some((later) => {
    const after = ms(later.started_at) - ms(call.started_at)
    const isSame = later.customer_id === call.customer_id && later.topic === call.topic
    return call.customer_id !== null && isSame && after > 0 && after <= DAYS_7_MS
  })
}

function ofCall(call: Call, client: Client, calls: Call[]): Row {
  if (call.status === 'missed') return { offered: 1, missed: 1 }
  if (call.status === 'abandoned' && call.wait_s !== null && call.wait_s < client.short_abandon_s)
    return { short_abandoned: 1 }
  if (call.status === 'abandoned') return { offered: 1, abandoned: 1 }
  // The table takes no answered contact without a wait.
  const wait = call.wait_s as number
  return {
    offered: 1,
    answered: 1,
    answered_in_threshold: Number(wait <= client.service_level_s),
    wait_answered_s: wait,
    talk_s: call.talk_s,
    hold_s: call.hold_s,
    wrap_s: call.wrap_s,
    resolved: Number(call.resolved),
    resolved_first: Number(call.resolved && !isRepeated(call, calls)),
    escalated: Number(call.escalated),
    automated: Number(call.automated),
  }
}

function ofSurvey({ csat, nps }: Survey): Row {
  const satisfaction = csat === null ? {} : { csat_count: 1, csat_sum: csat, csat_satisfied: Number(csat > 3) }
  if (nps === null) return satisfaction
  return { ...satisfaction, nps_count: 1, nps_promoters: Number(nps > 8), nps_detractors: Number(nps < 7) }
}

function ofPayment({ kind, amount_minor }: Payment): Row | null {
  if (amount_minor === 0) return null
  if (kind === 'charge') return { orders: 1, gross_minor: amount_minor }
  if (kind === 'refund') return { refunds: 1, refunded_minor: amount_minor }
  return null
}

/** What the roll-up tables must hold for one client once every day has been rolled up. */
export function naiveRollUps({ client, calls, surveys, payments }: World): RollUps {
  const agents = tally(AGENT_COUNTS)
  const revenue = tally(MONEY_COUNTS)
  const customers = tally(['contacts', ...MONEY_COUNTS])
  const client_id = client.id
  const agentKey = (at: string, fact: Call | Survey | Payment) => ({
    client_id,
    ...localTime(at, client.time_zone),
    agent_id: fact.agent_id ?? '',
    sector_id: fact.sector_id ?? '',
    channel: fact.channel ?? '',
  })
  const customerKey = (at: string, fact: Call | Payment) => ({
    client_id,
    day: localTime(at, client.time_zone).day,
    customer_id: fact.customer_id ?? '',
  })
  for (const call of calls) {
    agents.add(agentKey(call.started_at, call), ofCall(call, client, calls))
    customers.add(customerKey(call.started_at, call), { contacts: 1 })
  }
  for (const survey of surveys) agents.add(agentKey(survey.answered_at, survey), ofSurvey(survey))
  for (const payment of payments) {
    const amounts = ofPayment(payment)
    if (amounts === null) continue
    const { day } = localTime(payment.occurred_at, client.time_zone)
    revenue.add({ client_id, day, currency: payment.currency, country: payment.country ?? '' }, amounts)
    if (payment.currency !== client.currency) continue
    agents.add(agentKey(payment.occurred_at, payment), amounts)
    customers.add(customerKey(payment.occurred_at, payment), amounts)
  }
  return { agent_metrics: agents.rows(), revenue_metrics: revenue.rows(), customer_metrics: customers.rows() }
}
