import { boolean, channel, type FactKind, id, reference, SECONDS_MAX, seconds, text } from './kind.ts'

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
    // Empty: not known, as of a caller who gave up before anybody looked at the clock.
    wait_s: { type: 'seconds', min: 0, max: SECONDS_MAX },
    talk_s: seconds,
    hold_s: seconds,
    wrap_s: seconds,
    resolved: boolean,
    escalated: boolean,
    automated: boolean,
  },
  rule: {
    columns: ['wait_s', 'status'],
    broken: (wait, status) =>
      status === 'answered' && wait === null ? 'is empty, and the contact was answered' : null,
  },
}
