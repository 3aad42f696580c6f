import { MINUTE_MS } from '../src/time.ts'
import { drawMoment, type Serial } from './calendar.ts'
import type { SampleCustomer } from './customers.ts'
import { availabilityOf, worksOn } from './providers.ts'
import type { Random } from './random.ts'
import { idOf, isoOf, moneyRow, type PaymentRow, type SampleRows } from './rows.ts'
import type { Marketplace, Provider } from './sample-client.ts'
import { type Due, openTimeline } from './timeline.ts'
import {
  busyness,
  type Dealings,
  drawsOf,
  joinDealings,
  knownCustomer,
  NO_DEALINGS,
  type SampleWorld,
} from './world.ts'

type RequestRow = SampleRows['service_requests'][number]
type BookingRow = SampleRows['bookings'][number]
type Service = Marketplace['services'][number]

/** Who asks for what, of whom. */
type Request = {
  id: string
  atMs: number
  customer: SampleCustomer
  provider: Provider
  service: Service
  channel: string
}

/** The provider answers, and the appointment is so many days after that; it may be moved, once. */
const ACCEPTED_DAYS = { min: 1, max: 2 }
const AHEAD_DAYS = { min: 3, max: 10 }
const MOVED_DAYS = { min: 1, max: 4 }
const PAID_OUT_DAYS = 2
/** Providers work on some days of the week: one that fits is found within a few, holidays included. */
const SEARCH_DAYS = 7
const REQUEST_DAYS_MAX = ACCEPTED_DAYS.max + AHEAD_DAYS.max + MOVED_DAYS.max + 2 * SEARCH_DAYS + PAID_OUT_DAYS
/** How far ahead of their booking appointments lie. */
export const BOOKED_DAYS_MAX = AHEAD_DAYS.max + MOVED_DAYS.max + 2 * SEARCH_DAYS

const WITHDRAWN_SHARE = 0.1
const CANCELLED_IN_TIME_SHARE = 0.08
const CANCELLED_LATE_SHARE = 0.03
const MOVED_SHARE = 0.06
const CHANNELS = ['web', 'whatsapp', 'voice']
const HALF_HOUR = 0.5

/**
 * What the marketplace does on a day: hours on offer, requests, appointments and what becomes of them, and the money
 * for those that took place.
 */
export function openMarketplace(world: SampleWorld): (serial: Serial) => Dealings {
  const { marketplace } = world.calendar.client
  if (marketplace === null) return () => NO_DEALINGS
  const eventsOn = openTimeline(REQUEST_DAYS_MAX, (origin) => requestsOf(world, marketplace, origin))
  return (serial) =>
    joinDealings([
      { rows: { provider_availability: availabilityOf(world, marketplace, serial) }, changes: {} },
      ...eventsOn(serial),
    ])
}

function requestsOf(world: SampleWorld, marketplace: Marketplace, origin: Serial): Due<Dealings>[] {
  const { calendar } = world
  const random = drawsOf(world, origin, 'requests')
  const day = calendar.dayAt(origin)
  const count = random.poisson(marketplace.requestsPerDay * busyness(world, origin))
  return Array.from({ length: count }, (_, index) =>
    eventsOf(random, world, marketplace, origin, index + 1, {
      id: idOf(day.day, 'r', index + 1),
      atMs: drawMoment(random, day, 'contacts'),
      customer: knownCustomer(random, world, origin),
      provider: random.pick(marketplace.providers),
      service: random.weighted(marketplace.services),
      channel: random.pick(CHANNELS),
    }),
  ).flat()
}

