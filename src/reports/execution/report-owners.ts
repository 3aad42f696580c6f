import type { SystemTransaction } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'

const reportOwners = sqlFile<{ id: string; address: string }>(import.meta.dirname, 'report-owners.sql')

/** The owners of the schedules that runs render a report for, or send a copy of. */
export function ownersOfReports(
  tx: SystemTransaction,
  runIds: readonly string[],
): Promise<{ id: string; address: string }[]> {
  return reportOwners(tx, [runIds])
}
