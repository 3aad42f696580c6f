import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { kinds } from '../../../src/ingest/index.ts'
import { board, counted, dayVersions, db, headers, refused, send } from '../../support/fact-posts.ts'
import { table } from '../../support/given.ts'
import { wholeFacts } from '../../support/whole-facts.ts'

test('every kind goes in as it was sent and is there as it was sent; the same again changes nothing', async () => {
  for (const kind of kinds) {
    const fact = wholeFacts[kind.name]
    expect(Object.keys(fact ?? {})).toEqual(Object.keys(kind.columns))
    const first = await send(`/api/facts/${kind.name}`, fact)
    expect([kind.name, first.status, first.body]).toEqual([kind.name, 202, counted({ inserted: 1 })])
    const [row] = (await table(db, kind.table as 'leads')).filter(({ client_id }) => client_id === 'acme')
    expect(withoutFraction({ ...row, ...generatedOf(kind.table) })).toEqual(
      withoutFraction({ client_id: 'acme', ...fact, ...generatedOf(kind.table) }),
    )
  }
  const before = await dayVersions('acme')
  for (const kind of kinds) {
    const again = await send(`/api/facts/${kind.table}`, [wholeFacts[kind.name]])
    expect([kind.name, again.body]).toEqual([kind.name, counted({ unchanged: 1 })])
  }
  expect(await dayVersions('acme')).toEqual(before)
})

/** Columns of a table that no fact says. */
function generatedOf(tableName: string): object {
  if (tableName === 'subscriptions') return { mrr_minor: 1000 }
  return tableName === 'customers' ? { erased_at: null } : {}
}

/** `…:00.25Z` and `…:00.250Z` are one. */
function withoutFraction(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && /^\d{4}-.*T.*Z$/.test(value) ? Temporal.Instant.from(value).toString() : value,
    ]),
  )
}

