import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day, DayWindow } from '../../time.ts'

const selectStandings = sqlFile<RollUpStanding>(import.meta.dirname, 'read-standings.sql', { prepared: true })

/** What the days of a span are known to be. */
export type RollUpStanding = {
  /** Changes with every change of the roll-ups that the numbers of the span stand on. */
  stamp: string
  dataAsOf: string | null
  dirtyDays: Day[]
  /** Never rolled up; those still to come are among them. */
  unrolledDays: Day[]
}

/** The standing of each window, in their order. `fromTheBeginning`: their numbers stand on every day before them too, as levels do. */
export async function readStandings(
  db: ClientDatabase,
  clientId: string,
  windows: readonly DayWindow[],
  fromTheBeginning: boolean,
): Promise<RollUpStanding[]> {
  const from = windows.map((window) => window.from)
  const to = windows.map((window) => window.to)
  return selectStandings(db, [clientId, from, to, fromTheBeginning ? windows.map(() => '-infinity') : from])
}
