import { CompiledQuery } from 'kysely'
import type { ClientTransaction } from '../../db/database.ts'
import { prepareAs } from '../../sql.ts'
import { type Day, startOfDay } from '../../time.ts'
import { COMPONENTS } from './components.ts'
import { DIMENSIONS } from './dimensions.ts'
import { type DayStep, statementStep } from './families/family.ts'

/** Named, an index that has the dimension before the day is used all the same. */
const EVERY_DIMENSION = DIMENSIONS.map((name) => `'${name}'`).join(', ')

/**
 * How many facts of the day were left out, and the day of performance_trends, once all families have written theirs.
 */
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
function bucketsOf(days: readonly Day[], timeZone: string): Bucket[] {
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

/** $1 client, and of each bucket $2 grain, $3 first day, $4 first day after it, $5 instant. */
const BUCKETS = 'unnest($2::text[], $3::date[], $4::date[], $5::timestamptz[]) as b (grain, from_day, to_day, at)'

/**
 * Of the buckets, those that no closed day is still to be rolled up in for the first time: the last of such days adds
 * up the whole bucket, and until then its sums say nothing. A history of years is so added up once, and not once for
 * each of its days. $6 the day that is being rolled up, $7 when.
 */
const DUE_BUCKETS = `
  select array_agg(b.grain) as grains, array_agg(b.from_day) as froms, array_agg(b.to_day) as tos, array_agg(b.at) as ats
  from ${BUCKETS}
  where not exists (
    select from rollup_days r join clients c on c.id = r.client_id
    where r.client_id = $1 and r.day >= b.from_day and r.day < b.to_day and r.day <> $6::date
      and r.facts_version > r.rolled_version and r.rolled_at is null and r.day < ($7::timestamptz at time zone c.time_zone)::date
  )`

const DELETE_BUCKETS = `
  delete from performance_trends t using (select * from ${BUCKETS} where to_day > from_day and at is not null) b
  where t.client_id = $1 and t.grain = b.grain and t.dimension in (${EVERY_DIMENSION}) and t.bucket_day = b.from_day`

const ADD_UP_DAYS = `
  insert into performance_trends (client_id, grain, dimension, bucket_at, bucket_day, member, ${COMPONENTS.join(', ')})
  select $1, b.grain, d.dimension, b.at, b.from_day, d.member, ${COMPONENTS.map((name) => `sum(d.${name})`).join(', ')}
  from ${BUCKETS}
  join daily_metrics d on d.client_id = $1 and d.dimension in (${EVERY_DIMENSION}) and d.day >= b.from_day and d.day < b.to_day
  group by b.grain, b.from_day, b.at, d.dimension, d.member`

prepareAs('roll-up:due-buckets', DUE_BUCKETS)
prepareAs('roll-up:delete-buckets', DELETE_BUCKETS)
prepareAs('roll-up:add-up-days', ADD_UP_DAYS)

type DueBuckets = { grains: string[] | null; froms: Day[]; tos: Day[]; ats: string[] }

/**
 * Adds up the weeks and months that some days lie in, from daily_metrics, and replaces what was there: twice is the
 * same as once. `day` is the one that is being rolled up at the instant `rolledAt`.
 */
export async function addUpDays(
  tx: ClientTransaction,
  {
    clientId,
    days,
    day,
    rolledAt,
    timeZone,
  }: { clientId: string; days: readonly Day[]; day: Day; rolledAt: string; timeZone: string },
): Promise<void> {
  const buckets = bucketsOf(days, timeZone)
  const values = (['grain', 'from', 'to', 'at'] as const).map((name) => buckets.map((bucket) => bucket[name]))
  const { rows } = await tx.executeQuery<DueBuckets>(
    CompiledQuery.raw(DUE_BUCKETS, [clientId, ...values, day, rolledAt]),
  )
  const [due] = rows
  if (due === undefined || due.grains === null) return
  for (const statement of [DELETE_BUCKETS, ADD_UP_DAYS])
    await tx.executeQuery(CompiledQuery.raw(statement, [clientId, due.grains, due.froms, due.tos, due.ats]))
}
