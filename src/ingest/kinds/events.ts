import { type FactKind, happenedAt, id, name, reference, text } from './kind.ts'

export const events: FactKind = {
  name: 'events',
  aliases: ['event', 'analytics_events'],
  table: 'analytics_events',
  time: 'occurred_at',
  columns: {
    id,
    occurred_at: happenedAt,
    name,
    customer_id: reference,
    session_id: reference,
    agent_id: reference,
    channel: text,
    campaign_id: reference,
    properties: { type: 'attributes', max: 10_000, whenEmpty: '{}' },
  },
  rules: [],
}
