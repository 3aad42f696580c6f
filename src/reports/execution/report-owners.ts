import type { ClientTransaction } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'

const reportOwners = sqlFile<{ runId: string; address: string }>(import.meta.dirname, 'report-owners.sql')

/** The owners of the subscriptions that runs render a report for, or send a copy of. */
export function ownersOfReports(
  tx: ClientTransaction,
  runIds: readonly string[],
): Promise<{ runId: string; address: string }[]> {
  return reportOwners(tx, [runIds])
}
