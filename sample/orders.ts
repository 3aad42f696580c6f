import { SECOND_MS } from '../src/time.ts'
import { type Calendar, drawMoment, momentIn, type Serial } from './calendar.ts'
import type { CustomerBase, SampleCustomer } from './customers.ts'
import { type Random, randomOf } from './random.ts'
import type { Channel, SampleAgent } from './sample-client.ts'
import type { Served } from './serve.ts'

/** Money that came in (or, as a refund, went back: then negative). */
export type Order = {
  atMs: number
  /** null: not settled. */
  settledMs: number | null
  amountMinor: number
  customer: SampleCustomer
  channel: Channel
  agent: SampleAgent | null
  sectorId: string | null
  /** The same for an order and its refund. */
  reference: string
  /** The contact that ended in it; null: ordered on the web. */
  served: Served | null
  /** What brought it. */
  campaignId: string | null
}

export type Refund = { serial: Serial; order: Order }

export const REFUND_DAYS_MAX = 21

const UNSETTLED_SHARE = 0.004
const PARTIAL_SHARE = 0.3
/** Nobody sells below this share of the usual order, or above so many of them. */
const AMOUNT_BOUNDS = { min: 0.15, max: 60 }

/** What was ordered on a day: with people and assistants, and on the web, in order of time. */
export function ordersOf(
  seed: string,
  calendar: Calendar,
  customers: CustomerBase,
  serial: Serial,
  served: readonly Served[],
): Order[] {
  const day = calendar.dayAt(serial)
  const random = randomOf(seed, calendar.client.id, day.day, 'orders')
  const bySales = served.flatMap((one) => orderAtDesk(random, calendar, one))
  const byNewcomers = customers.newOn(serial).filter(({ byOrder }) => byOrder)
  const drawCustomer = customers.drawerFor(serial, 'order')
  const web = byNewcomers.map((customer) => orderOnWeb(random, calendar, customer, customer.firstContactMs))
  for (const half of day.halfHours) {
    const count = random.poisson(Math.max(day.webOrders - day.newCustomers * 0.45, 0) * half.orders)
    for (let index = 0; index < count; index += 1) {
      web.push(orderOnWeb(random, calendar, drawCustomer(random), momentIn(random, half)))
    }
  }
  const endMs = calendar.instantMs(day, 24)
  const orders = [...bySales.filter(({ atMs }) => atMs < endMs), ...web].sort((one, other) => one.atMs - other.atMs)
  return orders.map((order, index) => ({
    ...order,
    reference: `${day.day.replaceAll('-', '')}-${String(index + 1).padStart(4, '0')}`,
  }))
}

/** What of a day's orders goes back, wholly or in part, and on which day. */
export function refundsOf(seed: string, calendar: Calendar, serial: Serial, orders: readonly Order[]): Refund[] {
  const random = randomOf(seed, calendar.client.id, calendar.dayAt(serial).day, 'refunds')
  return orders.flatMap((order) => {
    if (!random.chance(calendar.client.orders.refundShare)) return []
    const back = serial + random.integer(2, REFUND_DAYS_MAX)
    const share = random.chance(PARTIAL_SHARE) ? random.between(0.2, 0.7) : 1
    const atMs = drawMoment(random, calendar.dayAt(back), 'contacts')
    const amountMinor = -Math.min(rounded(calendar, order.amountMinor * share), order.amountMinor)
    return [{ serial: back, order: { ...order, atMs, settledMs: settled(random, atMs), amountMinor } }]
  })
}

function orderAtDesk(random: Random, calendar: Calendar, served: Served): Order[] {
  const { contact } = served
  if (served.status !== 'answered' || !served.resolved || contact.customer === null) return []
  if (!random.chance(contact.topic.sells)) return []
  const atMs = contact.atMs + (served.waitS + served.talkS) * SECOND_MS
  const sold = { channel: contact.channel, agent: served.agent, sectorId: contact.topic.sectorId, served }
  return [{ ...drawOrder(random, calendar, contact.customer, atMs), ...sold }]
}

function orderOnWeb(random: Random, calendar: Calendar, customer: SampleCustomer, atMs: number): Order {
  return drawOrder(random, calendar, customer, atMs)
}

function drawOrder(random: Random, calendar: Calendar, customer: SampleCustomer, atMs: number): Order {
  const { medianMinor, spread } = calendar.client.orders
  const drawn = random.logNormal(medianMinor, spread) * customer.spending
  const amount = Math.min(Math.max(drawn, medianMinor * AMOUNT_BOUNDS.min), medianMinor * AMOUNT_BOUNDS.max)
  const order = { atMs, settledMs: settled(random, atMs), amountMinor: rounded(calendar, amount), customer }
  return { ...order, channel: 'web', agent: null, sectorId: null, reference: '', served: null, campaignId: null }
}

function rounded(calendar: Calendar, amountMinor: number): number {
  const { roundToMinor } = calendar.client.orders
  return Math.max(Math.round(amountMinor / roundToMinor), 1) * roundToMinor
}

/** Cards settle while one waits; a few payments hang for ever, as some always do. */
function settled(random: Random, atMs: number): number | null {
  return random.chance(UNSETTLED_SHARE) ? null : atMs + random.integer(2, 90) * SECOND_MS
}
