import { COUNT, declareMetrics, NO_LIMITS, OURS, type Weights } from './metric.ts'

/** Bookings that stood: neither called off in time nor moved. */
const STOOD: Weights = { bookings: 1, bookings_cancelled_in_time: -1, bookings_moved: -1 }
const WHAT_STOOD =
  'By the day of the appointment. Called off in time is at least the client’s hours ahead (24 unless set otherwise); later, or when nobody ' +
  'knows when, it stands. A moved booking counts where it was moved to.'

export const MARKETPLACE_METRICS = declareMetrics({
  requests: {
    ...COUNT,
    name: 'requests',
    label: 'Service requests',
    numerator: { requests: 1 },
    direction: 'up',
    formula: 'requests that came in',
    note: 'By the day of the request, whatever became of it.',
  },
  requestsCompleted: {
    ...COUNT,
    name: 'requests-completed',
    label: 'Requests completed',
    numerator: { requests_completed: 1 },
    direction: 'up',
    formula: 'requests by the day they were completed',
    note: 'Where nobody noted that day, by that of the request.',
  },
  requestsCancelled: {
    ...COUNT,
    name: 'requests-cancelled',
    label: 'Requests cancelled',
    numerator: { requests_cancelled: 1 },
    direction: 'down',
    formula: 'requests that were cancelled',
    note: 'By the day of the request.',
  },
  bookings: {
    ...COUNT,
    name: 'bookings',
    label: 'Bookings',
    numerator: { bookings: 1 },
    direction: 'up',
    formula: 'appointments that begin within the window',
    note: 'Whatever became of them, those called off or moved included.',
  },
  bookingsCancelled: {
    ...COUNT,
    name: 'bookings-cancelled',
    label: 'Bookings cancelled',
    numerator: { bookings_cancelled: 1 },
    direction: 'down',
    formula: 'appointments that were called off, in time or late',
    note: 'By the day on which they would have been.',
  },
  appointmentCompletion: {
    kind: 'sums',
    name: 'appointment-completion',
    label: 'Appointment completion',
    type: 'percent',
    numerator: { bookings_completed: 1 },
    denominator: STOOD,
    ...NO_LIMITS,
    direction: 'up',
    formula: 'completed / (scheduled − cancelled in time − moved)',
    note: WHAT_STOOD,
    source: OURS,
  },
  noShow: {
    kind: 'sums',
    name: 'no-show',
    label: 'No-show',
    type: 'percent',
    numerator: { bookings_no_show: 1 },
    denominator: STOOD,
    ...NO_LIMITS,
    direction: 'down',
    formula: 'no-shows / (scheduled − cancelled in time − moved)',
    note: WHAT_STOOD,
    source: OURS,
  },
  providerUtilisation: {
    kind: 'sums',
    name: 'provider-utilisation',
    label: 'Provider utilisation',
    type: 'percent',
    numerator: { booked_s: 1 },
    denominator: { provider_available_s: 1 },
    ...NO_LIMITS,
    direction: 'up',
    formula: 'booked time / available time',
    note:
      'Times of one provider that overlap count once, and are cut at the edges of days. Appointments called off or moved take no time; those ' +
      'without a provider are in neither. Above 100 % where providers are booked outside the hours they offer.',
    source: OURS,
  },
})
