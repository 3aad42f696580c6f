import { beforeEach } from 'vitest'
import { type RolledDay, rollUpDay } from '../../src/analytics/metrics/index.ts'
import { emptyDatabase } from './empty-database.ts'
import { ACME, table } from './given.ts'
import { createTestDatabase } from './test-database.ts'

/** Days of contacts, and what they are rolled up to. */

const { database } = await createTestDatabase()

export const db = database.system

beforeEach(async () => {
  await emptyDatabase(db)
})

export function rollUp(day: string, clientId = ACME): Promise<RolledDay> {
  return database
    .forClient(clientId)
    .transaction()
    .execute((tx) => rollUpDay(tx, { clientId, day }))
}

export const NOTHING = {
  client_id: ACME,
  agent_id: '',
  sector_id: '',
  channel: 'voice',
  offered: 0,
  answered: 0,
  abandoned: 0,
  short_abandoned: 0,
  missed: 0,
  answered_in_threshold: 0,
  wait_answered_s: 0,
  talk_s: 0,
  hold_s: 0,
  wrap_s: 0,
  resolved: 0,
  resolved_first: 0,
  escalated: 0,
  automated: 0,
  csat_count: 0,
  csat_sum: 0,
  csat_satisfied: 0,
  nps_count: 0,
  nps_promoters: 0,
  nps_detractors: 0,
  orders: 0,
  refunds: 0,
  gross_minor: 0,
  refunded_minor: 0,
}

/** One answered call, within the threshold, plus what the test is about. */
export function oneCall(day: string, hour_at: string, more: Partial<typeof NOTHING> = {}) {
  return { ...NOTHING, day, hour_at, offered: 1, answered: 1, answered_in_threshold: 1, ...more }
}

/** The rows of agent_metrics, without what they have nothing of. */
export async function agentMetrics() {
  const rows = await table(db, 'agent_metrics')
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
}
