import type { Insertable } from 'kysely'
import type { DB } from '../src/db/schema.ts'
import { type Day, SECOND_MS } from '../src/time.ts'
import type { ContactDetails } from './contact-details.ts'
import type { SampleCustomer } from './customers.ts'
import type { Order } from './orders.ts'
import type { SampleAgent, SampleClient } from './sample-client.ts'
import type { Survey } from './surveys.ts'

/**
 * Ids of what is made here begin with this word and the local day, so that the database itself says how far it has been
 * filled.
 */
export const ID_PREFIX = 'sample-'

/** Who buys, and who delivers services on the marketplace. */
const CLIENT_ROLE = 'client'
/** From so many of ten points on somebody would recommend the business. */
const RECOMMENDS_FROM = 7

/** The tables that days fill, in the order they are written. */
export const SAMPLE_TABLES = [
  'customers',
  'campaigns',
  'interactions',
  'customer_satisfaction',
  'payments',
  'call_quality_scores',
  'call_quality_issues',
  'agent_status_changes',
  'cost_analysis',
  'campaign_spend',
  'touchpoints',
  'leads',
  'lead_stage_changes',
  'deals',
  'subscriptions',
  'service_requests',
  'bookings',
  'provider_availability',
  'analytics_events',
] as const

export type SampleTable = (typeof SAMPLE_TABLES)[number]
export type SampleRows = { [Table in SampleTable]: Insertable<DB[Table]>[] }

export type ClientRow = Insertable<DB['clients']>
export type SectorRow = Insertable<DB['sectors']>
export type AgentRow = Insertable<DB['agents']>
export type CustomerRow = SampleRows['customers'][number]
export type InteractionRow = SampleRows['interactions'][number]
export type SatisfactionRow = SampleRows['customer_satisfaction'][number]
export type PaymentRow = SampleRows['payments'][number]
export type CampaignRow = SampleRows['campaigns'][number]
export type CampaignSpendRow = SampleRows['campaign_spend'][number]

/** All rows of some parts of a day, table by table. */
export function joinRows(parts: readonly Partial<SampleRows>[]): SampleRows {
  const joined: Record<string, unknown[]> = Object.fromEntries(SAMPLE_TABLES.map((table) => [table, []]))
  for (const part of parts) for (const [table, rows] of Object.entries(part)) joined[table]?.push(...rows)
  return joined as SampleRows
}

export function clientRow({ id, name, timeZone, currency, locale }: SampleClient): ClientRow {
  return { id, name, time_zone: timeZone, currency, locale }
}

export function sectorRows(client: SampleClient): SectorRow[] {
  return client.sectors.map(({ id, name }) => ({ client_id: client.id, id, name }))
}

export function agentRows(client: SampleClient): AgentRow[] {
  return client.agents.map((agent) => ({
    client_id: client.id,
    id: agent.id,
    name: agent.name,
    kind: agent.kind,
    sector_id: agent.sectorId,
    hourly_cost_minor: agent.kind === 'person' ? hourlyCostMinor(client, agent) : null,
  }))
}

export function customerRow(client: SampleClient, customer: SampleCustomer): CustomerRow {
  return {
    client_id: client.id,
    id: customer.id,
    name: customer.name,
    role: CLIENT_ROLE,
    country: customer.country,
    attributes: JSON.stringify({ language: customer.language, came_by: customer.byOrder ? 'order' : 'contact' }),
    first_contact_at: isoOf(customer.firstContactMs),
  }
}

/** `number` counts the contacts of the local day. */
export function interactionRow(
  client: SampleClient,
  day: Day,
  number: number,
  details: ContactDetails,
): InteractionRow {
  const { served } = details
  const { contact, agent } = served
  return {
    client_id: client.id,
    id: idOf(day, '', number),
    started_at: isoOf(contact.atMs),
    channel: contact.channel,
    status: served.status,
    agent_id: agent?.id ?? null,
    sector_id: contact.topic.sectorId,
    customer_id: contact.customer?.id ?? null,
    topic: contact.topic.id,
    wait_s: served.waitS,
    talk_s: served.talkS,
    hold_s: served.holdS,
    wrap_s: served.wrapS,
    resolved: served.resolved,
    escalated: served.escalated,
    automated: agent?.kind === 'assistant',
    answered_at: isoOrNull(details.answeredMs),
    ended_at: isoOf(details.endedMs),
    sentiment: details.sentiment,
    intents: details.intents,
    messages_in: details.messagesIn,
    messages_out: details.messagesOut,
    conversion_type: details.order === null ? null : 'order',
    conversion_value_minor: details.order?.amountMinor ?? null,
    campaign_id: details.campaignId,
    location: contact.customer?.country ?? null,
    follow_up_at: isoOrNull(details.followUpMs),
  }
}

