import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { RetryLaterError } from '../../../src/errors.ts'
import { findKind, kinds } from '../../../src/ingest/index.ts'
import { createFactStore } from '../../../src/ingest/write/store-facts.ts'
import { systemClock } from '../../../src/time.ts'
import { callApi } from '../../support/api.ts'
import { given, table } from '../../support/given.ts'
import { keyHeaders, openTestBoard } from '../../support/test-board.ts'
import { wholeFacts } from '../../support/whole-facts.ts'

const clock = () => Temporal.Instant.from('2026-04-01T12:00:00Z')
const board = await openTestBoard({ change: { clock } })
const db = board.database.system
await given.client(db, { id: 'acme' })
await given.client(db, { id: 'other', currency: 'CHF' })
const headers = await keyHeaders(board, 'ingest', 'acme')

type Reply = {
  received: number
  inserted: number
  updated: number
  unchanged: number
  rejected: number
  errors: { index: number; id: string | null; field: string; reason: string }[]
}

async function send(path: string, body: unknown, more: Record<string, string> = {}) {
  return callApi<Reply>(board.url, { method: 'POST', path, body, headers: { ...headers, ...more } })
}

async function refused(path: string, body: unknown): Promise<{ status: number; problem: Problem }> {
  const { status, body: problem } = await callApi<Problem>(board.url, { method: 'POST', path, body, headers })
  return { status, problem }
}

const counted = (counts: Partial<Reply>) => ({
  received: 1,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  errors: [],
  ...counts,
})

/** How often facts of each day of a client changed. */
async function dayVersions(clientId: string) {
  const rows = await db
    .selectFrom('rollup_days')
    .select(['day', 'facts_version'])
    .where('client_id', '=', clientId)
    .execute()
  return Object.fromEntries(rows.map(({ day, facts_version }) => [day, facts_version]))
}

const call = (id: string, more: object = {}) => ({
  id,
  started_at: '2026-03-15T09:00:00Z',
  status: 'answered',
  wait_s: 5,
  talk_s: 60,
  ...more,
})

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

