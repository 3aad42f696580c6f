import type { AuditEntry } from '../../people/audit.ts'
import type { BulkAction, BulkCount, Ledger, RunFilter } from '../../queues/index.ts'

/** Changes everything of a filter, up to the count somebody has seen. What changed nothing goes on no record. */
export async function changeRuns(
  ledger: Ledger,
  requestedBy: string,
  { action, filter, count }: { action: BulkAction; filter: RunFilter; count: number },
): Promise<{ matching: BulkCount; changed: number; audit: AuditEntry | null }> {
  const matching = await ledger.countAll(action, filter)
  const changed = await ledger.changeAll({ action, filter, seen: count, requestedBy })
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
