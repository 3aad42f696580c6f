import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day, DayWindow } from '../../time.ts'

const selectGapDays = sqlFile<{ day: Day }>(import.meta.dirname, 'gap-days.sql')

/**
 * Days of a window without any fact or roll-up between two days of the client that hold facts: nothing happened on
 * them, and only a roll-up says so.
 */
export async function gapDays(db: ClientDatabase, clientId: string, { from, to }: DayWindow): Promise<Day[]> {
  return (await selectGapDays(db, [clientId, from, to])).map(({ day }) => day)
}
