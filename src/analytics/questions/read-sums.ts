import { type RawBuilder, sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import type { Day, DayWindow } from '../../time.ts'
import type { Component, ComponentSums, Dimension } from '../metrics/index.ts'
import { agentColumn, type Source } from './choose-source.ts'
import { type Cover, coverWindow, type Part } from './cover-window.ts'
import type { Filters, Granularity } from './question.ts'
import { readCover } from './read-cover.ts'
import type { Span } from './resolve-range.ts'
import { writeHour } from './write-hour.ts'

/** More groups than any page shows: a question for more is refused rather than cut. */
const GROUPS_MAX = 10_000
/**
 * Values of an answer: as many as all groups have of one metric and two comparisons. They are made, checked and written
 * in steps of less than a tenth of a second, in which nobody else is answered.
 */
const VALUES_MAX = 30_000

/** How many groups each period of a question may have, by the values that makes. */
export function groupsMaxOf(asked: { metrics: number; periods: number; valuesMax: number | undefined }): number {
  const { metrics, periods, valuesMax = VALUES_MAX } = asked
  return Math.min(GROUPS_MAX, Math.floor(valuesMax / (metrics * periods)))
}

/** Which sums of one client are read, how grouped. */
export type SumsQuestion = {
  clientId: string
  source: Source
  span: Span
  granularity: Granularity
  dimension: Dimension
  filters: Filters
  components: readonly Component[]
  /** Days whose weeks and months are not added up yet. */
  waiting: readonly Day[]
  /** More groups are refused. */
  groupsMax: number
}

/** The sums of one member in one bucket; what had nothing of the kind is zero. */
export type SummedRow = { bucket: string | null; member: string; sums: ComponentSums }

/**
 * Sums in the order of members and buckets; groups without a row are not there. Throws InputError `too-many-groups`.
 */
export async function readSums(db: ClientDatabase, question: SumsQuestion): Promise<SummedRow[]> {
  const { rows } = await sql<StoredRow>`
    select ${sql.join([sql`bucket`, sql`member`, ...sumsOf(question)])}
    from (${await rowsOf(db, question)}) as rows
    ${isOneRowEach(question) ? sql`` : sql`group by bucket, member`}
    order by member, bucket
    limit ${question.groupsMax + 1}`.execute(db)
  refuseTooMany(rows.length, question.groupsMax)
  return rows.map(({ bucket, member, ...sums }) => ({
    bucket: typeof bucket === 'number' ? writeHour(bucket) : bucket,
    member,
    sums,
  }))
}

/** `bucket`: a day, or the seconds since 1970 at which an hour begins. */
type StoredRow = Record<string, number> & { bucket: string | number | null; member: string }

/** A sum of nothing of the kind is zero. */
function sumsOf(question: SumsQuestion): RawBuilder<unknown>[] {
  const isAlone = isOneRowEach(question)
  return question.components.map((name) => {
    const column = sql.ref(name)
    return isAlone ? sql`coalesce(${column}, 0) as ${column}` : sql`coalesce(sum(${column}), 0)::bigint as ${column}`
  })
}

/** The roll-up has the very rows that are asked for: adding each up by itself would take longer than reading it. */
function isOneRowEach({ source, granularity, dimension }: SumsQuestion): boolean {
  if (source.kind === 'days') return granularity === 'day' && source.dimension === dimension
  return source.kind === 'client-hours' && granularity === 'hour'
}

/** Throws InputError `too-many-groups`. */
export function refuseTooMany(groups: number, groupsMax: number): void {
  if (groups <= groupsMax) return
  const limit = groupsMax.toLocaleString('en')
  const fewer = groupsMax < GROUPS_MAX ? ', fewer metrics or fewer comparisons' : ''
  const message = `The answer has more than ${limit} groups, the most for this many metrics and comparisons. Ask for a shorter range, a coarser granularity, fewer members${fewer}.`
  throw new InputError('too-many-groups', message)
}

async function rowsOf(db: ClientDatabase, question: SumsQuestion): Promise<RawBuilder<unknown>> {
  const { source, span, granularity } = question
  switch (source.kind) {
    case 'days':
      return sql.join(
        coverWindow(span, granularity, question.waiting).map((part) => partRows(question, source.dimension, part)),
        sql` union all `,
      )
    case 'client-hours':
      return clientHourRows(question)
    case 'agent-hours':
      return granularity === 'hour' || span.hours !== null
        ? agentHourRows(question, within(sql`day`, span))
        : agentPeriodRows(question, await readCover(db, question))
  }
}

/** Rows of daily_metrics, or of its weeks or months in performance_trends: by the primary key of each. */
function partRows(question: SumsQuestion, dimension: Dimension, part: Part): RawBuilder<unknown> {
  const isDay = part.grain === 'day'
  const day = isDay ? sql`day` : sql`bucket_day`
  const grain = isDay ? sql`` : sql`grain = ${part.grain} and`
  return sql`
    select ${dayBucket(question.granularity, day)} as bucket, ${memberOf(question, sql`member`)} as member, ${columns(question)}
    from ${isDay ? sql`daily_metrics` : sql`performance_trends`}
    where client_id = ${question.clientId} and ${grain} dimension = ${dimension} and ${within(day, part)}
      ${dimension === 'client' ? sql`` : only(sql`member`, question.filters[dimension])}`
}

function clientHourRows(question: SumsQuestion): RawBuilder<unknown> {
  const { clientId, granularity, span } = question
  return sql`
    select ${hourBucket(granularity, sql`bucket_day`, sql`bucket_at`)} as bucket, '' as member, ${columns(question)}
    from performance_trends
    where client_id = ${clientId} and grain = 'hour' and dimension = 'client'
      and ${within(sql`bucket_day`, span)} ${withinHours(sql`bucket_at`, span)}`
}

/** Hours of agents, by their key; `days` says of which. */
function agentHourRows(question: SumsQuestion, days: RawBuilder<unknown>): RawBuilder<unknown> {
  const { clientId, granularity, span } = question
  return sql`
    select ${hourBucket(granularity, sql`day`, sql`hour_at`)} as bucket, ${agentMember(question)} as member, ${columns(question)}
    from agent_metrics
    where client_id = ${clientId} and ${days} ${withinHours(sql`hour_at`, span)} ${agentFilters(question)}`
}

/** The same from whole days, weeks and months where there are such, which are a hundredth of the rows. */
function agentPeriodRows(question: SumsQuestion, { periods, others }: Cover): RawBuilder<unknown> {
  const { clientId, granularity } = question
  const ofPeriods = [...Map.groupBy(periods, ({ grain }) => grain)].map(
    ([grain, parts]) => sql`
    select ${dayBucket(granularity, sql`bucket_day`)} as bucket, ${agentMember(question)} as member, ${columns(question)}
    from agent_periods
    where client_id = ${clientId} and grain = ${grain} and bucket_day = any(${parts.map(({ from }) => from)}::date[]) ${agentFilters(question)}`,
  )
  return sql.join([...ofPeriods, agentHourRows(question, sql`day = any(${others}::date[])`)], sql` union all `)
}

function agentMember({ dimension }: SumsQuestion): RawBuilder<unknown> {
  return dimension === 'client' ? sql`''` : sql.ref(agentColumn(dimension))
}

function agentFilters({ filters }: SumsQuestion): RawBuilder<unknown> {
  const each = Object.entries(filters).map(([name, members]) => only(sql.ref(agentColumn(name as Dimension)), members))
  return sql.join(each, sql` `)
}

function columns({ components }: SumsQuestion): RawBuilder<unknown> {
  return sql.join(components.map((name) => sql.ref(name)))
}

/** Members are kept apart only where the answer is broken down by them. */
function memberOf({ dimension }: { dimension: Dimension }, member: RawBuilder<unknown>): RawBuilder<unknown> {
  return dimension === 'client' ? sql`''` : member
}

function hourBucket(
  granularity: Granularity,
  day: RawBuilder<unknown>,
  hour: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return granularity === 'hour' ? sql`extract(epoch from ${hour})::bigint` : dayBucket(granularity, day)
}

/** The first day of the bucket a day lies in; null when there are no buckets. */
function dayBucket(granularity: Granularity, day: RawBuilder<unknown>): RawBuilder<unknown> {
  switch (granularity) {
    case 'none':
    case 'hour':
      return sql`null::date`
    case 'day':
      return day
    case 'week':
    case 'month':
      return sql`date_trunc(${sql.lit(granularity)}, ${day}::timestamp)::date`
  }
}

function within(day: RawBuilder<unknown>, { from, to }: DayWindow): RawBuilder<unknown> {
  return sql`${day} >= ${from}::date and ${day} < ${to}::date`
}

function withinHours(hour: RawBuilder<unknown>, { hours }: Span): RawBuilder<unknown> {
  return hours === null ? sql`` : sql`and ${hour} >= ${hours.from}::timestamptz and ${hour} < ${hours.to}::timestamptz`
}

function only(column: RawBuilder<unknown>, members: readonly string[] | undefined): RawBuilder<unknown> {
  return members === undefined ? sql`` : sql`and ${column} = any(${members}::text[])`
}
