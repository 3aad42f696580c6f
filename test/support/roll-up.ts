import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import type { Database } from '../../src/db/database.ts'
import type { Day } from '../../src/time.ts'

/** Rolls days of a client up, one after the other, as the job does. */
export async function rollUpDays(database: Database, clientId: string, days: readonly Day[]): Promise<void> {
  for (const day of days)
    await database
      .forClient(clientId)
      .transaction()
      .execute((tx) => rollUpDay(tx, { clientId, day }))
}
