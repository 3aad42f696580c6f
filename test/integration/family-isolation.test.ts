import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { dailyStatement } from '../../src/analytics/metrics/families/daily-step.ts'
import { type DayOfClient, statementStep } from '../../src/analytics/metrics/families/family.ts'
import type { AnyDatabase, ClientTransaction } from '../../src/db/database.ts'
import { BUSINESS_FAMILIES } from '../support/daily-rows.ts'
import { given, table } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system

const FOLDER = join(import.meta.dirname, '../../src/analytics/metrics/families')
const AT = '2026-03-02T10:00:00Z'
const UNTIL = '2026-03-02T11:00:00Z'
const text = (file: string) => readFileSync(join(FOLDER, file), 'utf8')

/** Every statement that rolls up facts of a day, by name. */
const STATEMENTS: [string, string][] = [
  ...BUSINESS_FAMILIES.map((family): [string, string] => [family, dailyStatement(text(`${family}.sql`), family)]),
  ...['sales-cycles', 'contacts', 'satisfaction', 'satisfaction-days', 'quality', 'agent-time'].map(
    (name): [string, string] => [name, text(`${name}.sql`)],
  ),
]
const ROLL_UPS = [
  'agent_metrics',
  'daily_metrics',
  'metric_histograms',
  'quarantined_facts',
  'repeated_contacts',
] as const

/** As written by somebody who forgot whose facts they were after. */
function withoutFilter(statement: string): string {
  return statement.replaceAll('client_id = :client_id', 'client_id is not null')
}

function dayOf(clientId: string): DayOfClient {
  return {
    ...{ clientId, day: '2026-03-02', from: '2026-03-02T00:00:00Z', to: '2026-03-03T00:00:00Z', timeZone: 'UTC' },
    ...{ currency: 'EUR', serviceLevelS: 20, shortAbandonS: 5, cancelHours: 24 },
  }
}

/** One fact of every kind, with the same ids for every client, and amounts that tell whose they are. */
async function oneOfEach(client_id: string, amount_minor: number): Promise<void> {
  const one = { client_id, id: 'same', customer_id: 'same', campaign_id: 'same', agent_id: 'same', provider_id: 'same' }
  const { customer_id, agent_id, campaign_id, provider_id, ...key } = one
  const money = { amount_minor, currency: 'EUR' }
  await given.client(db, { id: client_id })
  await given.calls(db, [[AT, { ...key, agent_id, customer_id, campaign_id, talk_s: amount_minor % 1000 }]])
  await given.surveys(db, [[AT, { ...key, agent_id, customer_id, campaign_id, csat: amount_minor === 7 ? 5 : 1 }]])
  const overall = amount_minor === 7 ? 90 : 10
  await given.facts(db, 'call_quality_scores', [{ ...key, agent_id, reviewed_at: AT, overall }])
  const [changed_at, status] = amount_minor === 7 ? ([AT, 'available'] as const) : ([UNTIL, 'break'] as const)
  await given.facts(db, 'agent_status_changes', [{ ...key, agent_id, changed_at, status }])
  await db
    .insertInto('customers')
    .values({ ...key, role: `${client_id} buyer`, first_contact_at: AT })
    .execute()
  await given.payments(db, [[AT, { ...one, amount_minor }]])
  await given.facts(db, 'cost_analysis', [{ ...key, ...money, agent_id, category: 'labour', incurred_at: AT }])
  await given.facts(db, 'subscriptions', [{ ...key, ...money, customer_id, starts_at: AT }])
  await given.facts(db, 'leads', [{ ...key, customer_id, created_at: AT, value_minor: amount_minor, currency: 'EUR' }])
  await given.facts(db, 'lead_stage_changes', [{ ...key, lead_id: 'same', changed_at: AT, to_stage: 'won' }])
  await given.facts(db, 'deals', [{ ...key, ...money, customer_id, opened_at: AT, closed_at: UNTIL, state: 'won' }])
  await given.facts(db, 'campaign_spend', [{ ...key, ...money, campaign_id, spent_at: AT }])
  await given.facts(db, 'touchpoints', [{ ...key, customer_id, campaign_id, touched_at: AT, kind: 'ad' }])
  await given.facts(db, 'service_requests', [{ ...key, customer_id, provider_id, requested_at: AT, service: 'audit' }])
  await given.facts(db, 'bookings', [{ ...key, customer_id, provider_id, starts_at: AT, ends_at: UNTIL }])
  await given.facts(db, 'provider_availability', [{ ...key, provider_id, starts_at: AT, ends_at: UNTIL }])
  await given.facts(db, 'analytics_events', [{ ...key, customer_id, occurred_at: AT, name: 'visit' }])
}

async function empty(): Promise<void> {
  for (const name of ROLL_UPS) await db.deleteFrom(name).execute()
}

let serial = 0

/** What a statement writes for a client, by whoever runs it. */
async function run(as: AnyDatabase, statement: string, clientId: string) {
  serial += 1
  const step = statementStep(statement, `under test ${serial}`)
  // Of the system's handle on purpose, too: what the statement itself keeps apart shows only where nobody hides
  // anything.
  await as.transaction().execute((tx) => step(tx as ClientTransaction, dayOf(clientId)))
  const written = (await Promise.all(ROLL_UPS.map((name) => table(db, name)))).flat()
  await empty()
  return written
}

beforeAll(async () => {
  await oneOfEach('a', 7)
  await oneOfEach('b', 7_000_001)
})

beforeEach(empty)

test.each(STATEMENTS)(
  '%s of one client never counts what another with the same ids did, not even without a filter',
  async (_, statement) => {
    const rows = await run(database.forClient('a'), statement, 'a')
    expect(rows.length).toBeGreaterThan(0)
    expect(new Set(rows.map((row) => row['client_id']))).toEqual(new Set(['a']))
    expect(await run(database.forClient('a'), withoutFilter(statement), 'a')).toEqual(rows)
    // The filter was one: where nobody hides the other client's facts, they are counted without it.
    expect(await run(db, statement, 'a')).toEqual(rows)
    expect(await run(db, withoutFilter(statement), 'a')).not.toEqual(rows)
  },
)

test.each(STATEMENTS)('%s of another client cannot be rolled up', async (_, statement) => {
  expect(await run(database.forClient('a'), statement, 'b')).toEqual([])
  await expect(run(database.forClient('a'), withoutFilter(statement), 'b')).rejects.toThrow('row-level security')
})
