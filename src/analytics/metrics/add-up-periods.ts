import { CompiledQuery } from 'kysely'
import type { ClientDatabase, ClientTransaction, Database } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'
import { AGENT_COMPONENTS } from './components.ts'

/** Days, weeks and months that are added up at once, in one transaction. */
const TOGETHER = 20
/** Of one client, and of all, in one go: what is left is added up in the next. */
const OF_CLIENT_MAX = 300
const OF_ALL_MAX = 1000

type Period = { grain: 'day' | 'week' | 'month'; from: Day; to: Day; stamp: string }

const selectStale = sqlFile<Period>(import.meta.dirname, 'stale-periods.sql')

/** $1 client, and of each period $2 grain, $3 first day, $4 first day after it, $5 stamp. */
const PERIODS = 'unnest($2::text[], $3::date[], $4::date[], $5::text[]) as p (grain, from_day, end_day, stamp)'

const STATEMENTS = [
  `delete from agent_periods a using ${PERIODS}
  where a.client_id = $1 and a.grain = p.grain and a.bucket_day = p.from_day`,
  `delete from histogram_periods h using ${PERIODS}
  where h.client_id = $1 and h.grain = p.grain and h.bucket_day = p.from_day`,
  `insert into agent_periods (client_id, grain, bucket_day, agent_id, sector_id, channel, ${AGENT_COMPONENTS.join(', ')})
  select $1, p.grain, p.from_day, m.agent_id, m.sector_id, m.channel, ${AGENT_COMPONENTS.map((name) => `sum(m.${name})`).join(', ')}
  from ${PERIODS} join agent_metrics m on m.client_id = $1 and m.day >= p.from_day and m.day < p.end_day
  group by p.grain, p.from_day, m.agent_id, m.sector_id, m.channel`,
  `insert into histogram_periods (client_id, dimension, grain, bucket_day, member, measure, buckets, counts)
  select $1, dimension, grain, from_day, member, measure, array_agg(size order by size)::text, array_agg(times order by size)::text
  from (
    select h.dimension, p.grain, p.from_day, h.member, h.measure, u.size, sum(u.times)::integer as times
    from ${PERIODS}
    join metric_histograms h on h.client_id = $1 and h.day >= p.from_day and h.day < p.end_day and p.grain <> 'day'
    cross join lateral unnest(h.buckets, h.counts) as u (size, times)
    group by 1, 2, 3, 4, 5, 6
  ) sizes
  group by dimension, grain, from_day, member, measure`,
  `insert into rollup_periods (client_id, grain, bucket_day, stamp)
  select $1, p.grain, p.from_day, p.stamp from ${PERIODS}
  on conflict (client_id, grain, bucket_day) do update set stamp = excluded.stamp`,
]

/**
 * Adds up the days, weeks and months of all clients that nothing changes any more by itself, where that is not done yet
 * or their days were rolled up again: agent_periods from the hours of agents, histogram_periods from the days'
 * histograms. Whole periods are replaced, so twice is the same as once; whoever reads meanwhile sees that a period is
 * not of the days as they are now, and reads the days.
 */
export async function addUpPeriods(database: Database, signal: AbortSignal): Promise<void> {
  const clients = await database.system.selectFrom('clients').select('id').orderBy('id').execute()
  let left = OF_ALL_MAX
  for (const { id } of clients) {
    if (left <= 0) return
    left -= await addUpPeriodsOf(database.forClient(id), id, { most: Math.min(left, OF_CLIENT_MAX), signal })
  }
}

/** Returns how many there were. */
async function addUpPeriodsOf(
  db: ClientDatabase,
  clientId: string,
  { most, signal }: { most: number; signal: AbortSignal },
): Promise<number> {
  for (let done = 0; done < most; done += TOGETHER) {
    signal.throwIfAborted()
    // One snapshot: the sums are of the days as the stamps have them.
    const found = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => addUpSome(tx, clientId))
    if (found < TOGETHER) return done + found
  }
  return most
}

async function addUpSome(tx: ClientTransaction, clientId: string): Promise<number> {
  const periods = await selectStale(tx, [clientId, TOGETHER])
  if (periods.length === 0) return 0
  const values = (['grain', 'from', 'to', 'stamp'] as const).map((name) => periods.map((period) => period[name]))
  for (const statement of STATEMENTS) await tx.executeQuery(CompiledQuery.raw(statement, [clientId, ...values]))
  return periods.length
}
