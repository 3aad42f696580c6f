import type { FactCounts, FactKind, FactOwner, ItemError, JsonItem, StoredFacts } from '../../ingest/index.ts'
import type { AuditEntry } from '../../people/audit.ts'
import { actingClient } from '../http/acting-client.ts'
import type { Context } from '../http/context.ts'
import { HttpError } from '../http/problem.ts'

/** The most facts that one request may bring. */
export const FACTS_MAX = 10_000

/** The client that facts are written for. Throws what actingClient does. */
export async function findOwner(context: Context, client: string | undefined): Promise<FactOwner> {
  const { clientId, timeZone, currency } = await actingClient(context, client)
  return { id: clientId, timeZone, currency }
}

/** Throws HttpError `too-many-facts`. */
export function refuseTooMany(count: number): void {
  if (count <= FACTS_MAX) return
  const message = `A request brings at most ${FACTS_MAX.toLocaleString('en')} facts. Send them in parts.`
  throw new HttpError('too-many-facts', message)
}

/** Stores one fact that came alone. Throws HttpError `invalid-fact` that names it and each field at fault. */
export async function storeOne(
  { board }: Context,
  owner: FactOwner,
  kind: FactKind,
  value: unknown,
): Promise<StoredFacts> {
  const stored = await board.facts(owner, kind, [{ value }])
  if (stored.errors.length > 0) throw invalidFact(kind, stored.errors)
  return stored
}

function invalidFact(kind: FactKind, errors: readonly ItemError[]): HttpError {
  const id = errors[0]?.id ?? null
  const what = id === null ? `The fact (${kind.name})` : `The fact "${id}" (${kind.name})`
  const words = errors.map(({ field, reason }) => (field === '' ? reason : `${field} ${reason}`)).join('; ')
  return new HttpError('invalid-fact', `${what} is not stored: ${words}.`, {
    errors: errors.map(({ field, reason }) => ({
      in: 'body',
      pointer: field === '' ? '' : `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail: reason,
    })),
  })
}

/** What the audit log says of facts that came in: how many, and nothing of what they say. null: nothing changed. */
export function auditOf(owner: FactOwner, stored: ReadonlyMap<string, FactCounts>): AuditEntry | null {
  const changed = [...stored].filter(([, { inserted, updated }]) => inserted + updated > 0)
  if (changed.length === 0) return null
  return {
    action: 'store-facts',
    target: `facts:${changed.map(([kind]) => kind).join(',')}`,
    clientId: owner.id,
    before: null,
    after: Object.fromEntries(changed.map(([kind, counts]) => [kind, { ...counts }])),
  }
}

/** The values of a list, as items of a batch. */
export function itemsOf(values: readonly unknown[]): JsonItem[] {
  return values.map((value) => ({ value }))
}
