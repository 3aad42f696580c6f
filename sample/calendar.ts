import { type Day, HOUR_MS, SECOND_MS, startOfDay } from '../src/time.ts'
import { nthWeekday } from './holidays.ts'
import { type Random, randomOf } from './random.ts'
import type { DayShape, SampleClient, YearlyDay } from './sample-client.ts'

/** Days counted from 1970-01-01, so that looking back a week is a subtraction. */
export type Serial = number

/** A real half hour that exists in the zone, with what it gets of a usual day. */
export type HalfHour = {
  fromMs: number
  contacts: number
  orders: number
  /** Its local time comes twice on that day. */
  isRepeated: boolean
}

/**
 * What a local day of a client is like before anybody calls. Depends on nothing but the seed, the client and the day.
 */
export type CalendarDay = {
  serial: Serial
  day: Day
  /** Monday is 1. */
  weekday: number
  isHoliday: boolean
  /** Contacts, web orders and new customers to expect. */
  contacts: number
  webOrders: number
  newCustomers: number
  halfHours: readonly HalfHour[]
  isOutage: boolean
}

export type Calendar = {
  client: SampleClient
  dayAt(serial: Serial): CalendarDay
  /** The instant of a local hour such as 13.5 on that day; 24 is the end of it. */
  instantMs(day: CalendarDay, hour: number): number
}

const HALF_HOUR_MS = HOUR_MS / 2
const DAY_MS = 24 * HOUR_MS
/** The year in which a client has its declared volume, and how far growth reaches from there. */
const ANCHOR: Serial = serialOf('2026-01-01')
const GROWTH_YEARS = { min: -2, max: 3 }
/** Days differ from one another by more than chance alone. */
const DAY_NOISE = 0.07

export function serialOf(day: Day): Serial {
  return Temporal.PlainDate.from(day).since('1970-01-01', { largestUnit: 'day' }).days
}

export function dayAtSerial(serial: Serial): Day {
  return Temporal.PlainDate.from('1970-01-01').add({ days: serial }).toString()
}

/** Works out the days of one client, each once. */
export function openCalendar(seed: string, client: SampleClient): Calendar {
  const known = new Map<Serial, CalendarDay>()
  const instants = new Map<string, number>()
  const yearly = yearlyDays(client)
  const shape = { contacts: halfHourShares(client.contactHours), orders: halfHourShares(client.orderHours) }
  return {
    client,
    dayAt(serial) {
      const found = known.get(serial)
      if (found) return found
      const made = makeDay(seed, client, serial, yearly, shape)
      known.set(serial, made)
      return made
    },
    instantMs({ day }, hour) {
      const key = `${day} ${hour}`
      const found = instants.get(key)
      if (found !== undefined) return found
      const made = instantOfHour(day, hour, client.timeZone)
      instants.set(key, made)
      return made
    },
  }
}

/** A moment of the day, drawn by when people call (or order). */
export function drawMoment(random: Random, day: CalendarDay, by: 'contacts' | 'orders'): number {
  let left = random.unit() * day.halfHours.reduce((sum, half) => sum + half[by], 0)
  const half = day.halfHours.find((candidate) => (left -= candidate[by]) < 0) ?? day.halfHours[0]
  if (half === undefined) throw new RangeError(`${day.day} has no half hours`)
  return momentIn(random, half)
}

/** A whole second of the half hour. */
export function momentIn(random: Random, half: HalfHour): number {
  return half.fromMs + random.integer(0, HALF_HOUR_MS / SECOND_MS - 1) * SECOND_MS
}

type Shape = { contacts: readonly number[]; orders: readonly number[] }

function makeDay(
  seed: string,
  client: SampleClient,
  serial: Serial,
  yearly: (year: number) => YearlyDays,
  shape: Shape,
): CalendarDay {
  const date = Temporal.PlainDate.from('1970-01-01').add({ days: serial })
  const day = date.toString()
  const random = randomOf(seed, client.id, day, 'calendar')
  const special = yearly(date.year)
  const isHoliday = special.holidays.has(day)
  const size = growth(client, serial)
  const rhythm = pick(client.weekdays, date.dayOfWeek - 1) * monthFactor(client, date)
  // A web shop does not close, and a weekend is as good a time as any to buy.
  const webRhythm = Math.sqrt(rhythm)
  const afterHoliday = yearly(date.subtract({ days: 1 }).year).holidays.has(dayAtSerial(serial - 1)) ? 1.12 : 1
  const campaign = campaignFactor(client, serial - special.campaignFrom)
  const season = seasonFactor(client, day.slice(5))
  const demand = size * rhythm * (isHoliday ? client.onHoliday.contacts : afterHoliday)
  return {
    serial,
    day,
    weekday: date.dayOfWeek,
    isHoliday,
    contacts: client.daily.contacts * demand * season.contacts * campaign.contacts * random.logNormal(1, DAY_NOISE),
    webOrders:
      client.daily.webOrders * size * webRhythm * season.orders * campaign.orders * random.logNormal(1, DAY_NOISE),
    newCustomers: client.daily.newCustomers * size * webRhythm * season.orders * campaign.contacts,
    halfHours: halfHoursOf(day, client.timeZone, shape),
    isOutage: special.outage === day,
  }
}

