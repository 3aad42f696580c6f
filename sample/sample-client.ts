import type { Holiday } from './holidays.ts'

export type Channel = 'voice' | 'whatsapp' | 'instagram' | 'messenger' | 'web' | 'sms' | 'email'

/** When people of the client work, in local hours; `days` as '12345', Monday is 1; `to` may be 24. */
export type Shift = { days: string; from: number; to: number }

export type SampleAgent = {
  id: string
  name: string
  kind: 'person' | 'assistant'
  sectorId: string
  /** Multiplies handle times: 0.85 is quick. */
  pace: number
  /** Added to the share of contacts a topic lets people resolve. */
  skill: number
  shifts: readonly Shift[]
}

export type SampleTopic = {
  id: string
  sectorId: string
  weight: number
  /** Median talk and wrap, and the deviation of the talk's logarithm. */
  talkS: number
  talkSpread: number
  wrapS: number
  /** The share an average person resolves. */
  resolves: number
  /** The share of answered contacts that end in an order. */
  sells: number
}

/** One hump of a day: how much of the day comes around which local hour, and how widely. */
export type Hump = { hour: number; spread: number; weight: number }

/** The shape of a day: humps over a floor that is spread evenly over 24 hours. */
export type DayShape = { floor: number; humps: readonly Hump[] }

/** Multiplies contacts and orders from one month-day (11-24) to another, both included. */
export type Season = { from: string; to: string; contacts: number; orders: number }

/** The `rank`-th such weekday of a month, every year. */
export type YearlyDay = { month: number; rank: number; weekday: number }

/**
 * A campaign that comes every year. It shows something to people, at a price for a thousand times, and writes to some
 * (or to none).
 */
export type YearlyCampaign = YearlyDay & {
  id: string
  name: string
  channel: string
  days: number
  dailyMinor: number
  perThousandMinor: number
  contactsPerDay: number
}

/** How leads become deals: with people of which sector, for how much, after how long, and how often. */
export type Pipeline = {
  leadsPerDay: number
  sectorId: string
  dealMinor: number
  cycleDays: number
  winShare: number
  sources: readonly string[]
}

/** From the smallest to the largest. */
export type Plan = { id: string; amountMinor: number; intervalMonths: number; weight: number }

/** Who delivers services on a marketplace: on these weekdays ('12345', Monday is 1), between these local hours. */
export type Provider = { id: string; name: string; days: string; from: number; to: number; noShow: number }

export type Marketplace = {
  sectorId: string
  providers: readonly Provider[]
  services: readonly { id: string; minutes: number; feeMinor: number; weight: number }[]
  requestsPerDay: number
  /** Of a fee, what the provider gets. */
  providerShare: number
}

export type Country = {
  id: string
  language: string
  weight: number
  given: readonly string[]
  family: readonly string[]
}

/** Everything that makes one invented business what it is. */
export type SampleClient = {
  id: string
  name: string
  timeZone: string
  currency: string
  locale: string
  sectors: readonly { id: string; name: string }[]
  agents: readonly SampleAgent[]
  topics: readonly SampleTopic[]
  /** `assistant` is the share of a channel's contacts that the assistant takes first. */
  channels: readonly { id: Channel; weight: number; assistant: number }[]
  /** Of an average day in 2026; orders are those made on the web without an agent. */
  daily: { contacts: number; webOrders: number; newCustomers: number }
  growthPerYear: number
  /** Customers the business had before anything was recorded here; the first few by name. */
  founders: { count: number; named: readonly { name: string; country: string }[] }
  /** Monday to Sunday, and January to December, around 1. */
  weekdays: readonly number[]
  months: readonly number[]
  contactHours: DayShape
  orderHours: DayShape
  holidays: readonly Holiday[]
  /** What a holiday leaves of a day's contacts. People have the day off unless `staffed`. */
  onHoliday: { contacts: number; staffed: boolean }
  seasons: readonly Season[]
  campaign: YearlyDay & { days: number; contacts: number; orders: number }
  /** Hours in which nobody can answer. */
  outage: YearlyDay & { from: number; to: number }
  /** The weekly afternoon that is short of people; only so many of those planned are there. */
  shortAfternoon: { weekday: number; from: number; to: number; present: number }
  orders: { medianMinor: number; spread: number; roundToMinor: number; refundShare: number }
  /** Two or three a year. The one that begins with `campaign` above is what lifts contacts and orders then. */
  campaigns: readonly YearlyCampaign[]
  costs: {
    hourlyMinor: number
    technologyMonthlyMinor: number
    infrastructureMonthlyMinor: number
    trainingMinor: number
  }
  /** What a card payment costs, and the share of orders that goes to those who supply them. */
  payments: { feeShare: number; feeMinor: number; supplierShare: number }
  pipeline: Pipeline
  subscriptions: { newPerDay: number; plans: readonly Plan[] }
  /** Visitors of a web shop are followed from the visit to the order. */
  hasWebShop: boolean
  marketplace: Marketplace | null
  countries: readonly Country[]
  comments: { glad: readonly string[]; cross: readonly string[] }
}
