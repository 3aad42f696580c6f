import { count, type FactColumn, type FactKind, happenedAt, id, text } from './kind.ts'
import { atMost } from './rules.ts'

/** A bigint: what is shown is counted in billions. */
const views: FactColumn = { type: 'integer', min: 0, max: 1_000_000_000_000_000, whenEmpty: '0' }

export const campaignSpend: FactKind = {
  name: 'campaign-spend',
  aliases: ['spend', 'campaign_spend'],
  table: 'campaign_spend',
  time: 'spent_at',
  columns: {
    id,
    spent_at: happenedAt,
    campaign_id: id,
    channel: text,
    amount_minor: { type: 'money', min: 0, whenEmpty: '0' },
    currency: { type: 'currency', required: true },
    impressions: views,
    clicks: views,
    contacted: count,
    responded: count,
  },
  rules: [atMost('responded', 'contacted')],
}
