import { sql } from 'kysely'
import { METRICS, type MetricKey } from '../../src/analytics/metrics/catalogue/index.ts'
import {
  COMPONENTS,
  type Component,
  type ComponentSums,
  componentsOf,
  type FamilyName,
} from '../../src/analytics/metrics/components.ts'
import type { Dimension } from '../../src/analytics/metrics/dimensions.ts'
import { type Histogram, mergeHistograms } from '../../src/analytics/metrics/histogram.ts'
import { valueOf } from '../../src/analytics/metrics/value-of.ts'
import type { SystemDatabase } from '../../src/db/database.ts'
import type { Day } from '../../src/time.ts'

/** A row of daily_metrics without what is null or zero in it. */
export type DailyRow = { dimension: string; day: string; member: string } & Partial<Record<Component, number>>

/** The families of business metrics, whose facts are not contacts. */
export const BUSINESS_FAMILIES: readonly FamilyName[] = [
  ...(['money', 'subscriptions', 'sales', 'campaigns', 'marketplace', 'events'] as const),
]

/**
 * What daily_metrics holds of some families for one client; rows of nothing are left out. In the order of dimension,
 * member and day.
 */
export async function dailyRows(
  db: SystemDatabase,
  clientId: string,
  families: readonly FamilyName[],
): Promise<DailyRow[]> {
  const rows = await db
    .selectFrom('daily_metrics')
    .select(['dimension', 'day', 'member', ...families.flatMap((family) => componentsOf(family))])
    .where('client_id', '=', clientId)
    .orderBy('dimension')
    .orderBy('member')
    .orderBy('day')
    .execute()
  return rows.map((row) => withoutNothing(row) as DailyRow).filter((row) => Object.keys(row).length > 3)
}

/** The same of the days, weeks and months of performance_trends. */
export async function trendRows(db: SystemDatabase, clientId: string, families: readonly FamilyName[]) {
  const rows = await db
    .selectFrom('performance_trends')
    .select([
      'grain',
      'bucket_at',
      'dimension',
      'bucket_day',
      'member',
      ...families.flatMap((family) => componentsOf(family)),
    ])
    .where('client_id', '=', clientId)
    .where('grain', '!=', 'hour')
    .execute()
  return rows.map(withoutNothing).filter((row) => Object.keys(row).length > 5)
}

function withoutNothing(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== 0))
}

type Asked = { clientId: string; from: Day; to: Day; dimension?: Dimension; member?: string }

/** Metrics of a window of days, straight from daily_metrics and metric_histograms. */
export async function metricsOf<Key extends MetricKey>(
  db: SystemDatabase,
  { clientId, from, to, dimension = 'client', member = '' }: Asked,
  keys: readonly Key[],
): Promise<Record<Key, number | null>> {
  const sumsOf = async (first: Day, end: Day): Promise<ComponentSums> => {
    return db
      .selectFrom('daily_metrics')
      .select((eb) => COMPONENTS.map((name) => eb.fn.coalesce(eb.fn.sum<number>(name), eb.lit(0)).as(name)))
      .where('client_id', '=', clientId)
      .where('dimension', '=', dimension)
      .where('member', '=', member)
      .where('day', '>=', first)
      .where('day', '<', end)
      .executeTakeFirstOrThrow()
  }
  const { rows } = await sql<Histogram>`
    select buckets, counts from metric_histograms
    where client_id = ${clientId} and dimension = ${dimension} and member = ${member} and measure = 'sales-cycle'
      and day >= ${from} and day < ${to}`.execute(db)
  const within = await sumsOf(from, to)
  const beside = { before: await sumsOf('-infinity', from), histograms: { 'sales-cycle': mergeHistograms(rows) } }
  return Object.fromEntries(keys.map((key) => [key, valueOf(METRICS[key], within, beside)])) as Record<
    Key,
    number | null
  >
}
