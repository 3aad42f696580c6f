import type { SystemDatabase } from '../../db/database.ts'

const PAGE = 50

export type AuditView = {
  id: number
  at: string
  actorKind: string
  actorName: string
  action: string
  target: string
  clientId: string | null
  before: unknown
  after: unknown
  ip: string | null
}

/** Changes, newest first; of one client where `clientId` names it. */
export async function readAudit(
  db: SystemDatabase,
  clientId: string | null,
  cursor: string | undefined,
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
      'before',
      'after',
      'ip',
    ])
    .orderBy('id', 'desc')
    .limit(PAGE + 1)
  if (clientId !== null) query = query.where('client_id', '=', clientId)
  if (cursor !== undefined) query = query.where('id', '<', Number(cursor))
  const rows = await query.execute()
  const entries = rows.slice(0, PAGE)
  const last = entries.at(-1)
  return { entries, nextCursor: rows.length > PAGE && last ? String(last.id) : null }
}
