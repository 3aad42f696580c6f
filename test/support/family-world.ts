import { beforeEach } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { emptyDatabase } from './empty-database.ts'
import { ACME, table } from './given.ts'
import { rollUpDays } from './roll-up.ts'
import { createTestDatabase } from './test-database.ts'

/** Days that are rolled up, and their rows without what there is nothing of. */

export const { database } = await createTestDatabase()

export const db = database.system

beforeEach(async () => {
  await emptyDatabase(db)
})

export async function rollUp(...days: string[]): Promise<void> {
  await rollUpDays(database, ACME, days)
}

export type Row = Record<string, unknown>

function nonZero({ client_id, ...rest }: Row): Row {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== 0))
}

/** Rows without the client, and without what there is nothing of. */
export async function rows(name: keyof DB, wanted: Row = {}): Promise<Row[]> {
  const all = await table(db, name)
  return all.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value)).map(nonZero)
}

export async function dirtyDays(): Promise<unknown[]> {
  const all = await table(db, 'rollup_days')
  return all.filter((row) => Number(row['facts_version']) > Number(row['rolled_version'])).map((row) => row['day'])
}

export async function everything() {
  const names = [
    'agent_metrics',
    'daily_metrics',
    'performance_trends',
    'metric_histograms',
    'repeated_contacts',
  ] as const
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await rows(name)]))) as Record<
    (typeof names)[number],
    Row[]
  >
}
