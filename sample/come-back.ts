import { MINUTE_MS, SECOND_MS } from '../src/time.ts'
import type { Calendar, Serial } from './calendar.ts'
import { type Contact, contactAgain, laterMoment } from './contacts.ts'
import { type Random, randomOf } from './random.ts'
import type { Served } from './serve.ts'

/** Nobody comes back later than so many days after the contact before, nor more often than so many times. */
export const COME_BACK_DAYS_MAX = 7
export const ROUNDS_MAX = 2

const UNRESOLVED_SHARE = 0.55
const RESOLVED_SHARE = 0.02
const ABANDONED_SHARE = 0.5
const HANDED_OVER_SHARE = 0.8
const THIRD_TIME_SHARE = 0.18
const QUIET_SHARE = 0.5

/** A contact that comes back, and on which day. */
export type ComeBack = { serial: Serial; contact: Contact }

/** Who of a day's contacts gets in touch again, and when. `served` are the contacts nobody made before. */
export function comeBacks(seed: string, calendar: Calendar, serial: Serial, served: readonly Served[]): ComeBack[] {
  const random = randomOf(seed, calendar.client.id, calendar.dayAt(serial).day, 'come-backs')
  const endMs = calendar.instantMs(calendar.dayAt(serial), 24)
  return served.flatMap((one) => {
    const first = comesBack(random, calendar, serial, one, endMs)
    if (first === null) return []
    if (!random.chance(THIRD_TIME_SHARE)) return [first]
    return [first, onLaterDay(random, calendar, first.serial, first.contact)]
  })
}

function comesBack(random: Random, calendar: Calendar, serial: Serial, served: Served, endMs: number): ComeBack | null {
  const { contact } = served
  if (contact.customer === null) return null
  if (served.escalated && random.chance(HANDED_OVER_SHARE))
    return soon(random, calendar, serial, served, endMs, [1, 10])
  if (served.status !== 'answered') {
    if (!random.chance(ABANDONED_SHARE)) return null
    return random.chance(0.6)
      ? soon(random, calendar, serial, served, endMs, [6, 110])
      : onLaterDay(random, calendar, serial, contact)
  }
  return random.chance(served.resolved ? RESOLVED_SHARE : UNRESOLVED_SHARE)
    ? onLaterDay(random, calendar, serial, contact)
    : null
}

/** Within minutes of the end, unless the day ends first: then on a later one. */
function soon(
  random: Random,
  calendar: Calendar,
  serial: Serial,
  served: Served,
  endMs: number,
  minutes: readonly [number, number],
): ComeBack {
  const lastedS = served.waitS + served.talkS + served.holdS
  const waitedMs = random.integer(minutes[0] * 60, minutes[1] * 60) * SECOND_MS
  const atMs = served.contact.atMs + lastedS * SECOND_MS + waitedMs
  if (atMs >= endMs - MINUTE_MS) return onLaterDay(random, calendar, serial, served.contact)
  return { serial, contact: contactAgain(random, calendar, served.contact, atMs) }
}

/** Sooner rather than later, never again the same day, and rather not when hardly anybody calls. */
function onLaterDay(random: Random, calendar: Calendar, serial: Serial, contact: Contact): ComeBack {
  const drawn = 1 + Math.floor(random.unit() ** 2 * (COME_BACK_DAYS_MAX - 1))
  const isQuiet = calendar.dayAt(serial + drawn).contacts < QUIET_SHARE * calendar.client.daily.contacts
  const days = isQuiet ? drawn + 1 : drawn
  const atMs = laterMoment(random, calendar, serial + days)
  return { serial: serial + days, contact: contactAgain(random, calendar, contact, atMs) }
}
