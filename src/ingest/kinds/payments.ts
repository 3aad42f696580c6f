import { channel, type FactKind, happenedAt, id, reference, text } from './kind.ts'

export const payments: FactKind = {
  name: 'payments',
  aliases: ['payment'],
  table: 'payments',
  time: 'occurred_at',
  columns: {
    id,
    occurred_at: happenedAt,
    kind: { type: 'text', required: true, oneOf: ['charge', 'refund', 'payout', 'fee'] },
    amount_minor: { type: 'money', required: true },
    currency: { type: 'currency', required: true },
    customer_id: reference,
    agent_id: reference,
    sector_id: reference,
    channel,
    country: text,
    external_reference: text,
    settled_at: { type: 'instant', mayBeAhead: true },
    campaign_id: reference,
    provider_id: reference,
    service: text,
  },
  rules: [
    {
      columns: ['kind', 'amount_minor'],
      broken(kind, amount) {
        const negative = amount?.startsWith('-') === true
        if (kind === 'charge') return negative ? 'is negative, and a charge brings money in' : null
        return negative || amount === '0' ? null : `is positive, and a ${kind} takes money out`
      },
    },
  ],
}
