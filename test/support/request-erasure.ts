import type { Database } from '../../src/db/database.ts'
import { recordErasure, rowsToErase } from '../../src/privacy/index.ts'

/** Puts an erasure on record without a run: a test does it by itself. */
export async function requestErasure(
  database: Database,
  customer: { clientId: string; customerId: string },
  requestedBy: string,
): Promise<{ erasureId: string; rows: Record<string, number> }> {
  const rows = await rowsToErase(database, customer)
  const db = database.forClient(customer.clientId)
  const erasureId = await db.transaction().execute((tx) => recordErasure(tx, customer, requestedBy))
  return { erasureId, rows }
}
