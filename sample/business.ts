import type { Day } from '../src/time.ts'
import { openCalendar, type Serial, serialOf } from './calendar.ts'
import { campaignDrawer, campaignRow } from './campaigns.ts'
import { sampleClients } from './clients/index.ts'
import { COME_BACK_DAYS_MAX, comeBacks, ROUNDS_MAX } from './come-back.ts'
import { detailsOf } from './contact-details.ts'
import { type Contact, freshContacts } from './contacts.ts'
import { CUSTOMER_DAYS_MAX, type CustomerBase } from './customers.ts'
import { openDealings } from './dealings.ts'
import { orderCosts } from './fees.ts'
import { type Order, ordersOf, REFUND_DAYS_MAX, type Refund, refundsOf } from './orders.ts'
import { providerRows } from './providers.ts'
import { ISSUE_DAYS_MAX, reviewsOf } from './reviews.ts'
import { type Roster, rosterOf } from './roster.ts'
import * as rows from './rows.ts'
import type { SampleClient } from './sample-client.ts'
import { type Served, serveDay } from './serve.ts'
import { SURVEY_DAYS_MAX, type Survey, surveysOf } from './surveys.ts'
import { append, take } from './timeline.ts'
import { type Dealings, joinDealings, openWorld, type SampleWorld } from './world.ts'

/**
 * What happened on one local day: rows that are new (its customers are those who turned up for the first time), and
 * rows of earlier days, whole, as they have become on this one.
 */
export type SampleDay = { day: Day; rows: rows.SampleRows; changes: rows.SampleRows }

/** One client of the sample business: what stands, and what happened day by day, made as it is read. */
export type SampleBusiness = {
  client: rows.ClientRow
  sectors: rows.SectorRow[]
  agents: rows.AgentRow[]
  /** Known before the first day below, and not yet stored. */
  earlierCustomers: Iterable<rows.CustomerRow>
  /** Those of the days below, and not yet stored. */
  campaigns: rows.CampaignRow[]
  dayCount: number
  days: Iterable<SampleDay>
}

const MONTHS = 14

/** How far back a day's facts reach: a contact may be a matter's third, an order of long ago may be refunded. */
const COME_BACK_REACH = COME_BACK_DAYS_MAX * ROUNDS_MAX
const FACT_REACH = Math.max(REFUND_DAYS_MAX, SURVEY_DAYS_MAX, ISSUE_DAYS_MAX)
const CUSTOMER_REACH = CUSTOMER_DAYS_MAX + COME_BACK_REACH + FACT_REACH

/**
 * The last day for all, or the one that is the last in a zone: yesterday comes to Kolkata before it comes to New York.
 */
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
 * Three invented businesses over the 14 months up to and including `lastDay`. Every day is a function of the seed, the
 * client and the day, so a later `lastDay` changes nothing about the days before. `storedThrough` names the clients of
 * which days up to one are stored already; those days are left out.
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
  const world = openWorld(seed, openCalendar(seed, client))
  const { last } = window
  const from = stored === null ? window.from : Math.max(window.from, stored + 1)
  const campaigns = world.campaigns.within(from, last).filter((campaign) => stored === null || campaign.from > stored)
  return {
    client: rows.clientRow(client),
    sectors: rows.sectorRows(client),
    agents: rows.agentRows(client),
    earlierCustomers: earlierCustomers(client, world.customers, from, last, stored),
    campaigns: campaigns.map((campaign) => campaignRow(client, campaign)),
    dayCount: Math.max(last - from + 1, 0),
    days: daysOf(world, from, last),
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
  if (stored === null) {
    yield* providerRows(client)
    for (const founder of customers.founders) yield rows.customerRow(client, founder)
  }
  const first = stored === null ? from - CUSTOMER_REACH : Math.max(from - CUSTOMER_REACH, stored + 1)
  for (let serial = first; serial < from; serial += 1) {
    for (const customer of customers.newOn(serial)) yield rows.customerRow(client, customer)
  }
}

/** What served contacts and orders of earlier days have in store for later ones. */
type Pending = {
  comeBacks: Map<Serial, Contact[]>
  refunds: Map<Serial, Refund[]>
  surveys: Map<Serial, { survey: Survey; interactionId: string }[]>
  settledIssues: Map<Serial, rows.SampleRows['call_quality_issues']>
}

/** Begins as far before `from` as any of its days reaches back, so that where one begins makes no difference. */
function* daysOf(world: SampleWorld, from: Serial, last: Serial): Generator<SampleDay> {
  if (from > last) return
  const pending: Pending = {
    comeBacks: new Map(),
    refunds: new Map(),
    surveys: new Map(),
    settledIssues: new Map(),
  }
  const dealingsOn = openDealings(world)
  const settledFrom = from - FACT_REACH
  for (let serial = settledFrom - COME_BACK_REACH; serial <= last; serial += 1) {
    const roster = rosterOf(world.seed, world.calendar, world.calendar.dayAt(serial))
    const served = serveWhole(world, pending, serial, roster)
    if (serial < settledFrom) continue
    const settled = settle(world, pending, serial, served)
    if (serial < from) continue
    yield {
      day: world.calendar.dayAt(serial).day,
      ...joinDealings([settled, dealingsOn(serial, roster, served)]),
    }
  }
}

