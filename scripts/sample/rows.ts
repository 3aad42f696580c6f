import type { Insertable } from 'kysely'
import type {
  Agents,
  Clients,
  CustomerSatisfaction,
  Customers,
  Interactions,
  Payments,
  Sectors,
} from '../../src/db/schema.ts'
import type { Day } from '../../src/time.ts'
import type { SampleCustomer } from './customers.ts'
import type { Order } from './orders.ts'
import type { SampleClient } from './sample-client.ts'
import type { Served } from './serve.ts'
import type { Survey } from './surveys.ts'

/** Ids of what is made here begin with this word and the local day, so that the database itself says how far it has been filled. */
export const ID_PREFIX = 'sample-'

export type ClientRow = Insertable<Clients>
export type SectorRow = Insertable<Sectors>
export type AgentRow = Insertable<Agents>
export type CustomerRow = Insertable<Customers>
export type InteractionRow = Insertable<Interactions>
export type SatisfactionRow = Insertable<CustomerSatisfaction>
export type PaymentRow = Insertable<Payments>

export function clientRow({ id, name, timeZone, currency, locale }: SampleClient): ClientRow {
  return { id, name, time_zone: timeZone, currency, locale }
}

export function sectorRows(client: SampleClient): SectorRow[] {
  return client.sectors.map(({ id, name }) => ({ client_id: client.id, id, name }))
}

export function agentRows(client: SampleClient): AgentRow[] {
  return client.agents.map(({ id, name, kind, sectorId }) => ({
    client_id: client.id,
    id,
    name,
    kind,
    sector_id: sectorId,
  }))
}

export function customerRow(client: SampleClient, customer: SampleCustomer): CustomerRow {
  return {
    client_id: client.id,
    id: customer.id,
    name: customer.name,
    role: 'client',
    country: customer.country,
    attributes: JSON.stringify({ language: customer.language, came_by: customer.byOrder ? 'order' : 'contact' }),
    first_contact_at: isoOf(customer.firstContactMs),
  }
}

/** `number` counts the contacts of the local day. */
export function interactionRow(client: SampleClient, day: Day, number: number, served: Served): InteractionRow {
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
  }
}

export function paymentRow(client: SampleClient, day: Day, number: number, order: Order): PaymentRow {
  return {
    client_id: client.id,
    id: idOf(day, 'p', number),
    occurred_at: isoOf(order.atMs),
    kind: order.amountMinor < 0 ? 'refund' : 'charge',
    amount_minor: order.amountMinor,
    currency: client.currency,
    customer_id: order.customer.id,
    agent_id: order.agent?.id ?? null,
    sector_id: order.sectorId,
    channel: order.channel,
    country: order.customer.country,
    external_reference: order.reference,
    settled_at: order.settledMs === null ? null : isoOf(order.settledMs),
  }
}

/** Such as sample-20260301-s0007. */
export function idOf(day: Day, letter: '' | 's' | 'p', number: number): string {
  return `${ID_PREFIX}${day.replaceAll('-', '')}-${letter}${String(number).padStart(4, '0')}`
}

/** The local day in an id that `idOf` made. */
export function dayOfId(id: string): Day {
  const digits = id.slice(ID_PREFIX.length, ID_PREFIX.length + 8)
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`
}

function isoOf(instantMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instantMs).toString()
}
