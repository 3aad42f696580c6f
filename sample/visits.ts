import { MINUTE_MS, SECOND_MS } from '../src/time.ts'
import { drawMoment, type Serial } from './calendar.ts'
import { campaignDrawer } from './campaigns.ts'
import type { Random } from './random.ts'
import { idOf, isoOf, type SampleRows } from './rows.ts'
import { drawsOf, endOfDayMs, knownCustomer, type SampleWorld } from './world.ts'

type EventRow = SampleRows['analytics_events'][number]
type Step = 'visit' | 'sign-up' | 'cart' | 'order'
/** Somebody in the web shop: how far they went, and when. */
type Session = { customerId: string; campaignId: string | null; steps: { name: Step; atMs: number }[] }

const STEPS: readonly Step[] = ['visit', 'sign-up', 'cart', 'order']
/** Events are about so many of a day's contacts. */
const EVENTS_SHARE = 1 / 3
/** Who goes no further than a visit, and of the others who signs up but puts nothing into the cart. */
const VISIT_ONLY_SHARE = 0.55
const SIGN_UP_ONLY_SHARE = 0.5
const MEAN_STEPS = 1 + (1 - VISIT_ONLY_SHARE) * (2 - SIGN_UP_ONLY_SHARE)

/**
 * What is followed of a web shop's visitors: newcomers all the way to their first order, and others who leave on the
 * way.
 */
export function eventsOf(world: SampleWorld, serial: Serial): EventRow[] {
  const { calendar, customers } = world
  if (!calendar.client.hasWebShop) return []
  const random = drawsOf(world, serial, 'visits')
  const drawCampaign = campaignDrawer(world, serial, 'visits')
  const buyers = customers.newOn(serial).filter(({ byOrder }) => byOrder)
  const day = calendar.dayAt(serial)
  const left = Math.max(day.contacts * EVENTS_SHARE - STEPS.length * buyers.length, 0)
  const sessions: Session[] = [
    ...buyers.map(({ id, firstContactMs }) => ({
      customerId: id,
      campaignId: drawCampaign(),
      steps: stepsUntil(random, firstContactMs, calendar.instantMs(day, 0)),
    })),
    ...Array.from({ length: random.poisson(left / MEAN_STEPS) }, () => ({
      customerId: knownCustomer(random, world, serial).id,
      campaignId: drawCampaign(),
      steps: stepsFrom(random, drawMoment(random, day, 'orders'), endOfDayMs(world, serial)),
    })),
  ]
  return eventRows(world, serial, sessions)
}

/** All steps, backwards from the order; nobody begins before the day does. */
function stepsUntil(random: Random, orderedMs: number, dayFromMs: number): Session['steps'] {
  let atMs = orderedMs
  const steps = STEPS.toReversed().map((name) => {
    const step = { name, atMs }
    atMs = Math.max(atMs - random.integer(20, 400) * SECOND_MS, dayFromMs)
    return step
  })
  return steps.toReversed()
}

/** A visit and perhaps a step or two more, unless the day is over. */
function stepsFrom(random: Random, visitedMs: number, endMs: number): Session['steps'] {
  const count = random.chance(VISIT_ONLY_SHARE) ? 1 : random.chance(SIGN_UP_ONLY_SHARE) ? 2 : 3
  let atMs = visitedMs
  const steps = STEPS.slice(0, count).map((name) => {
    const step = { name, atMs }
    atMs += random.integer(1, 9) * MINUTE_MS
    return step
  })
  return steps.filter((step) => step.atMs < endMs)
}

function eventRows(world: SampleWorld, serial: Serial, sessions: readonly Session[]): EventRow[] {
  const { client } = world.calendar
  const { day } = world.calendar.dayAt(serial)
  const events = sessions.flatMap(({ steps, ...session }, number) =>
    steps.map((step) => ({ ...step, ...session, sessionId: `${day.replaceAll('-', '')}-${number + 1}` })),
  )
  return events
    .sort((one, other) => one.atMs - other.atMs)
    .map((event, index) => ({
      client_id: client.id,
      id: idOf(day, 'n', index + 1),
      occurred_at: isoOf(event.atMs),
      name: event.name,
      customer_id: event.customerId,
      session_id: event.sessionId,
      channel: 'web',
      campaign_id: event.campaignId,
      properties: JSON.stringify({ shop: client.id }),
    }))
}
