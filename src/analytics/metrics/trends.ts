import { sql } from 'kysely'
import type { Transaction } from '../../db/database.ts'
import { type Day, startOfDay } from '../../time.ts'
import { COMPONENTS } from './components.ts'
import { type DayStep, statementStep } from './families/family.ts'

/** Every dimension of daily_metrics: named, an index that has it before the day is used all the same. */
const DIMENSIONS = ['client', 'agent', 'sector', 'channel', 'campaign', 'provider', 'customer-role', 'location']

/** How many facts of the day were left out, and the day of performance_trends, once all families have written theirs. */
export const closeDay: DayStep = statementStep(
  `with closed as (
    update daily_metrics set quarantined = (select count(*) from quarantined_facts where client_id = :client_id and day = :day)
    where client_id = :client_id and dimension = 'client' and day = :day and member = ''
    returning *
  )
  insert into performance_trends (client_id, grain, dimension, bucket_at, bucket_day, member, ${COMPONENTS.join(', ')})
  select client_id, 'day', dimension, :from, day, member, ${COMPONENTS.join(', ')} from closed`,
  'close-day',
)

type Bucket = { grain: 'week' | 'month'; from: Day; to: Day; at: string }

/** The ISO weeks and the months that some days lie in. */
export function bucketsOf(days: readonly Day[], timeZone: string): Bucket[] {
  const buckets = new Map<string, Bucket>()
  for (const day of days) {
    const date = Temporal.PlainDate.from(day)
    const monday = date.subtract({ days: date.dayOfWeek - 1 })
    const first = date.with({ day: 1 })
    for (const [grain, from, to] of [
      ['week', monday, monday.add({ days: 7 })],
      ['month', first, first.add({ months: 1 })],
    ] as const) {
      const at = startOfDay(from.toString(), timeZone).toString()
      buckets.set(`${grain} ${from.toString()}`, { grain, from: from.toString(), to: to.toString(), at })
    }
  }
  return [...buckets.values()]
}

/** Adds up the weeks and months that some days lie in, from daily_metrics, and replaces what was there: twice is the same as once. */
export async function addUpDays(
  tx: Transaction,
  clientId: string,
  days: readonly Day[],
  timeZone: string,
): Promise<void> {
  for (const { grain, from, to, at } of bucketsOf(days, timeZone)) {
    await sql`
      delete from performance_trends
      where client_id = ${clientId} and grain = ${grain} and dimension = any(${DIMENSIONS}) and bucket_day = ${from}`.execute(
      tx,
    )
    await sql`
      insert into performance_trends (client_id, grain, dimension, bucket_at, bucket_day, member, ${sql.raw(COMPONENTS.join(', '))})
      select client_id, ${grain}, dimension, ${at}, ${from}, member, ${sql.raw(COMPONENTS.map((name) => `sum(${name})`).join(', '))}
      from daily_metrics
      where client_id = ${clientId} and dimension = any(${DIMENSIONS}) and day >= ${from} and day < ${to}
      group by client_id, dimension, member`.execute(tx)
  }
}
