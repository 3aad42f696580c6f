import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'

/** Of each person the addresses that were used last. */
const KEPT_MAX = 20

/** What stands for the address of a person; `userId` is an expression of SQL. */
export function addressHash(userId: ReturnType<typeof sql>, network: string) {
  return sql<Buffer>`sha256(convert_to(${userId}::text || ' ' || ${network}, 'UTF8'))`
}

/** Remembers from where somebody signed in. */
export async function rememberAddress(db: SystemDatabase, userId: string, network: string): Promise<void> {
  await sql`insert into known_addresses (user_id, address_hash) values (${userId}, ${addressHash(sql`${userId}`, network)})
    on conflict (user_id, address_hash) do update set seen_at = now()`.execute(db)
  const older = db
    .selectFrom('known_addresses')
    .select('address_hash')
    .where('user_id', '=', userId)
    .orderBy('seen_at', 'desc')
    .offset(KEPT_MAX)
  await db.deleteFrom('known_addresses').where('user_id', '=', userId).where('address_hash', 'in', older).execute()
}
