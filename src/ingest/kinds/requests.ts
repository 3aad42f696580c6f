import { channel, currency, type FactKind, happenedAt, id, instant, reference, text, worth } from './kind.ts'
import { notBefore, setWhen } from './rules.ts'

export const requests: FactKind = {
  name: 'service-requests',
  aliases: ['service-request', 'requests', 'service_requests'],
  table: 'service_requests',
  time: 'requested_at',
  columns: {
    id,
    requested_at: happenedAt,
    accepted_at: instant,
    completed_at: instant,
    state: { type: 'text', oneOf: ['requested', 'accepted', 'completed', 'cancelled'], whenEmpty: 'requested' },
    service: { ...text, required: true },
    customer_id: reference,
    provider_id: reference,
    agent_id: reference,
    sector_id: reference,
    campaign_id: reference,
    channel,
    location: text,
    value_minor: worth,
    currency,
  },
  rules: [
    setWhen('completed_at', 'state', ['completed']),
    notBefore('accepted_at', 'requested_at', 'the service was asked for'),
    notBefore('completed_at', 'requested_at', 'the service was asked for'),
    notBefore('completed_at', 'accepted_at', 'the request was accepted'),
  ],
}
