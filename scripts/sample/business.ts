import type { Day } from '../../src/time.ts'
import { type Calendar, openCalendar, type Serial, serialOf } from './calendar.ts'
import { sampleClients } from './clients/index.ts'
import { COME_BACK_DAYS_MAX, comeBacks, ROUNDS_MAX } from './come-back.ts'
import { type Contact, freshContacts } from './contacts.ts'
import { CUSTOMER_DAYS_MAX, type CustomerBase, openCustomers } from './customers.ts'
import { ordersOf, REFUND_DAYS_MAX, type Refund, refundsOf } from './orders.ts'
import { rosterOf } from './roster.ts'
import * as rows from './rows.ts'
import type { SampleClient } from './sample-client.ts'
import { type Served, serveDay } from './serve.ts'
import { SURVEY_DAYS_MAX, type Survey, surveysOf } from './surveys.ts'

/** The facts of one local day; `customers` are those who turned up for the first time. */
export type SampleDay = {
  day: Day
  customers: rows.CustomerRow[]
  interactions: rows.InteractionRow[]
  satisfaction: rows.SatisfactionRow[]
  payments: rows.PaymentRow[]
}

/** One client of the sample business: what stands, and what happened day by day, made as it is read. */
export type SampleBusiness = {
  client: rows.ClientRow
  sectors: rows.SectorRow[]
  agents: rows.AgentRow[]
  /** Known before the first day below, and not yet stored. */
  earlierCustomers: Iterable<rows.CustomerRow>
  dayCount: number
  days: Iterable<SampleDay>
}

const MONTHS = 14

/** How far back a day's facts reach: a contact may be a matter's third, an order of long ago may be refunded. */
const COME_BACK_REACH = COME_BACK_DAYS_MAX * ROUNDS_MAX
const FACT_REACH = Math.max(REFUND_DAYS_MAX, SURVEY_DAYS_MAX)
const CUSTOMER_REACH = CUSTOMER_DAYS_MAX + COME_BACK_REACH + FACT_REACH

/** The last day for all, or the one that is the last in a zone: yesterday comes to Kolkata before it comes to New York. */
export type LastDay = Day | ((timeZone: string) => Day)

export function lastDayIn(lastDay: LastDay, timeZone: string): Day {
  return typeof lastDay === 'string' ? lastDay : lastDay(timeZone)
}

/** The first of the 14 months, or of so many days, that end with `lastDay`. */
export function firstSampleDay(lastDay: Day, days?: number): Day {
  const last = Temporal.PlainDate.from(lastDay)
  return (
    days === undefined ? last.subtract({ months: MONTHS }).add({ days: 1 }) : last.subtract({ days: days - 1 })
  ).toString()
}

/**
 * Three invented businesses over the 14 months up to and including `lastDay`. Every day is a function of the seed, the client and
 * the day, so a later `lastDay` changes nothing about the days before. `storedThrough` names the clients of which days up to one
 * are stored already; those days are left out.
 */
export function generateSampleBusiness(options: {
  seed: string
  lastDay: LastDay
  /** So many days instead of 14 months. */
  days?: number | undefined
  storedThrough?: ReadonlyMap<string, Day>
}): SampleBusiness[] {
  return sampleClients.map((client) => {
    const stored = options.storedThrough?.get(client.id)
    const lastDay = lastDayIn(options.lastDay, client.timeZone)
    const window = { from: serialOf(firstSampleDay(lastDay, options.days)), last: serialOf(lastDay) }
    return generateClient(options.seed, client, window, stored === undefined ? null : serialOf(stored))
  })
}

function generateClient(
  seed: string,
  client: SampleClient,
  window: { from: Serial; last: Serial },
  stored: Serial | null,
): SampleBusiness {
  const calendar = openCalendar(seed, client)
  const customers = openCustomers(seed, calendar)
  const { last } = window
  const from = stored === null ? window.from : Math.max(window.from, stored + 1)
  return {
    client: rows.clientRow(client),
    sectors: rows.sectorRows(client),
    agents: rows.agentRows(client),
    earlierCustomers: earlierCustomers(client, customers, from, last, stored),
    dayCount: Math.max(last - from + 1, 0),
    days: daysOf(seed, calendar, customers, from, last),
  }
}

