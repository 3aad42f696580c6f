import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'
import { type Actor, type AuditEntry, actorColumns, entryColumns } from './audit.ts'

/** What was refused, read or tried in vain; nothing was changed. */
type Event = Pick<AuditEntry, 'action' | 'target' | 'clientId'>

const minute = sql<string>`date_trunc('minute', now())`
const oneMore = sql<number>`analytics_audit_log.times + 1`

/** Puts a refusal on record: one row for each actor, action, code and minute, with what it was first aimed at. */
export async function recordRefusal(db: SystemDatabase, actor: Actor, event: Event, code: string): Promise<void> {
  await db
    .insertInto('analytics_audit_log')
    .values({ ...columnsOf(actor, event), outcome: 'refused', code, minute_at: minute })
    .onConflict((conflict) =>
      conflict
        .columns(['actor_kind', 'actor_id', 'action', 'code', 'minute_at'])
        .where('outcome', '=', 'refused')
        .doUpdateSet({ times: oneMore }),
    )
    .execute()
}

/**
 * Puts a download or a failed sign-in on record: one row for each actor, address of theirs, target and minute, which
 * counts.
 */
export async function recordRepeated(db: SystemDatabase, actor: Actor, event: Event): Promise<void> {
  await db
    .insertInto('analytics_audit_log')
    .values({ ...columnsOf(actor, event), outcome: 'done', minute_at: minute })
    .onConflict((conflict) =>
      conflict
        .columns(['actor_kind', 'actor_id', 'ip', 'action', 'target', 'minute_at'])
        .where('outcome', '=', 'done')
        .where('minute_at', 'is not', null)
        .doUpdateSet({ times: oneMore }),
    )
    .execute()
}

function columnsOf(actor: Actor, event: Event) {
  return { ...actorColumns(actor), ...entryColumns({ ...event, before: null, after: null }) }
}
