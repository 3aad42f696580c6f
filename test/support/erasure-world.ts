import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { eraseCustomer } from '../../src/privacy/index.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { emptyDatabase } from './empty-database.ts'
import { ACME, given, table } from './given.ts'
import { requestErasure } from './request-erasure.ts'
import { rollUpDays } from './roll-up.ts'
import { createTestDatabase } from './test-database.ts'

/** Two customers with every fact, one of whom is erased. */

export const { database } = await createTestDatabase()

export const db = database.system

const folder = await mkdtemp(join(tmpdir(), 'daybreak-erasure-'))

export const storage = openFolderStore(folder)

export const importFolder = await mkdtemp(join(tmpdir(), 'daybreak-erasure-imports-'))

export const never = new AbortController().signal

export const ADA = 'ada-1815@example.com'

export const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03']

export const ROLL_UPS = [
  'daily_metrics',
  'agent_metrics',
  'revenue_metrics',
  'performance_trends',
  'metric_histograms',
  'quarantined_facts',
] as const

afterAll(async () => {
  for (const each of [folder, importFolder]) await rm(each, { recursive: true, force: true })
})

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

export async function customers(...ids: string[]): Promise<void> {
  const values = ids.map((id) => ({
    client_id: ACME,
    id,
    name: `Name of ${id}`,
    country: 'CH',
    first_contact_at: `${DAYS[0]}T08:00:00Z`,
  }))
  await db.insertInto('customers').values(values).execute()
}

export async function rollUp(days: readonly string[], clientId = ACME): Promise<void> {
  await rollUpDays(database, clientId, days)
}

export async function erase(customerId: string, signal: AbortSignal = never, clientId = ACME) {
  const { erasureId } = await requestErasure(database, { clientId, customerId }, 'tester')
  return eraseCustomer({ database, storage, signal }, { clientId, erasureId })
}

export async function tables(names: readonly (keyof DB)[]): Promise<Record<string, unknown[]>> {
  const entries: [string, unknown[]][] = []
  for (const name of names) entries.push([name, await table(db, name)])
  return Object.fromEntries(entries)
}

export async function audited(
  clientId: string,
  entry: { target: string; after?: unknown; actor?: string },
): Promise<void> {
  const actor = entry.actor ?? 'x'
  const after = JSON.stringify(entry.after ?? null)
  await db
    .insertInto('analytics_audit_log')
    .values({
      actor_kind: 'user',
      actor_id: actor,
      actor_name: actor,
      action: 'change',
      client_id: clientId,
      target: entry.target,
      after,
    })
    .execute()
}

/** Comments on three contacts. */
export const COMMENTS = { 'call_quality_scores.comment': 3, 'customer_satisfaction.comment': 3 }

export const pseudonym = expect.stringMatching(/^erased-[0-9a-f-]{36}$/)

/** A signal that fires at the nth look. */
export function abortingAt(look: number): AbortSignal {
  let left = look
  return {
    throwIfAborted() {
      left -= 1
      if (left < 0) throw new Error('broken off')
    },
  } as AbortSignal
}
