import { channel, type FactKind, happenedAt, id, longText, reference } from './kind.ts'

export const costs: FactKind = {
  name: 'costs',
  aliases: ['cost', 'cost_analysis'],
  table: 'cost_analysis',
  time: 'incurred_at',
  columns: {
    id,
    incurred_at: happenedAt,
    category: { type: 'text', required: true, oneOf: ['labour', 'technology', 'infrastructure', 'training'] },
    amount_minor: { type: 'money', required: true, min: 0 },
    currency: { type: 'currency', required: true },
    agent_id: reference,
    sector_id: reference,
    channel,
    campaign_id: reference,
    description: longText,
  },
  rules: [],
}
