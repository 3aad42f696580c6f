import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'

/**
 * Deletes what is over of people's visits: sessions, failed sign-ins, addresses they have not come from for half a
 * year, and the answers that repeated requests get again.
 */
export async function expireVisits(db: SystemDatabase): Promise<void> {
  await sql`delete from sessions where expires_at < now()`.execute(db)
  await sql`delete from sign_in_failures where expire < (extract(epoch from now()) * 1000)::bigint`.execute(db)
  await sql`delete from known_addresses where seen_at < now() - interval '180 days'`.execute(db)
  await sql`delete from idempotency_keys where created_at < now() - interval '1 day'`.execute(db)
}
