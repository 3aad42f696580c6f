import { channel, currency, type FactColumn, type FactKind, id, instant, reference, text, worth } from './kind.ts'
import { endsAfter, notBefore, onlyWhen } from './rules.ts'

const appointed: FactColumn = { type: 'instant', required: true, mayBeAhead: true }

export const bookings: FactKind = {
  name: 'bookings',
  aliases: ['booking', 'appointments'],
  table: 'bookings',
  time: 'starts_at',
  columns: {
    id,
    starts_at: appointed,
    ends_at: appointed,
    booked_at: instant,
    state: { type: 'text', oneOf: ['scheduled', 'completed', 'no-show', 'cancelled', 'moved'], whenEmpty: 'scheduled' },
    // Empty: nobody knows whether it was called off in time.
    cancelled_at: instant,
    service: text,
    customer_id: reference,
    provider_id: reference,
    agent_id: reference,
    sector_id: reference,
    channel,
    location: text,
    value_minor: worth,
    currency,
  },
  rules: [
    endsAfter('ends_at', 'starts_at'),
    onlyWhen('cancelled_at', 'state', ['cancelled', 'moved']),
    notBefore('cancelled_at', 'booked_at', 'it was booked'),
  ],
}
