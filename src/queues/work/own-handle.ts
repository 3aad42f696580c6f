import type { ClientDatabase, Database } from '../../db/database.ts'

/**
 * Whose rows a run's own transactions see: its client's, or everybody's for a run of the whole system. Its job writes
 * what it asks for in them, so the type says `client`, which is what all jobs but those few are about.
 */
export function ownHandle(
  clientId: string | null,
  database: Pick<Database, 'unhurried' | 'forClient'>,
): ClientDatabase {
  if (clientId !== null) return database.forClient(clientId)
  return database.unhurried as unknown as ClientDatabase
}

/** The handle of RunContext. That of a run of the whole system is bound to no client, and sees no row of anybody. */
export function clientHandle(clientId: string | null, database: Pick<Database, 'forClient'>): ClientDatabase {
  return database.forClient(clientId ?? '')
}
