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
    // As the roll-up reckons (interaction_fault): talk and hold begin with the answer, where it is known when that was.
    {
      columns: ['started_at', 'ended_at', 'talk_s'],
      optional: ['answered_at'],
      broken(started, ended, talk, answered) {
        if (started === null || ended === null || !isLonger(Number(talk), answered ?? started, ended)) return null
        return `is longer than ${spanFrom(answered)}`
      },
    },
    {
      columns: ['started_at', 'ended_at', 'hold_s'],
      optional: ['answered_at', 'talk_s'],
      broken(started, ended, hold, answered, talk) {
        if (started === null || ended === null || hold === '0') return null
        const from = answered ?? started
        if (isLonger(Number(talk), from, ended) || !isLonger(Number(talk) + Number(hold), from, ended)) return null
        return `is, together with talk_s, longer than ${spanFrom(answered)}`
      },
    },
  ],
}

function spanFrom(answered: string | null): string {
  return `the contact, which lasted from ${answered === null ? 'started_at' : 'answered_at'} to ended_at`
}