describe('one bad fact is a problem that names it, the field and the reason', () => {
  test.each<[kind: string, change: object, field: string, reason: string]>([
    ['interactions', { talk_s: -5 }, 'talk_s', 'is negative'],
    ['interactions', { talk_s: '60' }, 'talk_s', 'is text, not a whole number of seconds'],
    ['interactions', { talk_s: 1.5 }, 'talk_s', 'is not a whole number of seconds'],
    ['interactions', { talk_s: 1e300 }, 'talk_s', 'is too large'],
    ['interactions', { talk_s: [] }, 'talk_s', 'is a list, not a whole number of seconds'],
    ['interactions', { messages_in: 3_000_000_000 }, 'messages_in', 'is above 2147483647'],
    ['interactions', { resolved: 'yes' }, 'resolved', 'is text, not true or false'],
    ['interactions', { status: 'ringing' }, 'status', 'is none of answered, abandoned, missed'],
    ['interactions', { status: null }, 'status', 'is missing'],
    ['interactions', { id: ' ' }, 'id', 'is missing'],
    ['interactions', { id: 7 }, 'id', 'is a number, not text'],
    ['interactions', { id: 'x'.repeat(201) }, 'id', 'is longer than 200 characters'],
    ['interactions', { topic: 'a\0b' }, 'topic', 'holds a NUL character'],
    ['interactions', { topic: 'a\ud800b' }, 'topic', 'holds half a surrogate pair'],
    ['interactions', { intents: 'refund' }, 'intents', 'is not a list of texts'],
    ['interactions', { intents: [1] }, 'intents', 'is not a list of texts'],
    ['interactions', { sentiment: 1.01 }, 'sentiment', 'is above 1'],
    ['interactions', { started_at: '2026-02-30T00:00:00Z' }, 'started_at', 'is no date of the calendar'],
    ['interactions', { started_at: '0000-01-01T00:00:00Z' }, 'started_at', 'is before 1970: is the year right?'],
    ['interactions', { started_at: '2026-04-01T12:05:01Z' }, 'started_at', 'lies more than 5 minutes ahead of now'],
    [
      'interactions',
      { started_at: 1772355600 },
      'started_at',
      'is a number, not a time such as "2026-03-29T14:05:00Z"',
    ],
    ['interactions', { wait_s: null }, 'wait_s', 'is empty, and the contact was answered'],
    [
      'interactions',
      { answered_at: '2026-03-01T08:59:59Z' },
      'answered_at',
      'is before started_at, when the contact began',
    ],
    ['interactions', { ended_at: '2026-03-01T09:00:05Z' }, 'ended_at', 'is before answered_at, when it was answered'],
    [
      'interactions',
      { talk_s: 302 },
      'talk_s',
      'is longer than the contact, which lasted from answered_at to ended_at',
    ],
    [
      'interactions',
      { hold_s: 52 },
      'hold_s',
      'is, together with talk_s, longer than the contact, which lasted from answered_at to ended_at',
    ],
    [
      'interactions',
      { answered_at: null, hold_s: 62 },
      'hold_s',
      'is, together with talk_s, longer than the contact, which lasted from started_at to ended_at',
    ],
    ['interactions', { talk: 60 }, 'talk', 'is no field of interactions (did you mean "talk_s"?)'],
    ['interactions', { zzz: 1 }, 'zzz', 'is no field of interactions'],
    ['interactions', { client_id: 'other' }, 'client_id', 'is no field of interactions (did you mean "agent_id"?)'],
    ['surveys', { csat: 6 }, 'csat', 'is above 5'],
    ['surveys', { nps: -1 }, 'nps', 'is negative'],
    ['quality-scores', { overall: 101 }, 'overall', 'is above 100'],
    ['quality-scores', { empathy: 0 }, 'empathy', 'is below 1'],
    [
      'quality-issues',
      { resolved_at: '2026-03-01T00:00:00Z' },
      'resolved_at',
      'is before noted_at, when the issue was noted',
    ],
    ['quality-issues', { status: 'open' }, 'resolved_at', 'is set, and the status is open'],
    ['payments', { amount_minor: 1999 }, 'amount_minor', 'is positive, and a refund takes money out'],
    ['payments', { amount_minor: -19.99 }, 'amount_minor', 'is not a whole number of minor units, such as cents'],
    ['payments', { currency: 'USD' }, 'currency', "is not the client's currency, which is EUR"],
    ['deals', { state: 'open' }, 'closed_at', 'is set, and the state is open'],
    ['deals', { closed_at: null }, 'closed_at', 'is empty, and the state is won'],
    ['deals', { amount_minor: -1 }, 'amount_minor', 'is negative'],
    ['campaigns', { ends_on: '2026-02-01' }, 'ends_on', 'is before starts_on, when the campaign begins'],
    ['campaigns', { ends_on: '2026-13-01' }, 'ends_on', 'is no date of the calendar'],
    ['campaign-spend', { responded: 101 }, 'responded', 'is more than contacted'],
    [
      'service-requests',
      { completed_at: '2026-03-01T07:30:00Z' },
      'completed_at',
      'is before accepted_at, when the request was accepted',
    ],
    ['bookings', { ends_at: '2026-06-01T08:00:00Z' }, 'ends_at', 'is not after starts_at'],
    ['bookings', { ends_at: '2027-06-02T08:00:01Z' }, 'ends_at', 'is more than 366 days after starts_at'],
    ['provider-availability', { ends_at: '2028-06-01T08:00:00Z' }, 'ends_at', 'is more than 366 days after starts_at'],
    ['bookings', { cancelled_at: '2026-02-01T00:00:00Z' }, 'cancelled_at', 'is before booked_at, when it was booked'],
    ['bookings', { starts_at: '2099-06-01T08:00:00Z' }, 'starts_at', 'lies more than twenty years ahead'],
    ['lead-stage-changes', { to_stage: 'new' }, 'to_stage', 'is the stage that it comes from'],
    ['subscriptions', { interval_months: 0 }, 'interval_months', 'is below 1'],
    ['events', { properties: [] }, 'properties', 'is not a JSON object'],
    ['events', { properties: { a: '\0' } }, 'properties', 'holds a NUL character'],
    ['queue-snapshots', { waiting: 0 }, 'longest_wait_s', 'is more than 0, and nobody waits'],
  ])('%s with %o', async (kind, change, field, reason) => {
    const { status, problem } = await refused(`/api/facts/${kind}`, { ...wholeFacts[kind], ...change })
    expect([status, problem.code, problem.errors?.[0]]).toEqual([
      422,
      'invalid-fact',
      { in: 'body', pointer: `/${field}`, detail: reason },
    ])
    const id = 'id' in change ? change.id : wholeFacts[kind]?.['id']
    expect(problem.detail).toContain(`${field} ${reason}`)
    if (typeof id === 'string' && reason !== 'is missing') expect(problem.detail).toContain(`"${id.slice(0, 200)}"`)
  })

  test('all of its faults at once, as many as there are', async () => {
    const { problem } = await refused('/api/facts/interactions', {
      id: 'x',
      started_at: 'soon',
      wait_s: -1,
      clor: 'red',
    })
    expect(problem.errors).toEqual([
      { in: 'body', pointer: '/clor', detail: 'is no field of interactions' },
      { in: 'body', pointer: '/started_at', detail: 'is not a time such as 2026-03-29T14:05:00' },
      { in: 'body', pointer: '/status', detail: 'is missing' },
      { in: 'body', pointer: '/wait_s', detail: 'is negative' },
    ])
  })
})

