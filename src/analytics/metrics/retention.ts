import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { type DayWindow, instantsOf } from '../../time.ts'
import type { ComponentSums } from './components.ts'

/**
 * What became, by the end of a window, of the customers who paid at its beginning; whoever came since is in none of it. It is no sum of
 * days: who comes and goes within a month was not there when it began. Money in minor units of the client's currency.
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

export const NO_RETENTION: Retention = { subscribers: 0, lost: 0, startMinor: 0, endMinor: 0, lostMinor: 0 }

const selectRetention = sqlFile<Retention>(import.meta.dirname, 'retention.sql')

/** Of each window, in their order. */
export async function retentionOf(
  db: ClientDatabase,
  { clientId, windows }: { clientId: string; windows: readonly DayWindow[] },
): Promise<Retention[]> {
  if (windows.length === 0) return []
  const { time_zone, currency } = await db
    .selectFrom('clients')
    .select(['time_zone', 'currency'])
    .where('id', '=', clientId)
    .executeTakeFirstOrThrow()
  const instants = windows.map((window) => instantsOf(window, time_zone))
  const [from, to] = [instants.map((each) => each.from.toString()), instants.map((each) => each.to.toString())]
  return selectRetention(db, [clientId, currency, from, to])
}

/** Of a single day, which needs no look at subscriptions: nobody who comes on a day is among its losses. */
export function retentionOfDay(before: ComponentSums, within: ComponentSums): Retention {
  const { mrr_expansion_minor: more = 0, mrr_contraction_minor: less = 0, mrr_churned_minor: gone = 0 } = within
  const { mrr_new_minor = 0, mrr_expansion_minor = 0, mrr_contraction_minor = 0, mrr_churned_minor = 0 } = before
  const startMinor = mrr_new_minor + mrr_expansion_minor - mrr_contraction_minor - mrr_churned_minor
  return {
    subscribers: (before.subscribers_new ?? 0) - (before.subscribers_churned ?? 0),
    lost: within.subscribers_churned ?? 0,
    startMinor,
    endMinor: startMinor + more - less - gone,
    lostMinor: less + gone,
  }
}
