import { type FactKind, happenedAt, id, instant, reference, text } from './kind.ts'
import { notBefore, setWhen } from './rules.ts'

export const deals: FactKind = {
  name: 'deals',
  aliases: ['deal'],
  table: 'deals',
  time: 'opened_at',
  columns: {
    id,
    opened_at: happenedAt,
    closed_at: instant,
    state: { type: 'text', oneOf: ['open', 'won', 'lost'], whenEmpty: 'open' },
    amount_minor: { type: 'money', required: true, min: 0 },
    currency: { type: 'currency', required: true },
    lead_id: reference,
    customer_id: reference,
    agent_id: reference,
    sector_id: reference,
    campaign_id: reference,
    channel: text,
  },
  rules: [
    { ...setWhen('closed_at', 'state', ['won', 'lost']), inTable: true },
    notBefore('closed_at', 'opened_at', 'the deal was opened'),
  ],
}