describe('a body that cannot be read as facts is refused whole, with where it breaks', () => {
  const long = 'x'.repeat(17 * 1024 * 1024)
  test.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number, string, string]>([
    ['nothing', '', {}, 400, 'invalid-json', 'it is empty'],
    ['half a list', '[{"id":"a"},\n{"id":', {}, 400, 'invalid-json', 'it is cut off at line 2, column 7'],
    ['a comma too many', '[{"id":"a"},\n ]', {}, 400, 'invalid-json', 'it breaks at line 2, column 2'],
    ['a number', '7', {}, 400, 'invalid-json', 'must be a fact (a JSON object) or a list of them'],
    ['bytes that are no text', Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), {}, 400, 'invalid-json', 'bytes from 2 on'],
    ['more than a request may bring', `[${'0,'.repeat(10_000)}0]`, {}, 413, 'too-many-facts', 'at most 10,000 facts'],
    [
      'too many lines',
      '{}\n'.repeat(10_001),
      { 'Content-Type': 'application/x-ndjson' },
      413,
      'too-many-facts',
      'in parts',
    ],
    ['17 MB', JSON.stringify([{ id: long }]), {}, 413, 'body-too-large', 'larger than 16 MB'],
    [
      'a form',
      'id=1',
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported-media-type',
      'application/x-ndjson',
    ],
    ['UTF-16', '{}', { 'Content-Type': 'application/json; charset=utf-16' }, 415, 'unsupported-media-type', 'UTF-8'],
    ['an encoding nobody speaks', '{}', { 'Content-Encoding': 'shrunk' }, 415, 'unsupported-media-type', 'shrunk'],
  ])('%s', async (_what, body, more, status, code, words) => {
    const response = await fetch(`${board.url}/api/facts/interactions`, {
      method: 'POST',
      body,
      headers: { ...headers, 'Content-Type': 'application/json', ...more },
    })
    const problem = (await response.json()) as Problem
    expect([response.status, problem.code]).toEqual([status, code])
    expect(problem.detail).toContain(words)
  })

  test('a kind there is none of is answered with the nearest', async () => {
    const { status, problem } = await refused('/api/facts/intractions', {})
    expect([status, problem.code]).toEqual([404, 'unknown-kind'])
    expect(problem.detail).toContain('did you mean "interactions"?')
  })
})

describe('addresses by what collectors do', () => {
  test.each([
    ['/api/analytics/track', 'events'],
    ['/api/analytics/conversation', 'interactions'],
    ['/api/analytics/satisfaction/survey', 'surveys'],
    ['/api/analytics/cost/record', 'costs'],
    ['/api/analytics/calls/quality', 'quality-scores'],
  ])('%s takes %s, one or many', async (path, kind) => {
    const fact = (id: string) => ({ ...wholeFacts[kind], id })
    expect((await send(path, fact('by-purpose-1'))).body).toEqual(counted({ inserted: 1 }))
    expect((await send(path, [fact('by-purpose-1'), fact('by-purpose-2')])).body).toEqual(
      counted({ received: 2, inserted: 1, unchanged: 1 }),
    )
    expect((await refused(path, { ...fact('x'), id: null })).problem.errors).toEqual([
      { in: 'body', pointer: '/id', detail: 'is missing' },
    ])
  })

  test('a batch of several kinds counts each, and a bad one costs no other', async () => {
    const lead = { id: 'synced', created_at: '2026-03-01T00:00:00Z' }
    const { status, body } = await send('/api/analytics/sync', {
      leads: [lead, { id: 'bad' }],
      call_quality_issues: [{ ...wholeFacts['quality-issues'], id: 'synced' }],
      deals: [],
    })
    expect([status, body]).toEqual([
      202,
      {
        kinds: {
          leads: counted({
            received: 2,
            inserted: 1,
            rejected: 1,
            errors: [{ index: 1, id: 'bad', field: 'created_at', reason: 'is missing' }],
          }),
          call_quality_issues: counted({ inserted: 1 }),
          deals: counted({ received: 0 }),
        },
      },
    ])
  })

  test('what is live is status changes and snapshots, and nothing else', async () => {
    const { body } = await send('/api/metrics/live/update', {
      agent_status_changes: [{ ...wholeFacts['agent-status-changes'], id: 'live' }],
      'queue-snapshots': [{ ...wholeFacts['queue-snapshots'], id: 'live' }],
    })
    expect(body).toEqual({
      kinds: { agent_status_changes: counted({ inserted: 1 }), 'queue-snapshots': counted({ inserted: 1 }) },
    })
    for (const [sent, code] of [
      [{ leads: [] }, 'unknown-kind'],
      [{ agent_status: [] }, 'unknown-kind'],
      [{ queues: {} }, 'invalid-body'],
    ] as const) {
      const { status, problem } = await refused('/api/metrics/live/update', sent)
      expect([status, problem.code]).toEqual([422, code])
    }
    expect((await refused('/api/metrics/live/update', [])).status).toBe(400)
  })
})
