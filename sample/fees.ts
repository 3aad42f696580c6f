import { SECOND_MS } from '../src/time.ts'
import type { Serial } from './calendar.ts'
import type { Order } from './orders.ts'
import { idOf, moneyRow, type PaymentRow } from './rows.ts'
import { endOfDayMs, type SampleWorld } from './world.ts'

/**
 * What a day's orders cost: the fees of their card payments in one sum, and in another what goes to those who supply
 * them.
 */
export function orderCosts(world: SampleWorld, serial: Serial, orders: readonly Order[]): PaymentRow[] {
  if (orders.length === 0) return []
  const { client } = world.calendar
  const { day } = world.calendar.dayAt(serial)
  const { feeShare, feeMinor, supplierShare } = client.payments
  const grossMinor = orders.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  const atMs = endOfDayMs(world, serial) - SECOND_MS
  const fees = Math.round(grossMinor * feeShare) + orders.length * feeMinor
  return [
    moneyRow(client, idOf(day, 'f', 1), atMs, 'fee', -fees, { service: 'card payments' }),
    moneyRow(client, idOf(day, 'o', 1), atMs, 'payout', -Math.round(grossMinor * supplierShare), {
      service: 'suppliers',
    }),
  ]
}
