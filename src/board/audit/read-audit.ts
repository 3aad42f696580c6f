import { sql } from 'kysely'
import { z } from 'zod'
import type { SystemDatabase } from '../../db/database.ts'
import { defineCursor, pageOf, rowsToRead } from '../../page.ts'
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
  cursor: z.string().max(300).optional(),
})

const entryCursor = defineCursor(z.tuple([z.int()]))

/** Changes, newest first, in pages; of one client where `clientId` names it. Throws InputError `invalid-cursor`. */
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
    .limit(rowsToRead(PAGE))
  if (clientId !== null) query = query.where('client_id', '=', clientId)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  const after = entryCursor.read(cursor)
  if (after !== null) query = query.where('id', '<', after[0])
  const page = pageOf(await query.execute(), PAGE, ({ id }) => entryCursor.write([id]))
  return { entries: page.rows, nextCursor: page.nextCursor }
}