/** Everything that will happen about a request. */
function eventsOf(
  random: Random,
  world: SampleWorld,
  marketplace: Marketplace,
  origin: Serial,
  number: number,
  request: Request,
): Due<Dealings>[] {
  const asked = newRow(origin, 'service_requests', requestRow(world, request, 'requested', null, null))
  const answeredOn = origin + random.integer(ACCEPTED_DAYS.min, ACCEPTED_DAYS.max)
  if (random.chance(WITHDRAWN_SHARE))
    return [asked, changedRow(answeredOn, 'service_requests', requestRow(world, request, 'cancelled', null, null))]
  const acceptedMs = drawMoment(random, world.calendar.dayAt(answeredOn), 'contacts')
  const accepted = requestRow(world, request, 'accepted', acceptedMs, null)
  const id = idOf(world.calendar.dayAt(origin).day, 'b', number)
  const heldOn = workday(world, request.provider, answeredOn + random.integer(AHEAD_DAYS.min, AHEAD_DAYS.max))
  const booking = drawBooking(random, world, request, id, heldOn, acceptedMs)
  return [
    asked,
    changedRow(answeredOn, 'service_requests', accepted),
    newRow(answeredOn, 'bookings', bookingRow(world, booking, 'scheduled', null)),
    ...bookingEvents(random, world, marketplace, booking),
  ]
}

type Booking = { id: string; request: Request; heldOn: Serial; startsMs: number; endsMs: number; bookedMs: number }

function drawBooking(
  random: Random,
  { calendar }: SampleWorld,
  request: Request,
  id: string,
  heldOn: Serial,
  bookedMs: number,
): Booking {
  const { from, to } = request.provider
  const lastsMs = request.service.minutes * MINUTE_MS
  const slots = Math.floor((to - from - request.service.minutes / 60) / HALF_HOUR)
  const startsMs = calendar.instantMs(calendar.dayAt(heldOn), from + random.integer(0, slots) * HALF_HOUR)
  return { id, request, heldOn, startsMs, endsMs: startsMs + lastsMs, bookedMs }
}

/** What becomes of an appointment: most take place; who moves it comes to the other one, or does not. */
function bookingEvents(
  random: Random,
  world: SampleWorld,
  marketplace: Marketplace,
  booking: Booking,
): Due<Dealings>[] {
  const { heldOn, request } = booking
  const luck = random.unit()
  if (luck < CANCELLED_IN_TIME_SHARE) return calledOff(world, booking, heldOn - 2, random.between(34, 46))
  if (luck < CANCELLED_IN_TIME_SHARE + CANCELLED_LATE_SHARE)
    return calledOff(world, booking, heldOn, random.between(1, 5))
  if (luck < CANCELLED_IN_TIME_SHARE + CANCELLED_LATE_SHARE + MOVED_SHARE && !booking.id.endsWith(MOVED)) {
    const movedOn = heldOn - 1
    const otherDay = workday(world, request.provider, heldOn + random.integer(MOVED_DAYS.min, MOVED_DAYS.max))
    const movedMs = drawMoment(random, world.calendar.dayAt(movedOn), 'contacts')
    const other = drawBooking(random, world, request, `${booking.id}${MOVED}`, otherDay, movedMs)
    return [
      changedRow(movedOn, 'bookings', bookingRow(world, booking, 'moved', movedMs)),
      newRow(movedOn, 'bookings', bookingRow(world, other, 'scheduled', null)),
      ...bookingEvents(random, world, marketplace, other),
    ]
  }
  if (random.chance(request.provider.noShow)) {
    return [changedRow(heldOn, 'bookings', bookingRow(world, booking, 'no-show', null))]
  }
  return tookPlace(world, marketplace, booking)
}

/** Ends the id of an appointment that another was moved to. */
const MOVED = '-moved'

/** By the customer, so many hours before; the request with it. */
function calledOff(world: SampleWorld, booking: Booking, on: Serial, hoursBefore: number): Due<Dealings>[] {
  const day = world.calendar.dayAt(on)
  const drawnMs = booking.startsMs - Math.round(hoursBefore * 60) * MINUTE_MS
  const atMs = Math.min(
    Math.max(drawnMs, world.calendar.instantMs(day, 0)),
    world.calendar.instantMs(day, 24) - MINUTE_MS,
  )
  return [
    changedRow(on, 'bookings', bookingRow(world, booking, 'cancelled', atMs)),
    changedRow(on, 'service_requests', requestRow(world, booking.request, 'cancelled', booking.bookedMs, null)),
  ]
}

