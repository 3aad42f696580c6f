import { type ExpressionBuilder, type RawBuilder, sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { DB } from '../../db/schema.ts'
import type { DayWindow } from '../../time.ts'
import { AGENT_COMPONENTS, MONEY_COMPONENTS, type MoneySums, NO_MONEY, type Sums } from './components.ts'

/** One group of a question: its key (a day, a week such as 2011-W44, an hour 00…23, an id; '' is "none") and its sums. */
export type Group<S> = { key: string } & S

/** What revenue can be grouped by. */
export type RevenueDimension = 'day' | 'week' | 'month' | 'country'

const REVENUE_KEYS: Record<RevenueDimension, RawBuilder<string>> = {
  day: sql`day::text`,
  week: sql`to_char(day, 'IYYY"-W"IW')`,
  month: sql`to_char(day, 'YYYY-MM')`,
  country: sql`country`,
}

/** Revenue is asked for in one currency at a time: sums never mix them. */
export type RevenueQuestion = { clientId: string; currency: string; window: DayWindow }

/** The contacts of a window by hour of the local day, 00 to 23, in that order: both hours of the same name together. */
export async function contactsByHourOfDay(
  db: ClientDatabase,
  { clientId, timeZone, window }: { clientId: string; timeZone: string; window: DayWindow },
): Promise<Group<Sums>[]> {
  return db
    .selectFrom('performance_trends')
    .select(sql<string>`to_char(bucket_at at time zone ${timeZone}, 'HH24')`.as('key'))
    .select((eb) => AGENT_COMPONENTS.map((name) => eb.fn.coalesce(eb.fn.sum<number>(name), eb.lit(0)).as(name)))
    .where((eb) =>
      eb.and([
        ...[eb('client_id', '=', clientId), eb('grain', '=', 'hour'), eb('dimension', '=', 'client')],
        ...[eb('bucket_day', '>=', window.from), eb('bucket_day', '<', window.to)],
      ]),
    )
    .groupBy(sql`1`)
    .orderBy(sql`1`)
    .execute()
}

/** Revenue of a window in one currency, grouped, in the order of the keys. */
export async function revenueBy(
  db: ClientDatabase,
  { clientId, currency, window }: RevenueQuestion,
  dimension: RevenueDimension,
): Promise<Group<MoneySums>[]> {
  const rows = await db
    .selectFrom('revenue_metrics')
    .select(REVENUE_KEYS[dimension].as('key'))
    .select((eb) => MONEY_COMPONENTS.map((name) => eb.fn.sum<number>(name).as(name)))
    .where((eb) => isWithin(eb, clientId, window))
    .where('currency', '=', currency)
    .groupBy(sql`1`)
    .orderBy(sql`1`)
    .execute()
  return rows
}

/** Revenue of a whole window by currency, asked for without further grouping. */
export async function revenueByCurrency(
  db: ClientDatabase,
  { clientId, window }: { clientId: string; window: DayWindow },
): Promise<Group<MoneySums>[]> {
  const rows = await db
    .selectFrom('revenue_metrics')
    .select('currency as key')
    .select((eb) => MONEY_COMPONENTS.map((name) => eb.fn.sum<number>(name).as(name)))
    .where((eb) => isWithin(eb, clientId, window))
    .groupBy('currency')
    .orderBy('currency')
    .execute()
  return rows
}

/** A customer's dealings in a window. `name` is null for those we know only by id; the id '' stands for all unknown ones. */
export type CustomerRevenue = { customerId: string; name: string | null } & MoneySums

/** The customers of a window with the most net revenue, most first; the unknown ones, taken together, are not among them. */
export async function topCustomers(
  db: ClientDatabase,
  { clientId, window, limit }: { clientId: string; window: DayWindow; limit: number },
): Promise<CustomerRevenue[]> {
  const rows = await db
    .selectFrom('customer_metrics as m')
    .leftJoin('customers as c', (on) => on.onRef('c.client_id', '=', 'm.client_id').onRef('c.id', '=', 'm.customer_id'))
    .select(['m.customer_id as customerId', 'c.name'])
    .select((eb) => MONEY_COMPONENTS.map((name) => eb.fn.sum<number>(`m.${name}`).as(name)))
    .where('m.client_id', '=', clientId)
    .where('m.day', '>=', window.from)
    .where('m.day', '<', window.to)
    .where('m.customer_id', '!=', '')
    .groupBy(['m.customer_id', 'c.name'])
    .having(sql<boolean>`sum(m.orders) + sum(m.refunds) > 0`)
    .orderBy(sql`sum(m.gross_minor) + sum(m.refunded_minor)`, 'desc')
    .orderBy('m.customer_id')
    .limit(limit)
    .execute()
  return rows
}

/** Revenue of a window summed over every customer, the unknown ones included. */
export async function customersTotal(
  db: ClientDatabase,
  { clientId, window }: { clientId: string; window: DayWindow },
): Promise<MoneySums> {
  const row = await db
    .selectFrom('customer_metrics')
    .select((eb) => MONEY_COMPONENTS.map((name) => eb.fn.coalesce(eb.fn.sum<number>(name), eb.lit(0)).as(name)))
    .where((eb) => isWithin(eb, clientId, window))
    .executeTakeFirst()
  return { ...NO_MONEY, ...row }
}

function isWithin(
  eb: ExpressionBuilder<DB, 'revenue_metrics' | 'customer_metrics'>,
  clientId: string,
  { from, to }: DayWindow,
) {
  return eb.and([eb('client_id', '=', clientId), eb('day', '>=', from), eb('day', '<', to)])
}
