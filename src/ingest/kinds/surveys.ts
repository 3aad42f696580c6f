import { channel, type FactKind, happenedAt, id, longText, reference, sentiment, text } from './kind.ts'

export const surveys: FactKind = {
  name: 'surveys',
  aliases: ['survey', 'customer_satisfaction', 'satisfaction'],
  table: 'customer_satisfaction',
  time: 'answered_at',
  columns: {
    id,
    answered_at: happenedAt,
    interaction_id: reference,
    customer_id: reference,
    agent_id: reference,
    sector_id: reference,
    channel: { ...channel, whenEmpty: 'voice' },
    csat: { type: 'integer', min: 1, max: 5 },
    nps: { type: 'integer', min: 0, max: 10 },
    comment: longText,
    category: text,
    sentiment,
    would_recommend: { type: 'boolean' },
    campaign_id: reference,
  },
  rules: [],
}
