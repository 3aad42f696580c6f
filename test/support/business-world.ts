import { beforeEach } from 'vitest'
import type { MetricKey } from '../../src/analytics/metrics/catalogue/index.ts'
import type { FamilyName } from '../../src/analytics/metrics/components.ts'
import { type Day } from '../../src/time.ts'
import { dailyRows, metricsOf } from './daily-rows.ts'
import { emptyDatabase } from './empty-database.ts'
import { ACME } from './given.ts'
import { rollUpDays } from './roll-up.ts'
import { createTestDatabase } from './test-database.ts'

/** Business metrics of days that are rolled up. */

export const { database } = await createTestDatabase()

export const db = database.system

beforeEach(async () => {
  await emptyDatabase(db)
})

export async function rollUp(...days: Day[]): Promise<void> {
  await rollUpDays(database, ACME, days)
}

/** The days whose roll-up has not seen all of their facts. */
export async function dirtyDays(): Promise<Day[]> {
  const rows = await db
    .selectFrom('rollup_days')
    .select('day')
    .whereRef('facts_version', '>', 'rolled_version')
    .orderBy('day')
    .execute()
  return rows.map(({ day }) => day)
}

export const rollUpDirtyDays = async () => rollUp(...(await dirtyDays()))

/** The rows of one dimension; each without the columns that hold nothing. */
export async function rowsOf(family: FamilyName, dimension: string) {
  const rows = await dailyRows(db, ACME, [family])
  return rows.filter((row) => row.dimension === dimension).map(({ dimension: _, ...row }) => row)
}

export const client = async (family: FamilyName) => (await rowsOf(family, 'client')).map(({ member: _, ...row }) => row)

export function metrics<Key extends MetricKey>(
  from: Day,
  to: Day,
  ...keys: Key[]
): Promise<Record<Key, number | null>> {
  return metricsOf(db, { clientId: ACME, from, to }, keys)
}
