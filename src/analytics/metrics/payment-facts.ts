import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import { type DayWindow, instantsOf } from '../../time.ts'
import { type MoneySums, NO_MONEY } from './components.ts'

type Question = { clientId: string; timeZone: string; currency: string; window: DayWindow }

/**
 * Revenue of a window added up from the payments themselves: what its roll-ups must equal. null when payments of the
 * window may have been deleted since they were rolled up, as retention does: there are older roll-ups, but no older
 * payment.
 */
export async function revenueOfPayments(db: ClientDatabase, question: Question): Promise<MoneySums | null> {
  const { clientId, timeZone, currency, window } = question
  const { from, to } = instantsOf(window, timeZone)
  if (!(await arePaymentsKept(db, clientId, window, from))) return null
  const { rows } = await sql<MoneySums>`
    select
      count(*) filter (where kind = 'charge') as orders,
      count(*) filter (where kind = 'refund') as refunds,
      coalesce(sum(amount_minor) filter (where kind = 'charge'), 0) as gross_minor,
      coalesce(sum(amount_minor) filter (where kind = 'refund'), 0) as refunded_minor
    from payments
    where client_id = ${clientId} and occurred_at >= ${from.toString()} and occurred_at < ${to.toString()}
      and currency = ${currency} and kind in ('charge', 'refund') and amount_minor <> 0`.execute(db)
  return rows[0] ?? NO_MONEY
}

async function arePaymentsKept(
  db: ClientDatabase,
  clientId: string,
  window: DayWindow,
  from: Temporal.Instant,
): Promise<boolean> {
  const { rows } = await sql<{ kept: boolean }>`
    select
      exists (select from payments where client_id = ${clientId} and occurred_at < ${from.toString()})
      or not exists (select from revenue_metrics where client_id = ${clientId} and day < ${window.from}) as kept`.execute(
    db,
  )
  return rows[0]?.kept ?? false
}

/** One refund as it was paid. */
export type Refund = {
  id: string
  paidAt: string
  customerId: string | null
  country: string | null
  amountMinor: number
}

/** The refunds of a window that gave the most back, in one currency, most first. */
export async function largestRefunds(db: ClientDatabase, question: Question & { limit: number }): Promise<Refund[]> {
  const { clientId, timeZone, currency, window, limit } = question
  const { from, to } = instantsOf(window, timeZone)
  return db
    .selectFrom('payments')
    .select(['id', 'occurred_at as paidAt', 'customer_id as customerId', 'country', 'amount_minor as amountMinor'])
    .where('client_id', '=', clientId)
    .where('occurred_at', '>=', from.toString())
    .where('occurred_at', '<', to.toString())
    .where('currency', '=', currency)
    .where('kind', '=', 'refund')
    .where('amount_minor', '<', 0)
    .orderBy('amount_minor')
    .orderBy('occurred_at')
    .orderBy('id')
    .limit(limit)
    .execute()
}
