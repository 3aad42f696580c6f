/**
 * What a report waits for. It reads roll-ups of its window and of the days it compares with (`reads` of the report).
 * Those of the window have to be there before it begins, so its run depends on theirs, which plans the ones that nobody
 * has asked for. Of all the days it reads, those with facts that no roll-up has seen are waited for once it has begun,
 * but not for long: then it goes out and says so.
 */
import { sql } from 'kysely'
import { gapDays } from '../../analytics/metrics/index.ts'
import { windowStanding } from '../../analytics/questions/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { RetryLaterError } from '../../errors.ts'
import { type Day, type DayWindow, dayOf, daysOf, MINUTE_MS, SECOND_MS } from '../../time.ts'

const WAIT_MS = 15 * MINUTE_MS
const ASK_AGAIN_MS = 5 * SECOND_MS

/**
 * The days of a window that have to be rolled up before a report of it begins, as of the instant it was asked for. Days
 * still to come need no roll-up; where "to come" begins is said in the zone that is ahead of all others.
 */
export function daysNeeded(window: DayWindow, askedAt: Temporal.Instant): Day[] {
  const today = dayOf(askedAt, 'Etc/GMT-14')
  return daysOf(window).filter((day) => day <= today)
}

/**
 * Throws RetryLaterError while a day of those that the report reads has facts that no roll-up has seen, or is a gap
 * between such days.
 */
export async function waitForRollUps(
  db: ClientDatabase,
  {
    executionId,
    clientId,
    timeZone,
    reads,
  }: { executionId: string; clientId: string; timeZone: string; reads: DayWindow },
): Promise<void> {
  const { rows } = await sql<{ today: string; waited_ms: number }>`
    select (now() at time zone ${timeZone})::date as today,
      (extract(epoch from now() - planned_at) * 1000)::double precision as waited_ms
    from runs where id = ${executionId}`.execute(db)
  const asked = rows[0]
  if (!asked || asked.waited_ms > WAIT_MS) return
  const { dirtyDays } = await windowStanding(db, clientId, reads)
  const gaps = await gapDays(db, clientId, reads)
  // A day that is not over cannot become clean by waiting.
  const first = [...dirtyDays, ...gaps].find((day) => day < asked.today)
  if (first === undefined) return
  throw new RetryLaterError(ASK_AGAIN_MS, `waits for the roll-up of days that it reads, such as ${first}`)
}
