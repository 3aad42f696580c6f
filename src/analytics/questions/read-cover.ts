import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type Day, type DayWindow } from '../../time.ts'
import { type Cover, coverByPeriods, type Part } from './cover-window.ts'
import type { Granularity } from './question.ts'

/** Days that no week or month covers lie at the edges of a window, or are of late: only these are looked for. */
const EDGE_DAYS = 45

/**
 * The days, weeks and months that a window is best read from, of those added up (metrics/add-up-periods.ts) and not
 * changed since. Reads rollup_periods by its key, and the days they are made of.
 */
export async function readCover(
  db: ClientDatabase,
  { clientId, span, granularity }: { clientId: string; span: DayWindow; granularity: Granularity },
): Promise<Cover> {
  const byDay = granularity === 'day'
  const [early, late] = byDay ? [span.to, span.to] : [addDays(span.from, EDGE_DAYS), addDays(span.to, -EDGE_DAYS)]
  const { rows } = await sql<{ grain: Part['grain']; day: Day }>`
    select grain, bucket_day as day
    from rollup_periods
    where client_id = ${clientId} and bucket_day >= ${span.from}::date and bucket_day < ${span.to}::date
      and case grain when 'day' then bucket_day < ${early}::date or bucket_day >= ${late}::date else not ${byDay}::boolean end
      and stamp = period_stamp(client_id, bucket_day, case grain
        when 'day' then bucket_day + 1
        when 'week' then bucket_day + 7
        else (bucket_day + interval '1 month')::date
      end)`.execute(db)
  const addedUp = new Set(rows.map(({ grain, day }) => `${grain} ${day}`))
  return coverByPeriods(span, granularity, (grain, from) => addedUp.has(`${grain} ${from}`))
}
