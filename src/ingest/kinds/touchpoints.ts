import { type FactKind, happenedAt, id, reference, text } from './kind.ts'

export const touchpoints: FactKind = {
  name: 'touchpoints',
  aliases: ['touchpoint'],
  table: 'touchpoints',
  time: 'touched_at',
  columns: {
    id,
    touched_at: happenedAt,
    customer_id: id,
    campaign_id: reference,
    channel: text,
    kind: { ...text, required: true },
    source: text,
  },
  rules: [],
}
