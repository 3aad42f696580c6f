import type { SystemDatabase } from '../db/database.ts'
import type { JsonValue } from '../db/schema.ts'

/** Who changed something: a signed-in person, an API key, whoever followed a mailed link, or whoever has the command line. */
export type Actor = { kind: 'user' | 'key' | 'link' | 'command-line'; id: string; name: string; ip: string | null }

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

/** Puts one change on record. */
export async function writeAudit(db: SystemDatabase, actor: Actor, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('analytics_audit_log')
    .values({
      actor_kind: actor.kind,
      actor_id: actor.id,
      actor_name: actor.name,
      action: entry.action,
      target: entry.target,
      client_id: entry.clientId,
      before: asJson(entry.before),
      after: asJson(entry.after),
      ip: actor.ip,
    })
    .execute()
}

function asJson(value: JsonValue): string | null {
  return value === null ? null : JSON.stringify(value)
}