type YearlyDays = { holidays: ReadonlySet<Day>; campaignFrom: Serial; outage: Day }

function yearlyDays(client: SampleClient): (year: number) => YearlyDays {
  const known = new Map<number, YearlyDays>()
  const dayOf = (year: number, { month, rank, weekday }: YearlyDay) => nthWeekday(year, month, weekday, rank)
  return (year) => {
    const found = known.get(year)
    if (found) return found
    const made = {
      holidays: new Set(client.holidays.map((holiday) => holiday.day(year)).filter((day) => day !== null)),
      campaignFrom: serialOf(dayOf(year, client.campaign)),
      outage: dayOf(year, client.outage),
    }
    known.set(year, made)
    return made
  }
}

function growth(client: SampleClient, serial: Serial): number {
  const years = Math.min(Math.max((serial - ANCHOR) / 365.25, GROWTH_YEARS.min), GROWTH_YEARS.max)
  return (1 + client.growthPerYear) ** years
}

/** Goes smoothly from the middle of one month to the middle of the next. */
function monthFactor(client: SampleClient, date: Temporal.PlainDate): number {
  const along = (date.day - 0.5) / date.daysInMonth - 0.5
  const neighbour = (date.month - 1 + Math.sign(along) + 12) % 12
  const own = pick(client.months, date.month - 1)
  return own + (pick(client.months, neighbour) - own) * Math.abs(along)
}

function campaignFactor(client: SampleClient, daysIn: number): { contacts: number; orders: number } {
  const { days, contacts, orders } = client.campaign
  if (daysIn < 0 || daysIn >= days) return { contacts: 1, orders: 1 }
  const fading = 1 - daysIn / (2 * days)
  return { contacts: 1 + (contacts - 1) * fading, orders: 1 + (orders - 1) * fading }
}

function seasonFactor(client: SampleClient, monthDay: string): { contacts: number; orders: number } {
  return client.seasons.find(({ from, to }) => from <= monthDay && monthDay <= to) ?? { contacts: 1, orders: 1 }
}

/** The share of a usual day that each of its 48 half hours gets. */
function halfHourShares({ floor, humps }: DayShape): number[] {
  const raw = Array.from({ length: 48 }, (_, index) => {
    const hour = index / 2 + 0.25
    const heights = humps.map(
      (hump) => (hump.weight / hump.spread) * Math.exp(-(((hour - hump.hour) / hump.spread) ** 2) / 2),
    )
    return heights.reduce((sum, height) => sum + height / Math.sqrt(2 * Math.PI), floor / 24)
  })
  const total = raw.reduce((sum, height) => sum + height, 0)
  return raw.map((height) => height / total)
}

function halfHoursOf(day: Day, timeZone: string, shape: Shape): HalfHour[] {
  const fromMs = startOfDay(day, timeZone).epochMilliseconds
  const toMs = instantOfHour(day, 24, timeZone)
  const changesClock = toMs - fromMs !== DAY_MS
  const starts = Array.from({ length: (toMs - fromMs) / HALF_HOUR_MS }, (_, index) => fromMs + index * HALF_HOUR_MS)
  const locals = starts.map((startMs, index) => (changesClock ? localHalfHour(startMs, timeZone) : index))
  return starts.map((startMs, index) => {
    const local = pick(locals, index)
    const isRepeated = changesClock && locals.indexOf(local) !== locals.lastIndexOf(local)
    return { fromMs: startMs, contacts: pick(shape.contacts, local), orders: pick(shape.orders, local), isRepeated }
  })
}

function localHalfHour(instantMs: number, timeZone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone)
  return local.hour * 2 + (local.minute >= 30 ? 1 : 0)
}

function instantOfHour(day: Day, hour: number, timeZone: string): number {
  if (hour === 24) return startOfDay(dayAtSerial(serialOf(day) + 1), timeZone).epochMilliseconds
  const time = new Temporal.PlainTime(Math.floor(hour), Math.round((hour % 1) * 60))
  return Temporal.PlainDate.from(day).toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds
}

function pick(list: readonly number[], index: number): number {
  const value = list[index]
  if (value === undefined) throw new RangeError(`there is no entry ${index}`)
  return value
}
