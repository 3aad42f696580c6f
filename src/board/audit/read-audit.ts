import { sql } from 'kysely'
import { z } from 'zod'
import type { SystemDatabase } from '../../db/database.ts'
import { OUTCOMES, type Outcome } from '../../people/audit.ts'

const PAGE = 50

export type AuditView = {
  id: number
  at: string
  actorKind: string
  actorName: string
  action: string
  target: string
  clientId: string | null
  outcome: Outcome
  code: string | null
  /** How often within the minute it was counted in. */
  times: number
  before: unknown
  after: unknown
  ip: string | null
}

/** What the log may be narrowed to. */
export const auditFilter = z.strictObject({
  outcome: z.enum(OUTCOMES).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'is none of ours')
    .optional(),
})

/** Changes, newest first; of one client where `clientId` names it. */
export async function readAudit(
  db: SystemDatabase,
  clientId: string | null,
  { outcome, cursor }: z.output<typeof auditFilter>,
): Promise<{ entries: AuditView[]; nextCursor: string | null }> {
  let query = db
    .selectFrom('analytics_audit_log')
    .select([
      'id',
      'at',
      'actor_kind as actorKind',
      'actor_name as actorName',
      'action',
      'target',
      'client_id as clientId',
      sql<Outcome>`outcome`.as('outcome'),
      'code',
      'times',
      'before',
      'after',
      'ip',
    ])
    .orderBy('id', 'desc')
    .limit(PAGE + 1)
  if (clientId !== null) query = query.where('client_id', '=', clientId)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  if (cursor !== undefined) query = query.where('id', '<', Number(cursor))
  const rows = await query.execute()
  const entries = rows.slice(0, PAGE)
  const last = entries.at(-1)
  return { entries, nextCursor: rows.length > PAGE && last ? String(last.id) : null }
}
