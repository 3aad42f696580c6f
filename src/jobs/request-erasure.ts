import type { Database } from '../db/database.ts'
import { recordErasure, rowsToErase } from '../privacy/index.ts'
import { type Ledger, on, type RequestOptions } from '../queues/index.ts'
import { eraseCustomer } from './erase-customer.ts'

/**
 * Puts the erasure of a customer on record with the run that does it; the same customer twice is the same erasure and
 * run while it is in progress. Throws InputError `no-such-customer`, which does not repeat the id.
 */
export async function requestErasure(
  { database, ledger }: { database: Database; ledger: Ledger },
  customer: { clientId: string; customerId: string },
  asked: Pick<RequestOptions, 'origin' | 'requestedBy'>,
): Promise<{ erasureId: string; runId: string; rows: Record<string, number> }> {
  const rows = await rowsToErase(database, customer)
  const { clientId } = customer
  return ledger.requestWith(database.forClient(clientId), { ...asked, again: 'failed' }, async (tx, request) => {
    const erasureId = await recordErasure(tx, customer, asked.requestedBy)
    const { runId } = await request(on(eraseCustomer, { clientId, erasureId }))
    return { erasureId, runId, rows }
  })
}
