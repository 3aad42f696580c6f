import type { AnyDatabase } from '../../db/database.ts'

/** Clients a choice offers. */
const OPTIONS_MAX = 1000

/** The clients in sight, for a choice. */
export async function clientOptions(db: AnyDatabase): Promise<{ value: string; label: string }[]> {
  return db.selectFrom('clients').select(['id as value', 'name as label']).orderBy('name').limit(OPTIONS_MAX).execute()
}

/** A client's zone; UTC for work of the whole system. */
export async function timeZoneOf(db: AnyDatabase, clientId: string | null): Promise<string> {
  if (clientId === null) return 'UTC'
  const row = await db.selectFrom('clients').select('time_zone').where('id', '=', clientId).executeTakeFirst()
  return row?.time_zone ?? 'UTC'
}
