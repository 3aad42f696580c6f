import type { ClientDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import { sqlFile } from '../../sql.ts'
import type { Day, DayWindow } from '../../time.ts'
import type { Thresholds } from '../metrics/index.ts'

const selectStandings = sqlFile<ClientSettings & RollUpStanding>(import.meta.dirname, 'read-standings.sql', {
  prepared: true,
})

/** What a client is set to; `limits` by the name of the metric, null: it has none of its own. */
export type ClientSettings = { timeZone: string; currency: string; limits: Record<string, Thresholds> | null }

/** What the days of a span are known to be. */
export type RollUpStanding = {
  /** Changes with every change of the roll-ups that the numbers of the span depend on. */
  stamp: string
  dataAsOf: string | null
  dirtyDays: Day[]
  /**
   * With facts, and never rolled up. Until they are, the sums of their weeks and months say nothing
   * (metrics/trends.ts).
   */
  waitingDays: Day[]
  /** Never rolled up; those still to come are among them. */
  unrolledDays: Day[]
  /** Of the days after the span that the numbers depend on: never rolled up, or not since the last of their facts. */
  unsettledDaysAfter: Day[]
}

/**
 * What numbers depend on beside the days of their window: every day before it, as levels do, and so many days after it.
 */
export type Foundation = { fromTheBeginning: boolean; daysAfter: number }

/** The client's settings and the standing of each window, in their order. Throws InputError `no-such-client`. */
export async function readStandings(
  db: ClientDatabase,
  clientId: string,
  windows: readonly DayWindow[],
  { fromTheBeginning, daysAfter }: Foundation,
): Promise<{ settings: ClientSettings; standings: RollUpStanding[] }> {
  const from = windows.map((window) => window.from)
  const to = windows.map((window) => window.to)
  const standsFrom = fromTheBeginning ? windows.map(() => '-infinity') : from
  const standings = await selectStandings(db, [clientId, from, to, standsFrom, daysAfter])
  const [settings] = standings
  if (settings === undefined) throw new InputError('no-such-client', `There is no client "${clientId}".`)
  return { settings, standings }
}

/** The standing of one window; null when there is no such client, or none that is to be seen. */
export async function readStanding(
  db: ClientDatabase,
  clientId: string,
  { from, to }: DayWindow,
): Promise<RollUpStanding | null> {
  const [standing] = await selectStandings(db, [clientId, [from], [to], [from], 0])
  return standing ?? null
}
