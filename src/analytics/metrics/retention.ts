import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { type DayWindow, instantsOf } from '../../time.ts'
import type { ComponentSums } from './components.ts'

/**
 * What became, by the end of a window, of the customers who paid at its beginning; whoever came since is in none of it.
 * It is no sum of days: who comes and goes within a month was not there when it began. Money in minor units of the
 * client's currency.
 */
export type Retention = {
  /** How many there were. */
  subscribers: number
  /** How many of them pay nothing any more. */
  lost: number
  startMinor: number
  /** What those who were there at the beginning pay at the end. */
  endMinor: number
  /** What some of them pay less, or not at all, without what others pay more. */
  lostMinor: number
}

/** What changed for those who were there at the beginning. */
export type RetentionChange = { lost: number; changeMinor: number; lostMinor: number }

export const NO_CHANGE: RetentionChange = { lost: 0, changeMinor: 0, lostMinor: 0 }

const selectChanges = sqlFile<RetentionChange>(import.meta.dirname, 'retention.sql')

/** Of each window, in their order. */
export async function retentionChanges(
  db: ClientDatabase,
  { clientId, windows }: { clientId: string; windows: readonly DayWindow[] },
): Promise<RetentionChange[]> {
  if (windows.length === 0) return []
  const { time_zone, currency } = await db
    .selectFrom('clients')
    .select(['time_zone', 'currency'])
    .where('id', '=', clientId)
    .executeTakeFirstOrThrow()
  const instants = windows.map((window) => instantsOf(window, time_zone))
  const [from, to] = [instants.map((each) => each.from.toString()), instants.map((each) => each.to.toString())]
  return selectChanges(db, [clientId, currency, from, to])
}

/** Of a single day, which needs no look at subscriptions: nobody who comes on a day is among its losses. */
export function retentionChangeOfDay(within: ComponentSums): RetentionChange {
  const { mrr_expansion_minor: more = 0, mrr_contraction_minor: less = 0, mrr_churned_minor: gone = 0 } = within
  return { lost: within.subscribers_churned ?? 0, changeMinor: more - less - gone, lostMinor: less + gone }
}

/** `before`: the sums of everything before the window, which are what there was at its beginning. */
export function retentionOf(before: ComponentSums, { lost, changeMinor, lostMinor }: RetentionChange): Retention {
  const { mrr_new_minor = 0, mrr_expansion_minor = 0, mrr_contraction_minor = 0, mrr_churned_minor = 0 } = before
  const startMinor = mrr_new_minor + mrr_expansion_minor - mrr_contraction_minor - mrr_churned_minor
  const subscribers = (before.subscribers_new ?? 0) - (before.subscribers_churned ?? 0)
  return { subscribers, lost, startMinor, endMinor: startMinor + changeMinor, lostMinor }
}