function tookPlace(world: SampleWorld, { providerShare }: Marketplace, booking: Booking): Due<Dealings>[] {
  const { heldOn, request, endsMs, bookedMs } = booking
  const { service } = request
  const paidOutMs = world.calendar.instantMs(world.calendar.dayAt(heldOn + PAID_OUT_DAYS), 11)
  const payout = -Math.round(service.feeMinor * providerShare)
  return [
    changedRow(heldOn, 'bookings', bookingRow(world, booking, 'completed', null)),
    changedRow(heldOn, 'service_requests', requestRow(world, request, 'completed', bookedMs, endsMs)),
    newRow(heldOn, 'payments', serviceMoney(world, booking, 'charge', endsMs + 5 * MINUTE_MS, service.feeMinor)),
    newRow(heldOn + PAID_OUT_DAYS, 'payments', serviceMoney(world, booking, 'payout', paidOutMs, payout)),
  ]
}

/** The first day from `serial` on that the provider works. */
function workday(world: SampleWorld, provider: Provider, serial: Serial): Serial {
  for (let later = 0; later <= SEARCH_DAYS; later += 1)
    if (worksOn(world, provider, serial + later)) return serial + later
  throw new RangeError(`${provider.id} works on no day within ${SEARCH_DAYS} of ${serial}`)
}

function newRow<Table extends keyof SampleRows>(
  serial: Serial,
  table: Table,
  row: SampleRows[Table][number],
): Due<Dealings> {
  return { serial, item: { rows: { [table]: [row] }, changes: {} } }
}

function changedRow<Table extends keyof SampleRows>(
  serial: Serial,
  table: Table,
  row: SampleRows[Table][number],
): Due<Dealings> {
  return { serial, item: { rows: {}, changes: { [table]: [row] } } }
}

/** Requests and bookings know the same of whom they are about. */
function aboutRow({ calendar }: SampleWorld, { customer, provider, service, channel }: Request) {
  return {
    client_id: calendar.client.id,
    service: service.id,
    customer_id: customer.id,
    provider_id: provider.id,
    sector_id: calendar.client.marketplace?.sectorId ?? null,
    channel,
    location: customer.country,
    value_minor: service.feeMinor,
    currency: calendar.client.currency,
  }
}

function requestRow(
  world: SampleWorld,
  request: Request,
  state: RequestRow['state'],
  acceptedMs: number | null,
  completedMs: number | null,
): RequestRow {
  return {
    ...aboutRow(world, request),
    id: request.id,
    requested_at: isoOf(request.atMs),
    accepted_at: acceptedMs === null ? null : isoOf(acceptedMs),
    completed_at: completedMs === null ? null : isoOf(completedMs),
    state,
  }
}

function bookingRow(
  world: SampleWorld,
  booking: Booking,
  state: BookingRow['state'],
  cancelledMs: number | null,
): BookingRow {
  return {
    ...aboutRow(world, booking.request),
    id: booking.id,
    starts_at: isoOf(booking.startsMs),
    ends_at: isoOf(booking.endsMs),
    booked_at: isoOf(booking.bookedMs),
    state,
    cancelled_at: cancelledMs === null ? null : isoOf(cancelledMs),
  }
}

function serviceMoney(
  world: SampleWorld,
  { id, request }: Booking,
  kind: 'charge' | 'payout',
  atMs: number,
  amountMinor: number,
): PaymentRow {
  const { client } = world.calendar
  const letter = kind === 'charge' ? 'm' : 'o'
  return moneyRow(client, id.replace('-b', `-${letter}b`), atMs, kind, amountMinor, {
    customer_id: kind === 'charge' ? request.customer.id : null,
    sector_id: client.marketplace?.sectorId ?? null,
    channel: kind === 'charge' ? 'web' : null,
    country: kind === 'charge' ? request.customer.country : null,
    external_reference: id,
    provider_id: request.provider.id,
    service: request.service.id,
  })
}