/** `interactionId`: of the contact it is about, which may have been the day before. */
export function satisfactionRow(
  client: SampleClient,
  day: Day,
  number: number,
  survey: Survey,
  interactionId: string,
): SatisfactionRow {
  const { contact, agent } = survey.served
  return {
    client_id: client.id,
    id: idOf(day, 's', number),
    answered_at: isoOf(survey.atMs),
    interaction_id: interactionId,
    customer_id: contact.customer?.id ?? null,
    agent_id: agent?.id ?? null,
    sector_id: contact.topic.sectorId,
    channel: contact.channel,
    csat: survey.csat,
    nps: survey.nps,
    comment: survey.comment,
    category: survey.category,
    sentiment: survey.comment === null ? null : (survey.csat - 3) / 2,
    would_recommend: survey.nps === null ? null : survey.nps >= RECOMMENDS_FROM,
  }
}

export function paymentRow(client: SampleClient, day: Day, number: number, order: Order): PaymentRow {
  const kind = order.amountMinor < 0 ? 'refund' : 'charge'
  return moneyRow(client, idOf(day, 'p', number), order.atMs, kind, order.amountMinor, {
    customer_id: order.customer.id,
    agent_id: order.agent?.id ?? null,
    sector_id: order.sectorId,
    channel: order.channel,
    country: order.customer.country,
    external_reference: order.reference,
    settled_at: isoOrNull(order.settledMs),
    campaign_id: order.campaignId,
  })
}

/** Any money that moved; settled at once and nobody's in particular, unless `rest` says otherwise. */
export function moneyRow(
  client: SampleClient,
  id: string,
  atMs: number,
  kind: 'charge' | 'refund' | 'payout' | 'fee',
  amountMinor: number,
  rest: Partial<PaymentRow>,
): PaymentRow {
  return {
    client_id: client.id,
    id,
    occurred_at: isoOf(atMs),
    kind,
    amount_minor: amountMinor,
    currency: client.currency,
    customer_id: null,
    agent_id: null,
    sector_id: null,
    channel: null,
    country: null,
    external_reference: null,
    settled_at: isoOf(atMs),
    campaign_id: null,
    provider_id: null,
    service: null,
    ...rest,
  }
}

/** What an hour of a person costs: who is good at it earns more. */
export function hourlyCostMinor({ costs }: SampleClient, agent: SampleAgent): number {
  return Math.round((costs.hourlyMinor * (1 + 2 * agent.skill)) / 10) * 10
}

/**
 * What an id is of: '' contact, s survey, p order or refund, f fee, o payout, m charge for a service, q review, i
 * issue, t status, e cost, k campaign spend, u touchpoint, l lead, h change of stage, d deal, v subscription, r
 * request, b booking, w availability, n event.
 */
type IdLetter =
  | ''
  | 's'
  | 'p'
  | 'f'
  | 'o'
  | 'm'
  | 'q'
  | 'i'
  | 't'
  | 'e'
  | 'k'
  | 'u'
  | 'l'
  | 'h'
  | 'd'
  | 'v'
  | 'r'
  | 'b'
  | 'w'
  | 'n'

/** Such as sample-20260301-s0007. */
export function idOf(day: Day, letter: IdLetter, number: number): string {
  return `${ID_PREFIX}${day.replaceAll('-', '')}-${letter}${String(number).padStart(4, '0')}`
}

/** The local day in an id that `idOf` made. */
export function dayOfId(id: string): Day {
  const digits = id.slice(ID_PREFIX.length, ID_PREFIX.length + 8)
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`
}

/** An instant as text; to the second, which is all the sample knows. */
export function isoOf(instantMs: number): string {
  const seconds = Math.floor(instantMs / SECOND_MS)
  const inDay = seconds % DAY_S
  const time = [inDay / 3600, (inDay / 60) % 60, inDay % 60].map((part) => String(Math.floor(part)).padStart(2, '0'))
  return `${utcDay((seconds - inDay) / DAY_S)}T${time.join(':')}Z`
}

const DAY_S = 86_400
const utcDays = new Map<number, Day>()

/** Remembered, because every row has an instant or more, and Temporal takes its time. */
function utcDay(daysSince1970: number): Day {
  const found = utcDays.get(daysSince1970)
  if (found !== undefined) return found
  const made = Temporal.PlainDate.from('1970-01-01').add({ days: daysSince1970 }).toString()
  utcDays.set(daysSince1970, made)
  return made
}

function isoOrNull(instantMs: number | null): string | null {
  return instantMs === null ? null : isoOf(instantMs)
}
