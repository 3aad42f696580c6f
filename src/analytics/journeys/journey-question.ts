import type { ClientDatabase } from '../../db/database.ts'
import type { Day, DayWindow } from '../../time.ts'
import { windowFreshness } from '../metrics/index.ts'

/** What every question of this folder is about: one client, and a half-open window of its local days. */
export type JourneyQuestion = { clientId: string; timeZone: string; window: DayWindow }

/** How far an answer can be trusted. */
export type Trust = {
  /** The answer may still change. */
  provisional: boolean
  /** The days it reads that are not over, never rolled up, or not since their last fact. */
  provisionalDays: Day[]
  /** The instant the oldest roll-up it stands on was made; null when none was. */
  dataAsOf: string | null
}

export async function trustIn(db: ClientDatabase, clientId: string, window: DayWindow): Promise<Trust> {
  const { provisionalDays, dataAsOf } = await windowFreshness(db, clientId, window)
  return { provisional: provisionalDays.length > 0, provisionalDays, dataAsOf }
}
