import { currency, type FactKind, happenedAt, id, reference, text, worth } from './kind.ts'

export const leads: FactKind = {
  name: 'leads',
  aliases: ['lead'],
  table: 'leads',
  time: 'created_at',
  columns: {
    id,
    created_at: happenedAt,
    customer_id: reference,
    agent_id: reference,
    sector_id: reference,
    campaign_id: reference,
    channel: text,
    source: text,
    location: text,
    stage: { ...text, whenEmpty: 'new' },
    value_minor: worth,
    currency,
  },
  rules: [],
}