function* earlierCustomers(
  client: SampleClient,
  customers: CustomerBase,
  from: Serial,
  last: Serial,
  stored: Serial | null,
): Generator<rows.CustomerRow> {
  if (from > last) return
  if (stored === null) for (const founder of customers.founders) yield rows.customerRow(client, founder)
  const first = stored === null ? from - CUSTOMER_REACH : Math.max(from - CUSTOMER_REACH, stored + 1)
  for (let serial = first; serial < from; serial += 1) {
    for (const customer of customers.newOn(serial)) yield rows.customerRow(client, customer)
  }
}

/** What earlier days have in store for later ones. */
type Pending = {
  comeBacks: Map<Serial, Contact[]>
  refunds: Map<Serial, Refund[]>
  surveys: Map<Serial, { survey: Survey; interactionId: string }[]>
}

/** Begins as far before `from` as any of its days reaches back, so that where one begins makes no difference. */
function* daysOf(
  seed: string,
  calendar: Calendar,
  customers: CustomerBase,
  from: Serial,
  last: Serial,
): Generator<SampleDay> {
  if (from > last) return
  const pending: Pending = { comeBacks: new Map(), refunds: new Map(), surveys: new Map() }
  const settledFrom = from - FACT_REACH
  for (let serial = settledFrom - COME_BACK_REACH; serial <= last; serial += 1) {
    const served = serveWhole(seed, calendar, customers, pending, serial)
    if (serial < settledFrom) continue
    const day = settle(seed, calendar, customers, pending, serial, served)
    if (serial >= from) yield day
  }
}

/**
 * Serves a day twice: fresh contacts alone, to learn who of them comes back on which day, and then everybody together. Were it the
 * second serving that decided about coming back, each day would depend on every day before it.
 */
function serveWhole(
  seed: string,
  calendar: Calendar,
  customers: CustomerBase,
  pending: Pending,
  serial: Serial,
): Served[] {
  const roster = rosterOf(seed, calendar, calendar.dayAt(serial))
  const fresh = inOrder(freshContacts(seed, calendar, customers, serial))
  for (const comeBack of comeBacks(seed, calendar, serial, serveDay(fresh, roster))) {
    append(pending.comeBacks, comeBack.serial, comeBack.contact)
  }
  return serveDay(inOrder([...fresh, ...take(pending.comeBacks, serial)]), roster)
}

function inOrder(contacts: readonly Contact[]): Contact[] {
  return contacts.toSorted((one, other) => one.atMs - other.atMs)
}

/** Writes down a day, and notes what it leaves for later. */
function settle(
  seed: string,
  calendar: Calendar,
  customers: CustomerBase,
  pending: Pending,
  serial: Serial,
  served: readonly Served[],
): SampleDay {
  const { client } = calendar
  const { day } = calendar.dayAt(serial)
  const numbers = new Map(served.map((one, index) => [one, index + 1]))
  for (const survey of surveysOf(seed, calendar, serial, served)) {
    const answeredOn = survey.atMs < calendar.instantMs(calendar.dayAt(serial), 24) ? serial : serial + 1
    const interactionId = rows.idOf(day, '', numbers.get(survey.served) ?? 0)
    append(pending.surveys, answeredOn, { survey, interactionId })
  }
  const orders = ordersOf(seed, calendar, customers, serial, served)
  for (const refund of refundsOf(seed, calendar, serial, orders)) append(pending.refunds, refund.serial, refund)
  const payments = [...orders, ...take(pending.refunds, serial).map(({ order }) => order)].sort(
    (one, other) => one.atMs - other.atMs,
  )
  const surveys = take(pending.surveys, serial).sort((one, other) => one.survey.atMs - other.survey.atMs)
  return {
    day,
    customers: customers.newOn(serial).map((customer) => rows.customerRow(client, customer)),
    interactions: served.map((one, index) => rows.interactionRow(client, day, index + 1, one)),
    satisfaction: surveys.map((one, index) =>
      rows.satisfactionRow(client, day, index + 1, one.survey, one.interactionId),
    ),
    payments: payments.map((order, index) => rows.paymentRow(client, day, index + 1, order)),
  }
}

function append<T>(lists: Map<Serial, T[]>, serial: Serial, item: T): void {
  const list = lists.get(serial)
  if (list) list.push(item)
  else lists.set(serial, [item])
}

function take<T>(lists: Map<Serial, T[]>, serial: Serial): T[] {
  const list = lists.get(serial) ?? []
  lists.delete(serial)
  return list
}
