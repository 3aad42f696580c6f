import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'

/** The database's time: the one clock that all schedulers share. */
export async function databaseNow(db: AnyDatabase): Promise<Temporal.Instant> {
  const { rows } = await sql<{ now: string }>`select now() as now`.execute(db)
  return Temporal.Instant.from(rows[0]?.now ?? '')
}
