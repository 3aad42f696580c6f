import { SECOND_MS } from '../src/time.ts'
import type { Serial } from './calendar.ts'
import type { Order } from './orders.ts'
import type { Random } from './random.ts'
import type { Channel } from './sample-client.ts'
import type { Served } from './serve.ts'
import { moodOf } from './surveys.ts'
import { drawsOf, type SampleWorld } from './world.ts'

/** What a client's systems write down about a contact, beyond how it went. */
export type ContactDetails = {
  served: Served
  answeredMs: number | null
  endedMs: number
  /** -1 to 1; null: nobody looked. */
  sentiment: number | null
  intents: string[]
  messagesIn: number
  messagesOut: number
  /** What it ended in. */
  order: Order | null
  campaignId: string | null
  followUpMs: number | null
}

const TEXT_CHANNELS: ReadonlySet<Channel> = new Set(['whatsapp', 'instagram', 'messenger', 'web', 'sms', 'email'])
/** Calls are not all transcribed, and only what is written down has a sentiment. */
const TRANSCRIBED_SHARE = 0.6
const FOLLOW_UP_SHARE = 0.4
const FOLLOW_UP_DAYS = { min: 1, max: 3 }
/** A clock somewhere runs behind: so many contacts of a client and month were answered before they began. */
const CONTRADICTIONS_A_MONTH = 2.5
const DAYS_A_MONTH = 30.4
/** Between two messages of one side. */
const MESSAGE_S = 55

/** The details of a day's contacts, in their order. */
export function detailsOf(
  world: SampleWorld,
  serial: Serial,
  served: readonly Served[],
  orders: readonly Order[],
  campaigns: ReadonlyMap<Served, string | null>,
): ContactDetails[] {
  const random = drawsOf(world, serial, 'details')
  const orderOf = new Map(orders.map((order) => [order.served, order]))
  return served.map((one) => {
    const order = orderOf.get(one) ?? null
    return {
      ...drawDetails(random, world, serial, one, order),
      served: one,
      order,
      campaignId: campaigns.get(one) ?? null,
    }
  })
}

function drawDetails(
  random: Random,
  world: SampleWorld,
  serial: Serial,
  served: Served,
  order: Order | null,
): Omit<ContactDetails, 'served' | 'order' | 'campaignId'> {
  const { contact } = served
  const isText = TEXT_CHANNELS.has(contact.channel)
  const pickedUpMs = contact.atMs + served.waitS * SECOND_MS
  const endedMs = pickedUpMs + (served.talkS + served.holdS) * SECOND_MS
  const messagesIn = isText ? 1 + random.poisson(Math.min(served.talkS / MESSAGE_S, 20)) : 0
  if (served.status !== 'answered')
    return { answeredMs: null, endedMs, sentiment: null, intents: [], messagesIn, messagesOut: 0, followUpMs: null }
  const sentiment = isText || random.chance(TRANSCRIBED_SHARE) ? drawSentiment(random, served) : null
  const followUpMs = served.resolved || !random.chance(FOLLOW_UP_SHARE) ? null : followUp(random, world, serial)
  const contradicts = random.chance(CONTRADICTIONS_A_MONTH / (DAYS_A_MONTH * world.calendar.client.daily.contacts))
  return {
    answeredMs: contradicts ? contact.atMs - random.integer(20, 900) * SECOND_MS : pickedUpMs,
    endedMs,
    sentiment,
    intents: intentsOf(served, order, sentiment),
    messagesIn,
    messagesOut: isText ? Math.max(1, messagesIn + random.integer(-1, 2)) : 0,
    followUpMs,
  }
}

/** A resolved matter after a short wait lies around 0.7, one left open after a long wait below -0.5. */
function drawSentiment(random: Random, served: Served): number {
  const drawn = (moodOf(served) - 3.3) / 2 + 0.25 * random.normal()
  return Math.round(Math.min(Math.max(drawn, -1), 1) * 100) / 100
}

function intentsOf({ contact, escalated }: Served, order: Order | null, sentiment: number | null): string[] {
  return [
    contact.topic.id,
    ...(order === null ? [] : ['buy']),
    ...(escalated ? ['speak-to-a-person'] : []),
    ...(sentiment !== null && sentiment < -0.4 ? ['complain'] : []),
  ]
}

/** A promise to call back, at an hour when people work. */
function followUp(random: Random, { calendar }: SampleWorld, serial: Serial): number {
  const day = calendar.dayAt(serial + random.integer(FOLLOW_UP_DAYS.min, FOLLOW_UP_DAYS.max))
  return calendar.instantMs(day, random.integer(9, 16))
}
