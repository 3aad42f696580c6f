import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { RetryLaterError } from '../../../src/errors.ts'
import { findKind, kinds } from '../../../src/ingest/index.ts'
import { createFactStore } from '../../../src/ingest/write/store-facts.ts'
import { systemClock } from '../../../src/time.ts'
import { board, counted, dayVersions, db, headers, type Reply, refused, send } from '../../support/fact-posts.ts'
import { keyHeaders } from '../../support/test-board.ts'
import { wholeFacts } from '../../support/whole-facts.ts'

const call = (id: string, more: object = {}) => ({
  id,
  started_at: '2026-03-15T09:00:00Z',
  status: 'answered',
  wait_s: 5,
  talk_s: 60,
  ...more,
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
