import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { DayWindow } from '../../time.ts'
import { MONEY_COMPONENTS, type MoneySums, NO_MONEY } from './components.ts'

/**
 * A customer's dealings in a window. `name` is null for those we know only by id; the id '' stands for all unknown
 * ones.
 */
export type CustomerRevenue = { customerId: string; name: string | null } & MoneySums

/**
 * The customers of a window with the most net revenue, most first; the unknown ones, taken together, are not among
 * them.
 */
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
    .where('client_id', '=', clientId)
    .where('day', '>=', window.from)
    .where('day', '<', window.to)
    .executeTakeFirst()
  return { ...NO_MONEY, ...row }
}
