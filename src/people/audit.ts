import type { SystemDatabase, SystemTransaction } from '../db/database.ts'
import type { JsonValue } from '../db/schema.ts'

/**
 * Who did something: a signed-in person, an API key, whoever followed a mailed link, whoever has the command line, or
 * nobody known.
 */
export type Actor = {
  kind: 'user' | 'key' | 'link' | 'command-line' | 'stranger'
  id: string
  name: string
  ip: string | null
}

/** What was done to what. `before` and `after` hold what changed and no secrets. */
export type AuditEntry = {
  /** Kebab-case verb and noun, such as `retry-run`. */
  action: string
  /** What it was done to, such as `run:0199…`. */
  target: string
  clientId: string | null
  before: JsonValue
  after: JsonValue
}

/**
 * What became of it. `begun`: it is in progress, or its process died and nobody knows. `refused`: the right to it was
 * missing. `failed`: it broke off; what was done by then, as far as that is known, is in `after`.
 */
export const OUTCOMES = ['begun', 'done', 'refused', 'failed'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Puts one change on record that is made in the same transaction, or has been made. */
export async function writeAudit(
  db: SystemDatabase | SystemTransaction,
  actor: Actor,
  entry: AuditEntry,
): Promise<void> {
  await db
    .insertInto('analytics_audit_log')
    .values({ ...actorColumns(actor), ...entryColumns(entry) })
    .execute()
}

export function actorColumns({ kind, id, name, ip }: Actor) {
  return { actor_kind: kind, actor_id: id, actor_name: name, ip }
}

export function entryColumns({ action, target, clientId, before, after }: AuditEntry) {
  return { action, target, client_id: clientId, before: asJson(before), after: asJson(after) }
}

function asJson(value: JsonValue): string | null {
  return value === null ? null : JSON.stringify(value)
}
