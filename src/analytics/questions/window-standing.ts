import type { ClientDatabase } from '../../db/database.ts'
import { type Day, type DayWindow, daysOf } from '../../time.ts'
import { countQuarantined } from './read-period.ts'
import { readStanding } from './read-standings.ts'

/** How far the roll-ups of a window can be trusted. */
export type WindowStanding = {
  /** Rolled up before the last of their facts came in, or before they were over. Rolling them up again is due. */
  dirtyDays: Day[]
  /** Never rolled up: nothing is known of them, not even that nothing happened. */
  unrolledDays: Day[]
  /** Both, in order: what is read over such a window may still change. */
  provisionalDays: Day[]
  /** The instant the oldest roll-up of the window was made; null when none was. */
  dataAsOf: string | null
  /** Facts of the window that contradict themselves, and are in none of its sums. */
  quarantined: number
}

/**
 * Says of any window, days to come included, what an answer says of its own. Of a client that is not there nothing is
 * known.
 */
export async function windowStanding(db: ClientDatabase, clientId: string, window: DayWindow): Promise<WindowStanding> {
  const standing = await readStanding(db, clientId, window)
  if (standing === null) {
    const unrolledDays = daysOf(window)
    return { dirtyDays: [], unrolledDays, provisionalDays: unrolledDays, dataAsOf: null, quarantined: 0 }
  }
  const { dataAsOf, dirtyDays, waitingDays, unrolledDays } = standing
  return {
    dirtyDays: [...dirtyDays, ...waitingDays].sort(),
    unrolledDays,
    provisionalDays: [...dirtyDays, ...unrolledDays].sort(),
    dataAsOf,
    quarantined: await countQuarantined(db, { clientId, span: { ...window, hours: null }, waiting: waitingDays }),
  }
}
