import { type FactKind, id, text } from './kind.ts'
import { notBefore } from './rules.ts'

/** Its beginning is no part of its key: a subscription whose beginning is corrected stays the same one. */
export const subscriptions: FactKind = {
  name: 'subscriptions',
  aliases: ['subscription'],
  table: 'subscriptions',
  time: null,
  columns: {
    id,
    customer_id: id,
    plan: text,
    starts_at: { type: 'instant', required: true, mayBeAhead: true },
    ends_at: { type: 'instant', mayBeAhead: true },
    amount_minor: { type: 'money', required: true, min: 0 },
    interval_months: { type: 'integer', min: 1, max: 120, whenEmpty: '1' },
    currency: { type: 'currency', required: true },
  },
  rules: [notBefore('ends_at', 'starts_at', 'the subscription begins')],
}
