import { MINUTE_MS } from '../src/time.ts'
import { drawMoment, type Serial } from './calendar.ts'
import type { SampleCustomer } from './customers.ts'
import { type Random, randomOf } from './random.ts'
import { idOf, isoOf, type SampleRows } from './rows.ts'
import { drawsOf, type SampleWorld } from './world.ts'

type TouchpointRow = SampleRows['touchpoints'][number]
type Touch = {
  atMs: number
  customerId: string
  campaignId: string | null
  channel: string
  kind: string
  source: string
}

/** Nobody is touched longer before their first order. */
const TOUCH_DAYS_MAX = 13
const TOUCHES_MAX = 4
const BY_CAMPAIGN_SHARE = 0.65
/** Customers of long standing whom a campaign writes to on each of its days. */
const MAILED_A_DAY = 3
const ORGANIC = [
  { kind: 'visit', source: 'search', channel: 'web', weight: 5 },
  { kind: 'visit', source: 'direct', channel: 'web', weight: 3 },
  { kind: 'mail', source: 'newsletter', channel: 'email', weight: 2 },
  { kind: 'ad', source: 'social', channel: 'instagram', weight: 3 },
  { kind: 'call', source: 'callback', channel: 'voice', weight: 1 },
]

/**
 * Who was reached by what on a day: people who will order for the first time within two weeks (nobody knows it yet, but
 * the browser that looks is the one that will buy), and those whom campaigns write to. Takes days in any order.
 */
export function openTouchpoints(world: SampleWorld): (serial: Serial) => TouchpointRow[] {
  const known = new Map<Serial, Map<Serial, Touch[]>>()
  const before = (orderedOn: Serial) => {
    const found = known.get(orderedOn)
    if (found) return found
    const made = touchesBefore(world, orderedOn)
    known.set(orderedOn, made)
    return made
  }
  return (serial) => {
    const touches = mailed(world, serial)
    for (let later = 0; later <= TOUCH_DAYS_MAX; later += 1) touches.push(...(before(serial + later).get(serial) ?? []))
    known.delete(serial)
    const { day } = world.calendar.dayAt(serial)
    return touches
      .sort((one, other) => one.atMs - other.atMs)
      .map((touch, index) => touchpointRow(world, idOf(day, 'u', index + 1), touch))
  }
}

/** By day, all touches of those who order for the first time on one. */
function touchesBefore(world: SampleWorld, orderedOn: Serial): Map<Serial, Touch[]> {
  const byDay = new Map<Serial, Touch[]>()
  for (const customer of world.customers.newOn(orderedOn)) {
    if (!customer.byOrder) continue
    const random = randomOf(world.seed, world.calendar.client.id, customer.id, 'touches')
    for (let left = random.integer(1, TOUCHES_MAX); left > 0; left -= 1) {
      const serial = orderedOn - Math.floor(random.unit() ** 2 * (TOUCH_DAYS_MAX + 1))
      const touches = byDay.get(serial) ?? []
      touches.push(drawTouch(random, world, serial, customer, orderedOn))
      byDay.set(serial, touches)
    }
  }
  return byDay
}

function drawTouch(
  random: Random,
  { calendar, campaigns }: SampleWorld,
  serial: Serial,
  customer: SampleCustomer,
  orderedOn: Serial,
): Touch {
  const day = calendar.dayAt(serial)
  const drawnMs = drawMoment(random, day, 'orders')
  // On the day itself: shortly before the order.
  const justBefore = customer.firstContactMs - random.integer(2, 50) * MINUTE_MS
  const atMs = serial < orderedOn ? drawnMs : Math.max(justBefore, calendar.instantMs(day, 0))
  const [campaign] = campaigns.on(serial)
  if (campaign !== undefined && random.chance(BY_CAMPAIGN_SHARE)) {
    const kind = campaign.plan.contactsPerDay > 0 ? 'mail' : 'ad'
    const { channel } = campaign.plan
    return { atMs, customerId: customer.id, campaignId: campaign.id, channel, kind, source: campaign.plan.name }
  }
  const { kind, source, channel } = random.weighted(ORGANIC)
  return { atMs, customerId: customer.id, campaignId: null, channel, kind, source }
}

function mailed(world: SampleWorld, serial: Serial): Touch[] {
  const { calendar, campaigns, customers } = world
  const random = drawsOf(world, serial, 'mailed')
  return campaigns
    .on(serial)
    .filter(({ plan }) => plan.contactsPerDay > 0)
    .flatMap(({ id, plan }) =>
      Array.from({ length: MAILED_A_DAY }, () => ({
        atMs: drawMoment(random, calendar.dayAt(serial), 'contacts'),
        customerId: random.pick(customers.founders).id,
        campaignId: id,
        channel: plan.channel,
        kind: 'mail',
        source: plan.name,
      })),
    )
}

function touchpointRow({ calendar }: SampleWorld, id: string, touch: Touch): TouchpointRow {
  return {
    client_id: calendar.client.id,
    id,
    touched_at: isoOf(touch.atMs),
    customer_id: touch.customerId,
    campaign_id: touch.campaignId,
    channel: touch.channel,
    kind: touch.kind,
    source: touch.source,
  }
}
