import { type RawBuilder, sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { Histogram, Measure } from '../metrics/index.ts'
import type { Dimension } from './question.ts'
import { dayBucket, GROUPS_MAX, refuseTooMany, type SumsQuestion } from './read-sums.ts'

/** How often which size occurred to one member in one bucket. */
export type HistogramRow = { bucket: string | null; member: string; measure: Measure } & Histogram

/**
 * The histograms of days added up, in the order of members and buckets. Reads metric_histograms by its key. Throws InputError
 * `too-many-groups`.
 */
export async function readHistograms(
  db: ClientDatabase,
  question: SumsQuestion & { measures: readonly Measure[] },
): Promise<HistogramRow[]> {
  const { clientId, source, span, granularity, dimension, filters, measures } = question
  if (measures.length === 0) return []
  const kept: Dimension = source.kind === 'days' ? source.dimension : 'client'
  const members = kept === 'client' ? undefined : filters[kept]
  const { rows } = await sql<HistogramRow>`
    select bucket, member, measure, array_agg(size order by size) as buckets, array_agg(n order by size) as counts
    from (
      select ${dayBucket(granularity, sql`h.day`)} as bucket, ${dimension === 'client' ? sql`''` : sql`h.member`} as member,
        h.measure, u.size, sum(u.n)::integer as n
      from metric_histograms h, unnest(h.buckets, h.counts) as u (size, n)
      where h.client_id = ${clientId} and h.dimension = ${kept} and h.day >= ${span.from}::date and h.day < ${span.to}::date
        and h.measure = any(${measures}::text[]) ${onlyMembers(members)}
      group by 1, 2, 3, 4
    ) as sizes
    group by bucket, member, measure
    order by member, bucket, measure
    limit ${GROUPS_MAX * measures.length + 1}`.execute(db)
  refuseTooMany(rows.length / measures.length)
  return rows
}

function onlyMembers(members: readonly string[] | undefined): RawBuilder<unknown> {
  return members === undefined ? sql`` : sql`and h.member = any(${members}::text[])`
}
