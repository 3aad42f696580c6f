import type { BulkAction, BulkCount, RunFilter } from '../queues/index.ts'
import type { AuditEntry } from './audit.ts'
import type { Context } from './context.ts'

/** Changes everything of a filter, which is bound to the visitor's client already, up to the count they have seen. */
export async function changeRuns(
  { board, identity }: Context,
  { action, filter, count }: { action: BulkAction; filter: RunFilter; count: number },
): Promise<{ matching: BulkCount; changed: number; audit: AuditEntry | null }> {
  const matching = await board.ledger.countAll(action, filter)
  const changed = await board.ledger.changeAll({ action, filter, seen: count, requestedBy: identity.name })
  const asked = Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  )
  const audit = {
    action: `${action}-runs`,
    target: 'runs',
    clientId: filter.clientId ?? null,
    before: { ...matching.byState },
    after: { filter: asked, seen: count, changed },
  }
  return { matching, changed, audit: changed === 0 ? null : audit }
}
