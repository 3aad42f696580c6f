import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'

/** A run as it was when somebody looked. */
export type SeenRun = { id: string; state: 'queued' | 'running'; attempt: number }

const planAgainUnlessMoved = sqlFile<{ id: string }>(import.meta.dirname, 'plan-lost-runs.sql')

/**
 * Plans runs again that nobody works on any more, unless they have moved on since they were looked at. Returns how
 * many.
 */
export async function planLostRuns(db: SystemDatabase, seen: SeenRun[]): Promise<number> {
  if (seen.length === 0) return 0
  const rows = await planAgainUnlessMoved(db, [JSON.stringify(seen)])
  return rows.length
}
