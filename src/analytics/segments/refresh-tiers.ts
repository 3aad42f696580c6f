import { sql } from 'kysely'
import type { ClientTransaction } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'
import { HIGH_VALUE_QUANTILE, LOOKBACK_DAYS, NEW_DAYS, REGULAR_TIMES, SILENT_DAYS } from './tiers.ts'

export type RefreshedTiers = {
  customers: number
  /** Customers whose tier is another than the day before. */
  changed: number
}

const putIntoTiers = sqlFile<RefreshedTiers>(import.meta.dirname, 'refresh-tiers.sql')

/**
 * Puts every customer into its tier as of the end of a local day, from what was rolled up until then; keeps when each
 * entered and left (the day it left is the day it entered the next). Twice is the same as once: what an earlier run of
 * the same day wrote is undone first. History only goes forward: null, and nothing is changed, when a later day has
 * been refreshed already.
 */
export async function refreshTiers(
  tx: ClientTransaction,
  { clientId, day }: { clientId: string; day: Day },
): Promise<RefreshedTiers | null> {
  await sql`select pg_advisory_xact_lock(hashtextextended('refresh-tiers:' || ${clientId}::text, 0))`.execute(tx)
  if (await isLaterDayDone(tx, clientId, day)) return null
  await undoDay(tx, clientId, day)
  const limits = [NEW_DAYS, SILENT_DAYS, LOOKBACK_DAYS, REGULAR_TIMES, HIGH_VALUE_QUANTILE]
  const [refreshed] = await putIntoTiers(tx, [clientId, day, ...limits])
  return refreshed ?? { customers: 0, changed: 0 }
}

async function isLaterDayDone(tx: ClientTransaction, clientId: string, day: Day): Promise<boolean> {
  const later = await tx
    .selectFrom('customer_tiers')
    .select('customer_id')
    .where('client_id', '=', clientId)
    .where((eb) => eb.or([eb('entered_on', '>', day), eb('left_on', '>', day)]))
    .limit(1)
    .executeTakeFirst()
  return later !== undefined
}

async function undoDay(tx: ClientTransaction, clientId: string, day: Day): Promise<void> {
  await tx.deleteFrom('customer_tiers').where('client_id', '=', clientId).where('entered_on', '=', day).execute()
  await tx
    .updateTable('customer_tiers')
    .set({ left_on: null })
    .where('client_id', '=', clientId)
    .where('left_on', '=', day)
    .execute()
}
