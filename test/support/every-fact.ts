import { type RawBuilder, sql } from 'kysely'
import type { SystemDatabase } from '../../src/db/database.ts'

/** One fact of every kind that names a customer, all of them speaking of that customer by id wherever they can. */
export type FactsOf = { clientId: string; customerId: string; at: string; key: string }

/**
 * Writes one row into every table that names a customer. `key` makes their ids, so that two calls are two facts of each
 * kind.
 */
export async function givenEveryFact(db: SystemDatabase, { clientId, customerId, at, key }: FactsOf): Promise<void> {
  const later = sql`${at}::timestamptz + interval '30 minutes'`
  const day = at.slice(0, 10)
  const who = { client_id: clientId, id: key, customer_id: customerId }
  const rows: [table: string, row: Record<string, unknown>][] = [
    [
      'interactions',
      {
        ...who,
        started_at: at,
        status: 'answered',
        wait_s: 0,
        talk_s: 60,
        resolved: true,
        agent_id: 'anna',
        topic: 'bill',
      },
    ],
    [
      'customer_satisfaction',
      { ...who, answered_at: at, interaction_id: key, csat: 5, nps: 9, comment: `I am ${customerId}.` },
    ],
    [
      'call_quality_scores',
      {
        client_id: clientId,
        id: key,
        reviewed_at: at,
        interaction_id: key,
        agent_id: 'anna',
        overall: 80,
        comment: 'Ada was in a hurry',
      },
    ],
    ['payments', { ...who, occurred_at: at, kind: 'charge', amount_minor: 1234, currency: 'EUR', country: 'CH' }],
    ['leads', { ...who, created_at: at, value_minor: 500, currency: 'EUR' }],
    ['lead_stage_changes', { ...who, changed_at: at, lead_id: key, to_stage: 'qualified' }],
    [
      'deals',
      { ...who, opened_at: at, closed_at: later, state: 'won', amount_minor: 900, currency: 'EUR', lead_id: key },
    ],
    ['touchpoints', { ...who, touched_at: at, campaign_id: 'spring', kind: 'mail' }],
    ['service_requests', { ...who, requested_at: at, service: 'tax', state: 'requested' }],
    ['bookings', { ...who, starts_at: at, ends_at: later, state: 'completed', provider_id: 'p1' }],
    [
      'analytics_events',
      { ...who, occurred_at: at, name: 'visit', properties: JSON.stringify({ customer: customerId }), session_id: 's' },
    ],
    ['subscriptions', { ...who, starts_at: at, amount_minor: 100, currency: 'EUR' }],
    ['customer_tiers', { client_id: clientId, customer_id: customerId, tier: 'new', entered_on: day, left_on: day }],
  ]
  for (const [table, row] of rows) await insert(db, table, row)
}

async function insert(db: SystemDatabase, table: string, row: Record<string, unknown>): Promise<void> {
  const values: RawBuilder<unknown>[] = Object.values(row).map((value) => sql`${value}`)
  const columns = Object.keys(row).map((name) => sql.ref(name))
  await sql`insert into ${sql.table(table)} (${sql.join(columns)}) values (${sql.join(values)})`.execute(db)
}
