import { sql } from 'kysely'
import type { AnyDatabase } from './database.ts'

/** The second it is by the database's clock, which every process shares: the date of a mail has no fractions. */
export async function databaseSecond(db: AnyDatabase): Promise<string> {
  const { rows } = await sql<{ now: string }>`select date_trunc('second', now()) as now`.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database does not say what time it is')
  return row.now
}
