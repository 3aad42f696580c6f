import type { ClientDatabase } from '../../db/database.ts'
import type { Day, DayWindow } from '../../time.ts'
import { windowStanding } from '../questions/index.ts'

/** What every question of this folder is about: one client, and a half-open window of its local days. */
export type JourneyQuestion = { clientId: string; timeZone: string; window: DayWindow }

/**
 * The first days from which all facts are kept, raw events and others that are no books; null: they are kept for ever.
 */
export type KeptFrom = { events: Day | null; facts: Day | null }

/** How far an answer can be trusted. */
export type Trust = {
  /** The answer may still change, or lacks facts that are past their time. */
  provisional: boolean
  /** The days it reads that are not over, never rolled up, or not since their last fact. */
  provisionalDays: Day[]
  /** The instant the oldest roll-up it depends on was made; null when none was. */
  dataAsOf: string | null
  /** It reads facts of days before this one, which may have been deleted for their age; null: it reads none such. */
  incompleteBefore: Day | null
  /** The numbers were prepared at this instant, and something has changed since; null: they are of now. */
  asOf: string | null
}

/**
 * `readFrom`: the first day whose facts are read, and the first from which they are kept (null: always); none: roll-ups
 * are.
 */
export async function trustIn(
  db: ClientDatabase,
  clientId: string,
  { window, asOf }: { window: DayWindow; asOf: string | null },
  readFrom: { first: Day; kept: Day | null } | null = null,
): Promise<Trust> {
  const { provisionalDays, dataAsOf } = await windowStanding(db, clientId, window)
  const { first, kept = null } = readFrom ?? {}
  const incompleteBefore = kept !== null && first !== undefined && first < kept ? kept : null
  return {
    provisional: provisionalDays.length > 0 || incompleteBefore !== null || asOf !== null,
    provisionalDays,
    dataAsOf,
    incompleteBefore,
    asOf,
  }
}
