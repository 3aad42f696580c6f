import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import { addUpPeriods } from './add-up-periods.ts'

const SUMMARIES = ['daily_performance_summary', 'sector_performance_summary']

/**
 * Brings the summaries of all clients up to date with daily_metrics, and the periods that long questions are answered
 * from with the days. Who reads them meanwhile is not held up and sees what they held before. Twice is the same as
 * once.
 */
export async function refreshSummaries(database: Database, signal: AbortSignal): Promise<void> {
  for (const name of SUMMARIES) {
    signal.throwIfAborted()
    await sql`refresh materialized view concurrently ${sql.table(name)}`.execute(database.unhurried)
  }
  await addUpPeriods(database, signal)
}
