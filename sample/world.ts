import type { Calendar, Serial } from './calendar.ts'
import { type CampaignBook, openCampaigns } from './campaign-book.ts'
import { type CustomerBase, openCustomers, type SampleCustomer } from './customers.ts'
import { type Random, randomOf } from './random.ts'
import { joinRows, type SampleRows } from './rows.ts'

/** One client's world: everything that a day's dealings are drawn from. */
export type SampleWorld = {
  seed: string
  calendar: Calendar
  customers: CustomerBase
  campaigns: CampaignBook
}

/**
 * What a kind of dealing makes of a day: rows that are new, and rows of earlier days, whole, as they have become. Who
 * has not stored the earlier row has no use for what became of it.
 */
export type Dealings = { rows: Partial<SampleRows>; changes: Partial<SampleRows> }

export const NO_DEALINGS: Dealings = { rows: {}, changes: {} }

export function joinDealings(parts: readonly Dealings[]): { rows: SampleRows; changes: SampleRows } {
  return { rows: joinRows(parts.map(({ rows }) => rows)), changes: joinRows(parts.map(({ changes }) => changes)) }
}

export function openWorld(seed: string, calendar: Calendar): SampleWorld {
  return { seed, calendar, customers: openCustomers(seed, calendar), campaigns: openCampaigns(calendar.client) }
}

/** The draws of one purpose on one of the client's days. */
export function drawsOf({ seed, calendar }: SampleWorld, serial: Serial, purpose: string): Random {
  return randomOf(seed, calendar.client.id, calendar.dayAt(serial).day, purpose)
}

const RECENT_DAYS = 14
const RECENT_SHARE = 0.5

/** Somebody the business knew before that day: a newcomer of the last two weeks, or one from the beginning. */
export function knownCustomer(random: Random, { customers }: SampleWorld, serial: Serial): SampleCustomer {
  const recent = customers.newOn(serial - random.integer(1, RECENT_DAYS))
  return recent.length > 0 && random.chance(RECENT_SHARE) ? random.pick(recent) : random.pick(customers.founders)
}

/** How busy a day is against a usual one: few leads come in on a Sunday. */
export function busyness({ calendar }: SampleWorld, serial: Serial): number {
  return calendar.dayAt(serial).contacts / calendar.client.daily.contacts
}

/** The instant before which what belongs to the day has to happen. */
export function endOfDayMs({ calendar }: SampleWorld, serial: Serial): number {
  return calendar.instantMs(calendar.dayAt(serial), 24)
}
