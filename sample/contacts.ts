import { type Calendar, drawMoment, momentIn, type Serial } from './calendar.ts'
import type { CustomerBase, SampleCustomer } from './customers.ts'
import { type Random, randomOf } from './random.ts'
import type { Channel, SampleTopic } from './sample-client.ts'

/**
 * Somebody gets in touch. What chance has to say about it is drawn here, before anybody answers, so that the same
 * contact goes the same way however busy the day turns out to be.
 */
export type Contact = {
  atMs: number
  /** null: nobody knows who it was. */
  customer: SampleCustomer | null
  topic: SampleTopic
  channel: Channel
  /** Goes to the assistant first. */
  toAssistant: boolean
  /** Waits so many seconds, then gives up. */
  patienceS: number
  talkS: number
  holdS: number
  wrapS: number
  /** Uniform in [0, 1): whether it is resolved, and whether it is passed on. */
  luck: number
  passOn: number
  /** How often this matter has come back already. */
  round: number
}

/** Nobody asked, or the number was withheld. */
const ANONYMOUS_SHARE = 0.16
/** Impatient from the start: rings off within seconds unless answered at once. */
const HASTY_SHARE = 0.05
const HOLD_SHARE = 0.22

/** The contacts of a day that are nobody's second try. */
export function freshContacts(seed: string, calendar: Calendar, customers: CustomerBase, serial: Serial): Contact[] {
  const day = calendar.dayAt(serial)
  const random = randomOf(seed, calendar.client.id, day.day, 'contacts')
  const newcomers = customers.newOn(serial).filter(({ byOrder }) => !byOrder)
  const contacts = newcomers.map((customer) => drawContact(random, calendar, customer.firstContactMs, customer))
  const drawCustomer = customers.drawerFor(serial, 'ask')
  const others = Math.max(day.contacts - day.newCustomers * 0.55, 0)
  for (const half of day.halfHours) {
    // An hour that comes twice, twice a year and at night: the sample always has a contact in each, to show what
    // becomes of it.
    const count = Math.max(random.poisson(others * half.contacts), half.isRepeated ? 1 : 0)
    for (let index = 0; index < count; index += 1) {
      const customer = random.chance(ANONYMOUS_SHARE) ? null : drawCustomer(random)
      contacts.push(drawContact(random, calendar, momentIn(random, half), customer))
    }
  }
  return contacts
}

/** The same matter once more: same customer, same topic, asking for a person this time. */
export function contactAgain(random: Random, calendar: Calendar, contact: Contact, atMs: number): Contact {
  const again = drawContact(random, calendar, atMs, contact.customer)
  return {
    ...again,
    topic: contact.topic,
    channel: contact.channel,
    toAssistant: false,
    talkS: talkSeconds(random, contact.topic),
    round: contact.round + 1,
  }
}

/** Some time on a later day, when people usually call. */
export function laterMoment(random: Random, calendar: Calendar, serial: Serial): number {
  return drawMoment(random, calendar.dayAt(serial), 'contacts')
}

function drawContact(random: Random, calendar: Calendar, atMs: number, customer: SampleCustomer | null): Contact {
  const topic = random.weighted(calendar.client.topics)
  const channel = random.weighted(calendar.client.channels)
  return {
    atMs,
    customer,
    topic,
    channel: channel.id,
    toAssistant: random.chance(channel.assistant),
    patienceS: patienceSeconds(random, channel.id),
    talkS: talkSeconds(random, topic),
    holdS: random.chance(HOLD_SHARE) ? Math.round(random.logNormal(45, 0.7)) : 0,
    wrapS: Math.round(random.logNormal(topic.wrapS, 0.4)),
    luck: random.unit(),
    passOn: random.unit(),
    round: 0,
  }
}

function talkSeconds(random: Random, topic: SampleTopic): number {
  return random.logNormal(topic.talkS, topic.talkSpread)
}

function patienceSeconds(random: Random, channel: Channel): number {
  if (random.chance(HASTY_SHARE)) return random.integer(1, 12)
  return Math.ceil(random.logNormal(channel === 'voice' ? 150 : 420, 0.8))
}
