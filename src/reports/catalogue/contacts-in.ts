import { type Group, METRICS, NO_SUMS, type Sums } from '../../analytics/metrics/index.ts'
import { askMetrics, type Dimension } from '../../analytics/questions/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { type Day, type DayWindow, startOfDay } from '../../time.ts'

/** What reports on contacts are made of: together they need every sum of contacts and of satisfaction. */
const CONTACTS = (
  [
    ...(['offered', 'answered', 'abandoned', 'missed', 'shortAbandons', 'abandonment', 'serviceLevel'] as const),
    ...(['speedOfAnswer', 'handleTime', 'firstContactResolution', 'csat', 'csatMean', 'nps'] as const),
  ] as const
).map((key) => METRICS[key].name)

export type ContactsRead = {
  window: DayWindow
  /** null: nothing is known of the window. */
  total: Sums | null
  /** By day or member; those in which nothing happened may be missing. */
  groups: Group<Sums>[]
  /** Never rolled up. */
  unknownDays: Day[]
  /** Those, and the ones rolled up before the last of their facts came in. */
  provisionalDays: Day[]
}

/** The sums of contacts of a window as it looks when it is over, by day or by the members of a dimension. */
export async function contactsIn(
  db: ClientDatabase,
  { clientId, timeZone, window }: { clientId: string; timeZone: string; window: DayWindow },
  granularity: 'none' | 'day' = 'none',
  dimension: Dimension = 'client',
): Promise<ContactsRead> {
  const { period, groups } = await askMetrics(db, {
    ...{ clientId, metrics: CONTACTS, range: window, granularity, dimension, filters: {}, compare: [] },
    at: startOfDay(window.to, timeZone),
  })
  const { missingDays, dirtyDays } = period.standing
  return {
    window,
    total: period.total === null ? null : { ...NO_SUMS, ...period.total.sums },
    groups: groups.map(({ member, bucket, sums }) => ({ key: bucket ?? member, ...NO_SUMS, ...sums })),
    unknownDays: missingDays,
    provisionalDays: [...missingDays, ...dirtyDays],
  }
}
