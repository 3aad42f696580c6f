import { boolean, channel, type FactKind, id, reference, seconds, text } from './kind.ts'

export const interactions: FactKind = {
  name: 'interactions',
  aliases: ['interaction', 'calls', 'conversations'],
  table: 'interactions',
  time: 'started_at',
  columns: {
    id,
    started_at: { type: 'instant', required: true },
    channel: { ...channel, whenEmpty: 'voice' },
    status: { type: 'text', required: true, oneOf: ['answered', 'abandoned', 'missed'] },
    agent_id: reference,
    sector_id: reference,
    customer_id: reference,
    topic: text,
    wait_s: seconds,
    talk_s: seconds,
    hold_s: seconds,
    wrap_s: seconds,
    resolved: boolean,
    escalated: boolean,
    automated: boolean,
  },
}
