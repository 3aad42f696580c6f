import {
  boolean,
  channel,
  count,
  type FactKind,
  happenedAt,
  id,
  instant,
  reference,
  SECONDS_MAX,
  seconds,
  sentiment,
  text,
  texts,
  worth,
} from './kind.ts'
import { isLonger, notBefore } from './rules.ts'

export const interactions: FactKind = {
  name: 'interactions',
  aliases: ['interaction', 'calls', 'conversations'],
  table: 'interactions',
  time: 'started_at',
  columns: {
    id,
    started_at: happenedAt,
    answered_at: instant,
    ended_at: instant,
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
    repeat_of: reference,
    sentiment,
    intents: texts,
    messages_in: count,
    messages_out: count,
    conversion_type: text,
    conversion_value_minor: worth,
    campaign_id: reference,
    location: text,
    tags: texts,
    follow_up_at: { type: 'instant', mayBeAhead: true },
  },
  rules: [
    {
      columns: ['status', 'wait_s'],
      inTable: true,
      broken: (status, wait) =>
        status === 'answered' && wait === null ? 'is empty, and the contact was answered' : null,
    },
    notBefore('answered_at', 'started_at', 'the contact began'),
    notBefore('ended_at', 'started_at', 'the contact began'),
    notBefore('ended_at', 'answered_at', 'it was answered'),
    {
      columns: ['started_at', 'ended_at', 'talk_s'],
      broken: (from, to, talk) =>
        from !== null && to !== null && isLonger(Number(talk), from, to)
          ? 'is longer than the contact, which lasted from started_at to ended_at'
          : null,
    },
    {
      columns: ['started_at', 'ended_at', 'talk_s', 'hold_s'],
      broken(from, to, talk, hold) {
        if (from === null || to === null || hold === '0' || isLonger(Number(talk), from, to)) return null
        return isLonger(Number(talk) + Number(hold), from, to)
          ? 'is, together with talk_s, longer than the contact, which lasted from started_at to ended_at'
          : null
      },
    },
  ],
}