/**
 * Serves a day twice: fresh contacts alone, to learn who of them comes back on which day, and then everybody together.
 * Were it the second serving that decided about coming back, each day would depend on every day before it.
 */
function serveWhole(world: SampleWorld, pending: Pending, serial: Serial, roster: Roster): Served[] {
  const { seed, calendar, customers } = world
  const fresh = inOrder(freshContacts(seed, calendar, customers, serial))
  for (const comeBack of comeBacks(seed, calendar, serial, serveDay(fresh, roster))) {
    append(pending.comeBacks, comeBack.serial, comeBack.contact)
  }
  return serveDay(inOrder([...fresh, ...take(pending.comeBacks, serial)]), roster)
}

function inOrder(contacts: readonly Contact[]): Contact[] {
  return contacts.toSorted((one, other) => one.atMs - other.atMs)
}

/** Writes down what comes of a day's contacts and orders, and notes what it leaves for later. */
function settle(world: SampleWorld, pending: Pending, serial: Serial, served: readonly Served[]): Dealings {
  const { client } = world.calendar
  const { day } = world.calendar.dayAt(serial)
  const campaigns = campaignsOf(world, serial, served)
  const orders = ordersWithCampaigns(world, serial, served, campaigns)
  const details = detailsOf(world, serial, served, orders, campaigns)
  const interactions = details.map((each, index) => rows.interactionRow(client, day, index + 1, each))
  const ids = interactions.map(({ id }) => id)
  const { reviews, issues, settled } = reviewsOf(world, serial, served, ids)
  for (const issue of settled) append(pending.settledIssues, issue.serial, issue.row)
  return {
    rows: {
      customers: world.customers.newOn(serial).map((customer) => rows.customerRow(client, customer)),
      interactions,
      customer_satisfaction: settleSurveys(world, pending, serial, served, ids),
      payments: settlePayments(world, pending, serial, orders),
      call_quality_scores: reviews,
      call_quality_issues: issues,
    },
    changes: { call_quality_issues: take(pending.settledIssues, serial) },
  }
}

/** The campaign that brought each contact of a day. */
function campaignsOf(world: SampleWorld, serial: Serial, served: readonly Served[]): Map<Served, string | null> {
  const draw = campaignDrawer(world, serial, 'contacts')
  return new Map(served.map((one) => [one, draw()]))
}

/** An order at the desk was brought by what brought the contact. */
function ordersWithCampaigns(
  world: SampleWorld,
  serial: Serial,
  served: readonly Served[],
  campaigns: ReadonlyMap<Served, string | null>,
): Order[] {
  const draw = campaignDrawer(world, serial, 'orders')
  return ordersOf(world.seed, world.calendar, world.customers, serial, served).map((order) => ({
    ...order,
    campaignId: order.served === null ? draw() : (campaigns.get(order.served) ?? null),
  }))
}

function settleSurveys(
  { seed, calendar }: SampleWorld,
  pending: Pending,
  serial: Serial,
  served: readonly Served[],
  ids: readonly string[],
): rows.SatisfactionRow[] {
  const idOf = new Map(served.map((one, index) => [one, ids[index] ?? '']))
  const endMs = calendar.instantMs(calendar.dayAt(serial), 24)
  for (const survey of surveysOf(seed, calendar, serial, served)) {
    const answeredOn = survey.atMs < endMs ? serial : serial + 1
    append(pending.surveys, answeredOn, { survey, interactionId: idOf.get(survey.served) ?? '' })
  }
  const { day } = calendar.dayAt(serial)
  return take(pending.surveys, serial)
    .sort((one, other) => one.survey.atMs - other.survey.atMs)
    .map((one, index) => rows.satisfactionRow(calendar.client, day, index + 1, one.survey, one.interactionId))
}

function settlePayments(
  world: SampleWorld,
  pending: Pending,
  serial: Serial,
  orders: readonly Order[],
): rows.PaymentRow[] {
  const { seed, calendar } = world
  for (const refund of refundsOf(seed, calendar, serial, orders)) append(pending.refunds, refund.serial, refund)
  const { day } = calendar.dayAt(serial)
  const payments = [...orders, ...take(pending.refunds, serial).map(({ order }) => order)]
    .sort((one, other) => one.atMs - other.atMs)
    .map((order, index) => rows.paymentRow(calendar.client, day, index + 1, order))
  return [...payments, ...orderCosts(world, serial, orders)]
}
