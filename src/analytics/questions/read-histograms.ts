import { type RawBuilder, sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import { type Day, daysOf } from '../../time.ts'
import type { Dimension, Histogram, Measure } from '../metrics/index.ts'
import { bucketStart, type Part } from './cover-window.ts'
import { readCover } from './read-cover.ts'
import type { SumsQuestion } from './read-sums.ts'

/** How often which size occurred to one member in some days of one bucket. */
export type HistogramRow = { bucket: string | null; member: string; measure: Measure } & Histogram

type HistogramQuestion = SumsQuestion & { measures: readonly Measure[] }
/** Arrays as PostgreSQL writes them: `{1,2,3}`. Its driver takes long to read them. */
type StoredRow = { bucket: Day; member: string; measure: Measure; buckets: string; counts: string }

/**
 * Histograms of parts of what is asked for, which are still to be added up. Reads metric_histograms and
 * histogram_periods by their keys.
 */
export async function readHistograms(db: ClientDatabase, question: HistogramQuestion): Promise<HistogramRow[]> {
  const { measures, granularity, span } = question
  if (measures.length === 0) return []
  // There is nothing to add up.
  if (granularity === 'day') return readDays(db, question, daysOf(span))
  const { periods, others } = await readCover(db, question)
  // A day has one histogram, added up or not. At once: to write them out is what takes PostgreSQL long.
  const [longer, ofDays] = [periods.filter(isLong), periods.filter((part) => !isLong(part))]
  const days = [...ofDays.map(({ from }) => from), ...others]
  const read = await Promise.all([readPeriods(db, question, longer), readDays(db, question, days)])
  return read.flat()
}

function isLong({ grain }: Part): boolean {
  return grain !== 'day'
}

async function readDays(
  db: ClientDatabase,
  question: HistogramQuestion,
  days: readonly Day[],
): Promise<HistogramRow[]> {
  if (days.length === 0) return []
  const { rows } = await sql<StoredRow>`
    select h.day as bucket, ${memberOf(question)} as member, h.measure, h.buckets::text as buckets, h.counts::text as counts
    from metric_histograms h where ${among(question)} and h.day = any(${days}::date[])
    order by member, bucket`.execute(db)
  return rows.map((row) => histogramRow(row, question))
}

async function readPeriods(
  db: ClientDatabase,
  question: HistogramQuestion,
  periods: readonly Part[],
): Promise<HistogramRow[]> {
  if (periods.length === 0) return []
  const [grains, days] = [periods.map(({ grain }) => grain), periods.map(({ from }) => from)]
  const { rows } = await sql<StoredRow>`
    select h.bucket_day as bucket, ${memberOf(question)} as member, h.measure, h.buckets::text as buckets, h.counts::text as counts
    from unnest(${grains}::text[], ${days}::date[]) as p (grain, bucket_day)
    join histogram_periods h on h.grain = p.grain and h.bucket_day = p.bucket_day
    where ${among(question)}`.execute(db)
  return rows.map((row) => histogramRow(row, question))
}

function histogramRow(
  { bucket, buckets, counts, ...row }: StoredRow,
  { granularity }: HistogramQuestion,
): HistogramRow {
  return { ...row, bucket: bucketStart(granularity, bucket), buckets: numbersIn(buckets), counts: numbersIn(counts) }
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

function among(question: HistogramQuestion): RawBuilder<unknown> {
  const dimension = keptDimension(question)
  const members = dimension === 'client' ? undefined : question.filters[dimension]
  return sql`h.client_id = ${question.clientId} and h.dimension = ${dimension}
    and h.measure = any(${question.measures}::text[]) ${members === undefined ? sql`` : sql`and h.member = any(${members}::text[])`}`
}