describe('a batch', () => {
  test('of 1,000 with three bad ones stores 997 and names the three', async () => {
    const facts: unknown[] = Array.from({ length: 1000 }, (_, index) => call(`thousand-${index}`))
    facts[3] = call('thousand-3', { wait_s: -1 })
    facts[500] = 'a call'
    facts[999] = call('thousand-998', { talk_s: 61 })
    const { status, body } = await send('/api/facts/interactions', facts)
    expect([status, body]).toEqual([
      202,
      counted({
        received: 1000,
        inserted: 997,
        rejected: 3,
        errors: [
          { index: 3, id: 'thousand-3', field: 'wait_s', reason: 'is negative' },
          { index: 500, id: null, field: '', reason: 'is not a JSON object' },
          {
            index: 999,
            id: 'thousand-998',
            field: 'id',
            reason: 'is the id of another item of this batch, at index 998, which says something else',
          },
        ],
      }),
    ])
    const before = await dayVersions('acme')
    const again = await send('/api/facts/interactions', facts)
    expect(again.body).toMatchObject({ received: 1000, inserted: 0, updated: 0, unchanged: 997, rejected: 3 })
    expect(await dayVersions('acme')).toEqual(before)
  })

  test('of which the database refuses one loses only that one', async () => {
    await sql`alter table cost_analysis add constraint no_sevens check (amount_minor <> 7)`.execute(db)
    const cost = (id: string, amount_minor: number) => ({ ...wholeFacts['costs'], id, amount_minor })
    const { body } = await send('/api/facts/costs', [cost('r1', 1), cost('r2', 7), cost('r3', 3)])
    await sql`alter table cost_analysis drop constraint no_sevens`.execute(db)
    expect(body).toMatchObject({ received: 3, inserted: 2, rejected: 1 })
    expect(body.errors).toEqual([
      { index: 1, id: 'r2', field: '', reason: expect.stringContaining('no_sevens') as string },
    ])
  })

  test('of JSON lines costs nothing for a line that is none', async () => {
    const lines = [JSON.stringify(call('line-1')), '', '{"id": "line-2",}', JSON.stringify(call('line-3')), ''].join(
      '\r\n',
    )
    const response = await fetch(`${board.url}/api/facts/calls`, {
      method: 'POST',
      body: lines,
      headers: { ...headers, 'Content-Type': 'application/x-ndjson; charset=utf-8' },
    })
    expect([response.status, await response.json()]).toEqual([
      202,
      counted({
        received: 3,
        inserted: 2,
        rejected: 1,
        errors: [{ index: 1, id: null, field: '', reason: 'is not JSON: it breaks at column 17' }],
      }),
    ])
  })

  test('of nothing is taken', async () => {
    expect((await send('/api/facts/leads', [])).body).toEqual(counted({ received: 0 }))
  })

  test('says the same twice, and it counts once', async () => {
    const { body } = await send('/api/facts/interactions', [call('twice'), call('twice')])
    expect(body).toEqual(counted({ received: 2, inserted: 1, unchanged: 1 }))
  })

  test('says the same twice in other words, and it counts once too', async () => {
    const event = (id: string, occurred_at: string, properties: object) => ({
      id,
      occurred_at,
      name: 'visit',
      properties,
    })
    const { body } = await send('/api/facts/events', [
      event('words', '2026-03-05T11:30:00Z', { a: 1, b: { c: 2, d: 3 } }),
      event('words', '2026-03-05T11:30:00.000+00:00', { b: { d: 3, c: 2 }, a: 1 }),
      event('words', '2026-03-05T13:00:00+01:30', { a: 1, b: { c: 2, d: 3 } }),
      event('words', '2026-03-05T11:30:00.001Z', { a: 1, b: { c: 2, d: 3 } }),
      event('words', '2026-03-05T11:30:00Z', { a: 1, b: { c: 2, d: 4 } }),
    ])
    const says = 'is the id of another item of this batch, at index 0, which says something else'
    const errors = [3, 4].map((index) => ({ index, id: 'words', field: 'id', reason: says }))
    expect(body).toEqual(counted({ received: 5, inserted: 1, unchanged: 2, rejected: 2, errors }))
  })

  test('sent later updates what it names, also when the fact moves to another day', async () => {
    await send('/api/facts/interactions', [call('moved'), call('stays')])
    const later = [
      call('moved', { started_at: '2026-01-20T09:00:00Z' }),
      call('stays', { resolved: true }),
      call('new'),
    ]
    expect((await send('/api/facts/interactions', later)).body).toEqual(
      counted({ received: 3, inserted: 1, updated: 2 }),
    )
    const rows = await db
      .selectFrom('interactions')
      .select(['id', 'started_at', 'resolved'])
      .where('id', 'in', ['moved', 'stays'])
      .orderBy('id')
      .execute()
    expect(rows).toEqual([
      { id: 'moved', started_at: '2026-01-20T09:00:00Z', resolved: false },
      { id: 'stays', started_at: '2026-03-15T09:00:00Z', resolved: true },
    ])
  })

  test('is packed with gzip or not', async () => {
    const stream = new Blob([JSON.stringify([call('packed')])]).stream().pipeThrough(new CompressionStream('gzip'))
    const response = await fetch(`${board.url}/api/facts/interactions`, {
      method: 'POST',
      body: await new Response(stream).arrayBuffer(),
      headers: { ...headers, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    })
    expect(await response.json()).toEqual(counted({ inserted: 1 }))
  })
})

describe('whose facts they are', () => {
  test('two clients have facts of the same id, and neither sees nor changes the other’s', async () => {
    const others = await keyHeaders(board, 'ingest', 'other')
    await send('/api/facts/interactions', [call('shared')])
    const theirs = await send('/api/facts/interactions', [call('shared', { talk_s: 99 })], others)
    expect(theirs.body).toEqual(counted({ inserted: 1 }))
    expect((await send('/api/facts/interactions', [call('shared')])).body).toEqual(counted({ unchanged: 1 }))
    const rows = await db
      .selectFrom('interactions')
      .select(['client_id', 'talk_s'])
      .where('id', '=', 'shared')
      .orderBy('client_id')
      .execute()
    expect(rows).toEqual([
      { client_id: 'acme', talk_s: 60 },
      { client_id: 'other', talk_s: 99 },
    ])
  })

  test('a key of one client writes for no other', async () => {
    const { status, problem } = await refused('/api/facts/interactions?client=other', [call('stolen')])
    expect([status, problem.code]).toEqual([403, 'other-client'])
    expect(await db.selectFrom('interactions').select('id').where('id', '=', 'stolen').execute()).toEqual([])
  })

  test('a key of all clients says for whom', async () => {
    const all = await keyHeaders(board, 'operator')
    const codes = []
    for (const query of ['', '?client=nowhere', '?client=other']) {
      const { status, body } = await send(`/api/facts/interactions${query}`, [call('for-other')], all)
      codes.push([status, (body as unknown as Problem).code])
    }
    expect(codes).toEqual([
      [400, 'client-needed'],
      [422, 'no-such-client'],
      [202, undefined],
    ])
  })

  test('a viewer writes none', async () => {
    const viewer = await keyHeaders(board, 'viewer', 'acme')
    expect((await send('/api/facts/interactions', [call('seen')], viewer)).status).toBe(403)
  })
})

describe('an Idempotency-Key', () => {
  const keyed = (key: string) => ({ 'Idempotency-Key': key })

  test('gets the first answer again', async () => {
    const first = await send('/api/facts/interactions', [call('keyed')], keyed('k1'))
    const again = await send('/api/facts/interactions', [call('keyed')], keyed('k1'))
    expect([first.body, again.body, again.headers.get('Idempotency-Replayed')]).toEqual([
      counted({ inserted: 1 }),
      counted({ inserted: 1 }),
      'true',
    ])
    const { status, body } = await send('/api/facts/interactions', [call('another')], keyed('k1'))
    expect([status, (body as unknown as Problem).code]).toEqual([422, 'idempotency-key-reused'])
  })

  test('keeps no megabytes: what many errors made large is made again', async () => {
    const bad = Array.from({ length: 2000 }, (_, index) => call(`bad-${index}`, { wait_s: -1 }))
    for (let turn = 0; turn < 2; turn += 1) {
      const { body, headers: answered } = await send('/api/facts/interactions', bad, keyed('k2'))
      expect([body.rejected, body.errors.length, answered.get('Idempotency-Replayed')]).toEqual([2000, 2000, null])
    }
    expect(await db.selectFrom('idempotency_keys').select('key').where('key', '=', 'k2').execute()).toEqual([])
  })
})

test('the audit log has one entry for what changed, with counts and nothing of what the facts say', async () => {
  const entries = () =>
    db
      .selectFrom('analytics_audit_log')
      .select(['target', 'client_id', 'after'])
      .where('action', '=', 'store-facts')
      .orderBy('id')
      .execute()
  const before = (await entries()).length
  await send('/api/facts/interactions', [call('audited'), call('refused', { wait_s: -1 })])
  await send('/api/facts/interactions', [call('audited')])
  expect((await entries()).slice(before)).toEqual([
    {
      target: 'facts:interactions',
      client_id: 'acme',
      after: { interactions: { received: 2, inserted: 1, updated: 0, unchanged: 0, rejected: 1 } },
    },
  ])
})

test('what was stored of several kinds is in the audit log also when a later kind fails', async () => {
  await db.deleteFrom('analytics_audit_log').execute()
  await sql`create function no_deals() returns trigger language plpgsql as $$ begin
    raise exception 'no' using errcode = '57014'; end $$`.execute(db)
  await sql`create trigger no_deals before insert on deals for each statement execute function no_deals()`.execute(db)
  const leads = [{ id: 'half', created_at: '2026-03-01T00:00:00Z' }]
  const { status } = await send('/api/analytics/sync', { leads, deals: [{ ...wholeFacts['deals'], id: 'half' }] })
  await sql`drop trigger no_deals on deals`.execute(db)
  const entries = await db
    .selectFrom('analytics_audit_log')
    .select(['target', 'client_id', 'outcome', 'after'])
    .execute()
  const counts = { received: 1, inserted: 1, updated: 0, unchanged: 0, rejected: 0 }
  const entry = { target: 'facts:leads', client_id: 'acme', outcome: 'failed', after: { leads: counts } }
  expect([status, entries]).toEqual([500, [entry]])
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

test('two batches at once, of the same facts in another order, are stored once', async () => {
  const facts = Array.from({ length: 300 }, (_, index) => call(`race-${index}`))
  const answers = await Promise.all(
    [facts, facts.toReversed(), facts].map((each) => send('/api/facts/interactions', each)),
  )
  const sum = (name: 'inserted' | 'unchanged') => answers.reduce((total, { body }) => total + body[name], 0)
  expect([sum('inserted'), sum('unchanged')]).toEqual([300, 600])
})

test('the first facts of a month may come from several clients at once', async () => {
  const others = await keyHeaders(board, 'ingest', 'other')
  const months = ['2011-01', '2012-01', '2013-01', '2014-01', '2015-01', '2016-01']
  for (const month of months) {
    const early = (id: string) => [call(id, { started_at: `${month}-15T09:00:00Z` })]
    const answers = await Promise.all([
      send('/api/facts/interactions', early(`early-${month}`)),
      send('/api/facts/interactions', early(`early-${month}`), others),
    ])
    expect(answers.map(({ status, body }) => [month, status, body.inserted])).toEqual([
      [month, 202, 1],
      [month, 202, 1],
    ])
  }
  const { rows } = await sql<{ strays: number }>`select count(*)::int as strays from interactions_default`.execute(db)
  expect(rows).toEqual([{ strays: 0 }])
})

test('a batch that the database breaks off because others write the same days is tried again', async () => {
  await sql`create sequence collisions`.execute(db)
  await sql`create function collide() returns trigger language plpgsql security definer as $$ begin
    if nextval('collisions') <= 2 then raise exception 'deadlock detected' using errcode = '40P01'; end if; return null; end $$`.execute(
    db,
  )
  await sql`create trigger collide after insert on deals for each statement execute function collide()`.execute(db)
  const { status, body } = await send('/api/facts/deals', [{ ...wholeFacts['deals'], id: 'collided' }])
  await sql`drop trigger collide on deals`.execute(db)
  expect([status, body]).toEqual([202, counted({ inserted: 1 })])
})

test('a batch waits for others that store facts of its client, and not for ever', async () => {
  const store = createFactStore(board.database, systemClock, 300)
  const owner = { id: 'acme', timeZone: 'UTC', currency: 'EUR' }
  const sendOne = (id: string) =>
    store(owner, findKind('deals'), [{ value: { ...wholeFacts['deals'], id } }]).then(
      ({ counts }) => counts.inserted,
      (error: unknown) => error instanceof RetryLaterError,
    )
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('import acme', 0))`.execute(tx)
    expect(await Promise.all(['waits-1', 'waits-2', 'waits-3'].map(sendOne))).toEqual([true, true, true])
  })
  expect(await sendOne('waits-1')).toBe(1)
})

test('whatever is sent, it is an answer of ours and never a failure of ours', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('2026-03-01T00:00:00Z', '', '\0', '\ud800', -0, 1e308, 2 ** 53, '__proto__', 'answered'),
  )
  const shaped = fc.constantFrom(...kinds).chain((kind) =>
    fc.record({
      kind: fc.constant(kind.name),
      body: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc
            .tuple(
              fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(kind.columns)), fc.string()), value),
              fc.boolean(),
            )
            .map(([change, whole]) => (whole ? { ...wholeFacts[kind.name], ...change } : change)),
          { maxLength: 5 },
        ),
      ),
      isCut: fc.boolean(),
    }),
  )
  await fc.assert(
    fc.asyncProperty(shaped, async ({ kind, body, isCut }) => {
      const text = JSON.stringify(body)
      const response = await fetch(`${board.url}/api/facts/${kind}`, {
        method: 'POST',
        body: isCut ? text.slice(0, text.length / 2) : text,
        headers: { ...headers, 'Content-Type': 'application/json' },
      })
      const answer = (await response.json()) as Reply & Problem
      expect([202, 400, 422]).toContain(response.status)
      if (response.status !== 202) {
        expect(typeof answer.code).toBe('string')
        return
      }
      const { received, inserted, updated, unchanged, rejected, errors } = answer
      expect(received).toBe(inserted + updated + unchanged + rejected)
      expect(new Set(errors.map(({ index }) => index)).size).toBe(rejected)
      // Whatever our checks let through the database takes: nothing is left to it that they should have known.
      expect(errors.filter(({ reason }) => reason.includes('database'))).toEqual([])
    }),
    { numRuns: 300 },
  )
})
