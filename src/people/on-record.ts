import type { SystemDatabase } from '../db/database.ts'
import { messageOf } from '../errors.ts'
import { type Actor, type AuditEntry, actorColumns, entryColumns, type Outcome } from './audit.ts'

/**
 * Whose changes go on which record. `failureOf`: what an error is called there, and whether it means that nothing was
 * changed. `warn` is told when the record could not be brought to its end.
 */
export type Recorder = {
  db: SystemDatabase
  actor: Actor
  failureOf(error: unknown): { code: string; changedNothing: boolean }
  warn(line: string): void
}

/** What somebody sets out to do, as far as it is known before it is done. */
export type Intent = Pick<AuditEntry, 'action' | 'target' | 'clientId'>

/** What was changed; none or null: nothing was, and nothing stays on record. */
export type Changed = { audit: AuditEntry | readonly AuditEntry[] | null }

/** Thrown by work that has changed something before it failed: `entries` say what. Whoever asked hears of `cause`. */
export class PartlyDoneError extends Error {
  readonly entries: readonly AuditEntry[]
  constructor(entries: readonly AuditEntry[], cause: unknown) {
    super(messageOf(cause), { cause })
    this.name = 'PartlyDoneError'
    this.entries = entries
  }
}

/**
 * Puts a change on record, makes it, and completes the record with what it was. Where the first fails nothing is
 * changed; where the last does, or the process dies, the record says `begun`.
 */
export async function onRecord<Done extends Changed>(
  recorder: Recorder,
  intent: Intent,
  work: () => Promise<Done>,
): Promise<Done> {
  const { id } = await recorder.db
    .insertInto('analytics_audit_log')
    .values({
      ...actorColumns(recorder.actor),
      ...entryColumns({ ...intent, before: null, after: null }),
      outcome: 'begun',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const done = await work().catch((error: unknown) => closeFailed(recorder, { id, intent }, error))
  // It is done: answered as failed, it would be done again.
  await close(recorder, id, { entries: entriesOf(done), outcome: 'done', code: null }).catch((error: unknown) =>
    recorder.warn(`the audit log says "begun" of ${intent.action}, which is done: ${messageOf(error)}`),
  )
  return done
}

function entriesOf({ audit }: Changed): readonly AuditEntry[] {
  if (audit === null) return []
  return 'action' in audit ? [audit] : audit
}

/** The entries of what was done before it failed, or that it failed. */
async function closeFailed(
  recorder: Recorder,
  { id, intent }: { id: number; intent: Intent },
  thrown: unknown,
): Promise<never> {
  const { entries, cause } = thrown instanceof PartlyDoneError ? thrown : { entries: [], cause: thrown }
  const { code, changedNothing } = recorder.failureOf(cause)
  const unknown = changedNothing ? [] : [{ ...intent, before: null, after: null }]
  const end = { entries: entries.length > 0 ? entries : unknown, outcome: 'failed', code } as const
  await close(recorder, id, end).catch((error: unknown) =>
    recorder.warn(`the audit log says "begun" of ${intent.action}, which failed (${code}): ${messageOf(error)}`),
  )
  throw cause
}

type End = { entries: readonly AuditEntry[]; outcome: Outcome; code: string | null }

/** The first entry takes the place of what was begun, the others stand after it. */
async function close({ db, actor }: Recorder, id: number, { entries, outcome, code }: End): Promise<void> {
  const [first, ...others] = entries
  if (first === undefined) {
    await db.deleteFrom('analytics_audit_log').where('id', '=', id).execute()
    return
  }
  const row = db
    .updateTable('analytics_audit_log')
    .set({ ...entryColumns(first), outcome, code })
    .where('id', '=', id)
  if (others.length === 0) {
    await row.execute()
    return
  }
  const more = others.map((entry) => ({ ...actorColumns(actor), ...entryColumns(entry), outcome, code }))
  await db.transaction().execute(async (transaction) => {
    await transaction.executeQuery(row)
    await transaction.insertInto('analytics_audit_log').values(more).execute()
  })
}
