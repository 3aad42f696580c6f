import { CALL_VOLUME, latestForecast, type StoredForecast } from '../../analytics/forecasts/index.ts'
import { contactsByHourOfDay, type Group, NO_SUMS, type Sums, windowFreshness } from '../../analytics/metrics/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type Day, type DayWindow, previousWindow } from '../../time.ts'
import type { ReportParams } from '../report.ts'
import { contactsIn } from './contacts-in.ts'
import type { Earlier } from './metric-blocks.ts'

/** The trend shows at least so many days, so that a report of one day has something to stand against. */
const TREND_DAYS = 28
/** A forecast older than this before the end of the period is not shown. */
const FORECAST_AGE_DAYS = 7
/** First contact resolution stands once repeats can no longer come. */
export const REPEAT_DAYS = 7

export type PerformanceData = {
  serviceLevelS: number
  shortAbandonS: number
  /** Asked for without grouping; every breakdown must add up to it. */
  total: Sums
  previous: Earlier<Sums>
  agents: Group<Sums>[]
  sectors: Group<Sums>[]
  channels: Group<Sums>[]
  hours: Group<Sums>[]
  days: Group<Sums>[]
  trend: { window: DayWindow; days: Group<Sums>[]; unknownDays: Day[] }
  agentNames: ReadonlyMap<string, string>
  sectorNames: ReadonlyMap<string, string>
  /** Days after the window on which a contact may be a repeat that no roll-up has seen yet. */
  unseenRepeatDays: number
  forecast: StoredForecast | null
}

/** The days of the trend chart: the window, or the last days up to its end when it is shorter. */
export function trendWindow({ from, to }: DayWindow): DayWindow {
  const start = addDays(to, -TREND_DAYS)
  return { from: start < from ? start : from, to }
}

export async function loadPerformance(
  db: ClientDatabase,
  { client, window, signal }: ReportParams,
): Promise<PerformanceData> {
  const ask = { clientId: client.id, timeZone: client.timeZone, window }
  const trend = trendWindow(window)
  const [byDay, previous] = [
    await contactsIn(db, ask, 'day'),
    await contactsIn(db, { ...ask, window: previousWindow(window) }),
  ]
  const [agents, sectors, channels] = [
    await contactsIn(db, ask, 'none', 'agent'),
    await contactsIn(db, ask, 'none', 'sector'),
    await contactsIn(db, ask, 'none', 'channel'),
  ]
  signal.throwIfAborted()
  const trendDays = await contactsIn(db, { ...ask, window: trend }, 'day')
  const after = await windowFreshness(db, client.id, { from: window.to, to: addDays(window.to, REPEAT_DAYS + 1) })
  return {
    ...(await limitsOf(db, client.id)),
    ...{ agents: agents.groups, sectors: sectors.groups, channels: channels.groups, days: byDay.groups },
    hours: await contactsByHourOfDay(db, ask),
    total: byDay.total ?? NO_SUMS,
    previous: { window: previous.window, sums: previous.total, provisionalDays: previous.provisionalDays.length },
    trend: { window: trend, days: trendDays.groups, unknownDays: trendDays.unknownDays },
    agentNames: await namesOf(db, client.id, 'agents'),
    sectorNames: await namesOf(db, client.id, 'sectors'),
    unseenRepeatDays: after.dirtyDays.length,
    forecast: await latestForecast(db, {
      clientId: client.id,
      metric: CALL_VOLUME,
      sectorId: '',
      from: addDays(window.to, -FORECAST_AGE_DAYS),
      to: window.to,
    }),
  }
}

async function limitsOf(db: ClientDatabase, clientId: string) {
  return db
    .selectFrom('clients')
    .select(['service_level_s as serviceLevelS', 'short_abandon_s as shortAbandonS'])
    .where('id', '=', clientId)
    .executeTakeFirstOrThrow()
}

async function namesOf(db: ClientDatabase, clientId: string, table: 'agents' | 'sectors') {
  const rows = await db.selectFrom(table).select(['id', 'name']).where('client_id', '=', clientId).execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}
