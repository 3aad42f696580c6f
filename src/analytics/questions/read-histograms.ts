import { type RawBuilder, sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { DayWindow } from '../../time.ts'
import type { Histogram, Measure } from '../metrics/index.ts'
import { bucketStart, partsToKeep } from './cover-window.ts'
import type { Dimension } from './question.ts'
import { readParts } from './read-parts.ts'
import type { SumsQuestion } from './read-sums.ts'

/** How often which size occurred to one member in some days of one bucket. */
export type HistogramRow = { bucket: string | null; member: string; measure: Measure } & Histogram

type HistogramQuestion = SumsQuestion & { measures: readonly Measure[] }
/** Arrays as PostgreSQL writes them: `{1,2,3}`. Its driver takes long to read them. */
type StoredRow = { bucket: string | null; member: string; measure: Measure; buckets: string; counts: string }

/** Histograms of days, or of parts of what is asked for that are still to be added up. Reads metric_histograms by its key. */
export async function readHistograms(db: ClientDatabase, question: HistogramQuestion): Promise<HistogramRow[]> {
  const { clientId, measures, dimension, filters, granularity, span } = question
  if (measures.length === 0) return []
  if (granularity === 'day') return readDays(db, question)
  const name = ['histograms', keptDimension(question), dimension, filters, measures]
  const cover = partsToKeep(span, granularity)
  const read = await readParts(db, { clientId, name, cover, daysAfter: 0 }, (part) => readMerged(db, question, part))
  return read.flatMap(({ part, rows }) => {
    const bucket = bucketStart(granularity, part.from)
    return rows.map((row) => ({ ...row, bucket }))
  })
}

async function readDays(db: ClientDatabase, question: HistogramQuestion): Promise<HistogramRow[]> {
  const { rows } = await sql<StoredRow>`
    select h.day as bucket, ${memberOf(question)} as member, h.measure, h.buckets::text as buckets, h.counts::text as counts
    from metric_histograms h where ${among(question, question.span)}
    order by member, bucket`.execute(db)
  return rows.map(histogramRow)
}

/** The histograms of some days added up. */
async function readMerged(db: ClientDatabase, question: HistogramQuestion, days: DayWindow): Promise<HistogramRow[]> {
  const { rows } = await sql<StoredRow>`
    select null as bucket, member, measure, array_agg(size order by size)::text as buckets, array_agg(n order by size)::text as counts
    from (
      select ${memberOf(question)} as member, h.measure, u.size, sum(u.n) as n
      from metric_histograms h, unnest(h.buckets, h.counts) as u (size, n) where ${among(question, days)}
      group by 1, 2, 3
    ) as sizes
    group by member, measure
    order by member`.execute(db)
  return rows.map(histogramRow)
}

function histogramRow({ buckets, counts, ...row }: StoredRow): HistogramRow {
  return { ...row, buckets: numbersIn(buckets), counts: numbersIn(counts) }
}

function numbersIn(array: string): number[] {
  return JSON.parse(`[${array.slice(1, -1)}]`) as number[]
}

/** The dimension whose histograms are read: that of the filter, when there is one. */
function keptDimension({ source }: SumsQuestion): Dimension {
  return source.kind === 'days' ? source.dimension : 'client'
}

function memberOf({ dimension }: SumsQuestion): RawBuilder<unknown> {
  return dimension === 'client' ? sql`''` : sql`h.member`
}

function among(question: HistogramQuestion, { from, to }: DayWindow): RawBuilder<unknown> {
  const dimension = keptDimension(question)
  const members = dimension === 'client' ? undefined : question.filters[dimension]
  return sql`h.client_id = ${question.clientId} and h.dimension = ${dimension} and h.day >= ${from}::date and h.day < ${to}::date
    and h.measure = any(${question.measures}::text[]) ${members === undefined ? sql`` : sql`and h.member = any(${members}::text[])`}`
}
