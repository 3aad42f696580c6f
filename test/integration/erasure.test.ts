import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { observeLtv } from '../../src/analytics/journeys/index.ts'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import type { DB } from '../../src/db/schema.ts'
import { importUpload } from '../../src/ingest/imports/import-upload.ts'
import { type FileStore } from '../../src/ingest/imports/recorded-imports.ts'
import { rejectsKey } from '../../src/ingest/imports/rejects-key.ts'
import { createLog } from '../../src/log.ts'
import { countCustomerRows, eraseCustomer, findMentions, readErasure, requestErasure } from '../../src/privacy/index.ts'
import { NAMESAKES, SYSTEM_TABLES } from '../../src/privacy/text-columns.ts'
import { zipStream } from '../../src/reports/render/xlsx/zip-stream.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { systemClock } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { givenEveryFact } from '../support/every-fact.ts'
import { ACME, given, table } from '../support/given.ts'
import { rollUpDays } from '../support/roll-up.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-erasure-'))
const storage = openFolderStore(folder)
const importFolder = await mkdtemp(join(tmpdir(), 'daybreak-erasure-imports-'))
const never = new AbortController().signal

const ADA = 'ada-1815@example.com'
const BOB = 'bob-1820@example.com'
const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03']
const ROLL_UPS = [
  'daily_metrics',
  'agent_metrics',
  'revenue_metrics',
  'performance_trends',
  'metric_histograms',
  'quarantined_facts',
] as const

afterAll(async () => {
  for (const each of [folder, importFolder]) await rm(each, { recursive: true, force: true })
})

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db)
})

async function customers(...ids: string[]): Promise<void> {
  const values = ids.map((id) => ({
    client_id: ACME,
    id,
    name: `Name of ${id}`,
    country: 'CH',
    first_contact_at: `${DAYS[0]}T08:00:00Z`,
  }))
  await db.insertInto('customers').values(values).execute()
}

async function rollUp(days: readonly string[], clientId = ACME): Promise<void> {
  await rollUpDays(database, clientId, days)
}

async function erase(customerId: string, signal: AbortSignal = never, clientId = ACME) {
  const { erasureId } = await requestErasure(database, { clientId, customerId }, 'tester')
  return eraseCustomer({ database, storage, signal }, { clientId, erasureId })
}

async function tables(names: readonly (keyof DB)[]): Promise<Record<string, unknown[]>> {
  const entries: [string, unknown[]][] = []
  for (const name of names) entries.push([name, await table(db, name)])
  return Object.fromEntries(entries)
}

const dayStates = () =>
  db
    .selectFrom('rollup_days')
    .select(['client_id', 'day', 'facts_version', 'rolled_version'])
    .orderBy('client_id')
    .orderBy('day')
    .execute()

/** Ada and Bob, each with a fact of every kind on three days, all rolled up. */
async function twoCustomers(): Promise<void> {
  await customers(ADA, BOB)
  for (const [n, day] of DAYS.entries()) {
    await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: `${day}T10:00:00Z`, key: `a${n}` })
    await givenEveryFact(db, { clientId: ACME, customerId: BOB, at: `${day}T11:00:00Z`, key: `b${n}` })
  }
  await rollUp(DAYS)
}

async function audited(clientId: string, entry: { target: string; after?: unknown; actor?: string }): Promise<void> {
  const actor = entry.actor ?? 'x'
  const after = JSON.stringify(entry.after ?? null)
  await db
    .insertInto('analytics_audit_log')
    .values({
      actor_kind: 'user',
      actor_id: actor,
      actor_name: actor,
      action: 'change',
      client_id: clientId,
      target: entry.target,
      after,
    })
    .execute()
}

/** Tables of which every fact of a customer has one row. */
const NAMING = [
  'analytics_events',
  'bookings',
  'customer_metrics',
  'customer_satisfaction',
  'customer_tiers',
  'deals',
  'interactions',
  'lead_stage_changes',
  'leads',
  'payments',
  'service_requests',
  'subscriptions',
  'touchpoints',
]

/** Comments on three contacts. */
const COMMENTS = { 'call_quality_scores.comment': 3, 'customer_satisfaction.comment': 3 }

const pseudonym = expect.stringMatching(/^erased-[0-9a-f-]{36}$/)

/** A signal that fires at the nth look. */
function abortingAt(look: number): AbortSignal {
  let left = look
  return {
    throwIfAborted() {
      left -= 1
      if (left < 0) throw new Error('broken off')
    },
  } as AbortSignal
}

describe('erasing one customer', () => {
  test('takes the id out of every table, and puts on record what was done, but not of whom', async () => {
    await twoCustomers()
    await db
      .updateTable('customers')
      .set({ attributes: JSON.stringify({ friend: ADA }) })
      .where('id', '=', BOB)
      .execute()
    await audited(ACME, { target: `customer:${ADA}`, after: [{ [ADA]: 1 }] })
    const own = await countCustomerRows(database, { clientId: ACME, customerId: ADA })
    expect(own).toEqual({ ...Object.fromEntries(NAMING.map((name) => [name, 3])), customers: 1 })
    const { rowCounts, id } = await erase(ADA)
    const elsewhere = { 'customers (mentions)': 1, 'analytics_audit_log (mentions)': 1 }
    expect(rowCounts).toEqual({ ...own, ...elsewhere, ...COMMENTS })
    expect(await findMentions(database, { clientId: ACME, customerId: ADA })).toEqual({ mentions: [], namesakes: [] })
    const [erasure] = await db.selectFrom('erasures').selectAll().execute()
    const { erasure_salt: salt } = await db.selectFrom('clients').select('erasure_salt').executeTakeFirstOrThrow()
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${salt}:${ADA}`))
    expect(erasure).toEqual({
      client_id: ACME,
      id,
      customer_hash: Buffer.from(digest),
      requested_at: expect.any(String),
      requested_by: 'tester',
      pending_id: null,
      pending_name: null,
      row_counts: rowCounts,
      reports: expect.any(Object),
      verification_count: 0,
      finished_at: expect.any(String),
    })
    const [entry] = await db.selectFrom('analytics_audit_log').select(['target', 'after']).execute()
    expect(entry?.target).toMatch(/^customer:erased-/)
  })

  test('empties names and free text, keeps what sums stand on, and leaves other customers as they are', async () => {
    await twoCustomers()
    await erase(ADA)
    const rows = await db.selectFrom('customers').selectAll().orderBy('id').execute()
    const same = {
      client_id: ACME,
      role: 'client',
      country: 'CH',
      attributes: {},
      first_contact_at: `${DAYS[0]}T08:00:00Z`,
    }
    expect(rows).toEqual([
      { ...same, id: BOB, name: `Name of ${BOB}`, erased_at: null },
      { ...same, id: pseudonym, name: null, erased_at: expect.any(String) },
    ])
    const events = await db
      .selectFrom('analytics_events')
      .selectAll()
      .where('id', 'in', ['a0', 'b0'])
      .orderBy('id')
      .execute()
    expect(events).toMatchObject([
      { customer_id: rows[1]?.id, name: 'visit', properties: {}, session_id: null },
      { customer_id: BOB, name: 'visit', properties: { customer: BOB }, session_id: 's' },
    ])
    const surveys = await db
      .selectFrom('customer_satisfaction')
      .selectAll()
      .where('id', 'in', ['a0', 'b0'])
      .orderBy('id')
      .execute()
    expect(surveys).toMatchObject([
      { customer_id: rows[1]?.id, comment: null, csat: 5 },
      { customer_id: BOB, comment: `I am ${BOB}.`, csat: 5 },
    ])
  })

  test('empties what was written about the customer’s contacts where only the contact is named, or its review', async () => {
    await customers(ADA, BOB)
    await given.calls(db, [
      [`${DAYS[0]}T10:00:00Z`, { id: 'of-ada', customer_id: ADA }],
      [`${DAYS[0]}T10:00:00Z`, { id: 'of-bob', customer_id: BOB }],
    ])
    const contacts = ['of-ada', 'of-bob']
    await given.surveys(
      db,
      contacts.map((id) => [
        `${DAYS[0]}T11:00:00Z`,
        { id, interaction_id: id, csat: 1, comment: 'I live at 5 Elm Street' },
      ]),
    )
    for (const id of contacts) {
      const who = { client_id: ACME, id }
      await db
        .insertInto('call_quality_scores')
        .values({ ...who, reviewed_at: `${DAYS[0]}T12:00:00Z`, interaction_id: id, overall: 50 })
        .execute()
      await db
        .insertInto('call_quality_issues')
        .values({
          ...{ ...who, noted_at: `${DAYS[0]}T12:00:00Z`, score_id: id },
          ...{ category: 'tone', severity: 'minor', description: 'Rude to whoever lives at 5 Elm Street' },
        })
        .execute()
    }
    await rollUp(DAYS.slice(0, 1))
    const before = await tables(ROLL_UPS)
    const states = await dayStates()
    const { rowCounts } = await erase(ADA)
    const written = { 'customer_satisfaction.comment': 1, 'call_quality_issues.description': 1 }
    expect(rowCounts).toMatchObject({ interactions: 1, ...written })
    const surveys = await db.selectFrom('customer_satisfaction').selectAll().orderBy('id').execute()
    expect(surveys.map(({ id, csat, comment }) => [id, csat, comment])).toEqual([
      ['of-ada', 1, null],
      ['of-bob', 1, 'I live at 5 Elm Street'],
    ])
    const issues = await db.selectFrom('call_quality_issues').select('description').orderBy('id').execute()
    expect(issues).toEqual([{ description: null }, { description: 'Rude to whoever lives at 5 Elm Street' }])
    expect([await tables(ROLL_UPS), await dayStates()]).toEqual([before, states])
  })

  test('changes no roll-up of any day, dirties none, and rolled up again they are the same but for the name', async () => {
    await twoCustomers()
    const before = await tables(ROLL_UPS)
    for (const name of ['agent_metrics', 'daily_metrics']) expect(before[name]?.length, name).toBeGreaterThan(0)
    const states = await dayStates()
    await erase(ADA)
    expect(await tables(ROLL_UPS)).toEqual(before)
    expect(await dayStates()).toEqual(states)
    const renamed = await table(db, 'customer_metrics')
    await rollUp(DAYS)
    expect(await tables(ROLL_UPS)).toEqual(before)
    expect(await table(db, 'customer_metrics')).toEqual(renamed)
  })

  test('in random worlds no roll-up changes either', async () => {
    const fact = fc.record({
      customer: fc.constantFrom(ADA, BOB, 'third-3@example.com'),
      minute: fc.integer({ min: 0, max: 3 * 24 * 60 - 1 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { minLength: 1, maxLength: 8 }), async (facts) => {
        await emptyDatabase(db)
        await given.client(db, { time_zone: 'Asia/Kathmandu' })
        await customers(ADA, BOB)
        const start = Temporal.Instant.from(`${DAYS[0]}T00:00:00Z`)
        const keys = new Set<string>()
        for (const [n, { customer, minute }] of facts.entries()) {
          const at = start.add({ minutes: minute }).toString()
          // A tier is entered once a day.
          if (keys.has(customer + at.slice(0, 10))) continue
          keys.add(customer + at.slice(0, 10))
          await givenEveryFact(db, { clientId: ACME, customerId: customer, at, key: `f${n}` })
        }
        const days = (await dayStates()).map(({ day }) => day)
        await rollUp(days)
        const before = await tables(ROLL_UPS)
        if (!facts.some(({ customer }) => customer === ADA)) return
        await erase(ADA)
        await rollUp(days)
        expect(await tables(ROLL_UPS)).toEqual(before)
      }),
      { numRuns: 4, seed: 20261121, endOnFailure: true },
    )
  })

  test('leaves another client’s customer of the same id alone, in every table', async () => {
    await given.client(db, { id: 'blue' })
    for (const clientId of [ACME, 'blue']) {
      await db.insertInto('customers').values({ client_id: clientId, id: ADA, name: 'Ada' }).execute()
      await givenEveryFact(db, { clientId, customerId: ADA, at: `${DAYS[0]}T10:00:00Z`, key: 'x' })
      await rollUp(DAYS.slice(0, 1), clientId)
    }
    await audited('blue', { target: `customer:${ADA}` })
    const blue = { clientId: 'blue', customerId: ADA }
    const before = await findMentions(database, blue)
    await erase(ADA)
    expect(await findMentions(database, blue)).toEqual(before)
    expect(before.mentions.map(({ table: name }) => name)).toContain('analytics_audit_log')
    expect(await db.selectFrom('customers').select('name').where('client_id', '=', 'blue').execute()).toEqual([
      { name: 'Ada' },
    ])
  })

  test('what comes in under the id later is a new customer, who can be erased again', async () => {
    await customers(ADA)
    await erase(ADA)
    await given.payments(db, [['2026-03-05T10:00:00Z', { customer_id: ADA, amount_minor: 5 }]])
    const own = await countCustomerRows(database, { clientId: ACME, customerId: ADA })
    expect(own).toEqual({ payments: 1 })
    const second = await erase(ADA)
    expect(second.rowCounts).toEqual(own)
    const hashes = await db.selectFrom('erasures').select('customer_hash').execute()
    expect(hashes.length).toBe(2)
    expect(hashes[0]).toEqual(hashes[1])
    const names = await db.selectFrom('payments').select('customer_id').execute()
    const [customer] = await db.selectFrom('customers').select('id').execute()
    expect(names[0]?.customer_id).not.toBe(customer?.id)
  })

  test('of nobody is refused, without a word of the id', async () => {
    const refused = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester').catch(
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: 'no-such-customer', status: 404 })
    expect(String(refused)).not.toContain(ADA)
  })

  test('asked for twice at once is one erasure, done once', async () => {
    await customers(ADA)
    const ask = () => requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    const asked = await Promise.all([ask(), ask(), ask()])
    expect(new Set(asked.map(({ erasureId }) => erasureId)).size).toBe(1)
    const [{ erasureId }] = asked
    const run = () => eraseCustomer({ database, storage, signal: never }, { clientId: ACME, erasureId })
    const [first, second] = await Promise.all([run(), run()])
    expect(first.rowCounts).toEqual({ customers: 1 })
    expect([second, await run()]).toEqual([first, first])
  })
})

test('a roll-up that is under way cannot put the old name back', async () => {
  await customers(ADA)
  await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: `${DAYS[0]}T10:00:00Z`, key: 'a' })
  const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
  let erased: Promise<unknown> | undefined
  await database
    .forClient(ACME)
    .transaction()
    .execute(async (tx) => {
      await rollUpDay(tx, { clientId: ACME, day: DAYS[0] ?? '' })
      erased = eraseCustomer({ database, storage, signal: never }, { clientId: ACME, erasureId })
      await new Promise((resolve) => setTimeout(resolve, 300))
    })
  await erased
  expect((await findMentions(database, { clientId: ACME, customerId: ADA })).mentions).toEqual([])
})

describe('broken off', () => {
  test('anywhere, it is taken up again and ends as if nothing had happened', async () => {
    await customers(ADA)
    for (const [n, day] of DAYS.entries())
      await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: `${day}T10:00:00Z`, key: `a${n}` })
    await rollUp(DAYS)
    const own = await countCustomerRows(database, { clientId: ACME, customerId: ADA })
    const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    let looks = 0
    for (; looks < 200; looks += 5) {
      const signal = abortingAt(looks)
      const done = await eraseCustomer({ database, storage, signal }, { clientId: ACME, erasureId }).catch(
        (error: Error) => error,
      )
      if (!(done instanceof Error)) break
      expect(done.message).toBe('broken off')
      expect((await readErasure(database.forClient(ACME), ACME, erasureId))?.finishedAt).toBe(null)
    }
    expect(looks).toBeGreaterThan(10)
    const erasure = await readErasure(database.forClient(ACME), ACME, erasureId)
    expect(erasure?.finishedAt).not.toBe(null)
    expect(erasure?.rowCounts).toEqual({ ...own, ...COMMENTS })
    expect((await findMentions(database, { clientId: ACME, customerId: ADA })).mentions).toEqual([])
  })
})

test('who comes in again while it is under way is another customer, and is erased as well', async () => {
  const visit = async (key: string) => {
    await customers(ADA)
    await given.calls(db, [[`${DAYS[0]}T10:00:00Z`, { customer_id: ADA, topic: key }]])
    await db
      .insertInto('customer_tiers')
      .values({ client_id: ACME, customer_id: ADA, tier: 'new', entered_on: DAYS[0] ?? '' })
      .execute()
    await rollUp(DAYS.slice(0, 1))
  }
  await visit('before')
  const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
  const run = (signal: AbortSignal) => eraseCustomer({ database, storage, signal }, { clientId: ACME, erasureId })
  // As soon as the rows that are the customer's are renamed.
  await expect(run(abortingAt(0))).rejects.toThrow('broken off')
  await visit('meanwhile')
  const before = await tables(ROLL_UPS)
  const { rowCounts } = await run(never)
  expect(rowCounts).toEqual({ customers: 2, customer_metrics: 2, customer_tiers: 2, interactions: 2 })
  expect((await findMentions(database, { clientId: ACME, customerId: ADA })).mentions).toEqual([])
  const calls = await db.selectFrom('interactions').select('customer_id').distinct().orderBy('customer_id').execute()
  expect(calls).toEqual([{ customer_id: pseudonym }, { customer_id: pseudonym }])
  const known = await db.selectFrom('customers').select('id').orderBy('id').execute()
  expect(known.map(({ id }) => id)).toEqual(calls.map((call) => call.customer_id))
  await rollUp(DAYS.slice(0, 1))
  expect(await tables(ROLL_UPS)).toEqual(before)
})

describe('what is a mention', () => {
  test('an id is looked for as a word of its own: longer ones that hold it are somebody else', async () => {
    await customers('C-10042', 'C-10042-7', 'XC-10042')
    await db
      .updateTable('customers')
      .set({ attributes: JSON.stringify({ note: 'with C-10042, not C-10042-7. Nor XC-10042; C-10042.' }) })
      .where('id', '=', 'XC-10042')
      .execute()
    await erase('C-10042')
    const rows = await db.selectFrom('customers').select(['id', 'attributes']).orderBy('id').execute()
    expect(rows.map(({ id }) => id)).toEqual(['C-10042-7', 'XC-10042', expect.stringMatching(/^erased-/)])
    const newName = rows[2]?.id ?? ''
    expect(rows[1]?.attributes).toEqual({ note: `with ${newName}, not C-10042-7. Nor XC-10042; ${newName}.` })
  })

  test('an id that is like other words is the customer only where a customer is spoken of', async () => {
    await customers('5')
    await given.calls(db, [['2026-03-01T10:00:00Z', { customer_id: '5', agent_id: '5', topic: '5', tags: ['5'] }]])
    await db.insertInto('agents').values({ client_id: ACME, id: '5', name: '5' }).execute()
    const after = { days: 5, customerId: 5, list: [{ customers: ['5', '6'] }], other: '5' }
    await audited(ACME, { target: 'run:5', actor: '5', after })
    await erase('5')
    const [call] = await db.selectFrom('interactions').selectAll().execute()
    expect(call).toMatchObject({ customer_id: pseudonym, agent_id: '5', topic: '5', tags: ['5'] })
    const [entry] = await db.selectFrom('analytics_audit_log').select('after').execute()
    expect(entry?.after).toEqual({
      days: 5,
      customerId: pseudonym,
      list: [{ customers: [pseudonym, '6'] }],
      other: '5',
    })
  })

  test('an agent, or whoever gets reports, of the same id is a namesake: told, and left alone', async () => {
    await customers(ADA)
    await db.insertInto('agents').values({ client_id: ACME, id: ADA, name: 'Ada' }).execute()
    await given.calls(db, [['2026-03-01T10:00:00Z', { agent_id: ADA }]])
    await rollUp(DAYS.slice(0, 1))
    const before = await tables(ROLL_UPS)
    await erase(ADA)
    expect(await tables(ROLL_UPS)).toEqual(before)
    const { mentions, namesakes } = await findMentions(database, { clientId: ACME, customerId: ADA })
    expect(mentions).toEqual([])
    expect(namesakes).toContainEqual({ table: 'agents', column: 'id', rows: 1 })
    expect(namesakes).toContainEqual({ table: 'interactions', column: 'agent_id', rows: 1 })
  })

  test('every table of the whole system is known, and no namesake is listed that does not exist', async () => {
    const { rows } = await sql<{ name: string }>`
      select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        and not relispartition and not relrowsecurity and relname <> 'analytics_audit_log' order by 1`.execute(db)
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(SYSTEM_TABLES))
    const columns = await sql<{ table_name: string; column_name: string }>`
      select table_name, column_name from information_schema.columns where table_schema = 'public'`.execute(db)
    const stale = Object.keys(NAMESAKES).filter((entry) => {
      const [name, column] = entry.split('.')
      return !columns.rows.some(
        (row) => (name === '*' || row.table_name === name) && (column === '*' || row.column_name === column),
      )
    })
    expect(stale).toEqual([])
  })
})

test('an answer that is kept in memory does not name who was erased after it', async () => {
  await given.payments(db, [[`${DAYS[0]}T11:00:00Z`, { customer_id: ADA, amount_minor: 1000 }]])
  await rollUp(DAYS)
  const window = { from: DAYS[0] ?? '', to: '2026-03-04' }
  const ids = async () => {
    const { top } = await observeLtv(database.forClient(ACME), { clientId: ACME, window, today: '2026-03-20', top: 5 })
    return top.map(({ customerId }) => customerId)
  }
  expect(await ids()).toEqual([ADA])
  await erase(ADA)
  expect(await ids()).toEqual([expect.stringMatching(/^erased-/)])
})

describe('stored files', () => {
  async function report(
    formats: Record<string, string | Buffer>,
    window = { from: DAYS[0], to: DAYS[1] },
  ): Promise<string> {
    const id = randomUUID()
    await sql`insert into executions (client_id, id, report, window_from, window_to, time_zone, currency, state, figures, finished_at)
      values (${ACME}, ${id}, 'monthly-revenue', ${window.from}, ${window.to}, 'UTC', 'EUR', 'completed', '[]', clock_timestamp())`.execute(
      db,
    )
    for (const [format, content] of Object.entries(formats)) {
      const key = `${ACME}/${id}/report.${format}`
      await storage.put(key, Readable.from([content]), { mediaType: 'x/y' })
      await sql`insert into execution_files (client_id, execution_id, format, object_key, file_name, media_type, size_bytes, sha256)
        values (${ACME}, ${id}, ${format}, ${key}, 'r', 'x/y', 1, '')`.execute(db)
    }
    return id
  }

  /** An import of a file. Returns its id. */
  async function upload(content: string | Buffer): Promise<string> {
    const objectKey = `${ACME}/uploads/${randomUUID()}`
    await storage.put(objectKey, Readable.from([content]), { mediaType: 'text/csv' })
    const { id } = await db
      .insertInto('imports')
      .values({
        ...{ client_id: ACME, kind: 'customers', file_name: 'u.csv', dry_run: false, strict: false },
        ...{ object_key: objectKey, size_bytes: 1, sha256: '', requested_by: 'x' },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }

  /** Imports an upload, as its job does. */
  const work = (id: string, store: FileStore = storage, attempt = 1) =>
    importUpload(id, {
      database,
      db: database.forClient(ACME),
      storage: store,
      folder: importFolder,
      attempt,
      clock: systemClock,
      signal: never,
      progress() {},
      commit: (write) => database.forClient(ACME).transaction().execute(write),
      checkpoint: (write) => database.forClient(ACME).transaction().execute(write),
      log: createLog('silent'),
    })

  async function workbook(text: string): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    const entries = [
      { name: 'a.xml', content: [Buffer.from('<a/>')] },
      { name: 'b.xml', content: [Buffer.from(text)] },
    ]
    for await (const chunk of zipStream(entries)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async function stored(): Promise<string[]> {
    const keys: string[] = []
    for await (const key of storage.list('')) keys.push(key)
    return keys
  }

  beforeEach(async () => {
    for (const key of await stored()) await storage.delete(key)
    await customers(ADA)
    await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: `${DAYS[0]}T10:00:00Z`, key: 'a' })
    await rollUp(DAYS.slice(0, 1))
  })

  test('reports that name the customer go with all their formats, others stay, and what cannot be read is listed', async () => {
    const byId = await report({ csv: `1,${ADA},5\r\n`, pdf: '%PDF-1.7' })
    const byName = await report({ html: `<td>Name of ${ADA}</td>` })
    const inWorkbook = await report({ xlsx: await workbook(`<t>${ADA}</t>`) })
    const others = [
      await report({ csv: 'nobody', pdf: '%PDF-1.7' }),
      await report({ json: `{"id":"x${ADA}"}` }),
      await report({ xlsx: await workbook('<t>x</t>') }),
    ]
    const unread = await report({ pdf: '%PDF-1.7' })
    const otherDays = await report({ pdf: '%PDF-1.7' }, { from: DAYS[1], to: DAYS[2] })
    const { files } = await erase(ADA)
    expect(files?.reports).toEqual({ deleted: [byId, byName, inWorkbook].sort(), unread: [unread] })
    const left = new Set((await stored()).map((key) => key.split('/')[1]))
    expect(left).toEqual(new Set([...others, unread, otherDays]))
    const rows = await db.selectFrom('executions').select(['id', 'figures']).where('id', '=', byId).execute()
    expect(rows).toEqual([{ id: byId, figures: null }])
    expect(
      await db.selectFrom('execution_files').select('execution_id').where('execution_id', '=', byId).execute(),
    ).toEqual([])
  })

  test('a report that was being made meanwhile goes as well, also when only the name stands in it', async () => {
    await db.updateTable('customers').set({ name: 'Ada Lovelace' }).where('id', '=', ADA).execute()
    const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    const run = (signal: AbortSignal) => eraseCustomer({ database, storage, signal }, { clientId: ACME, erasureId })
    await expect(run(abortingAt(0))).rejects.toThrow('broken off')
    expect((await readErasure(database.forClient(ACME), ACME, erasureId))?.files?.reports.deleted).toEqual([])
    const late = [await report({ csv: `1,${ADA},5` }), await report({ csv: '1,Ada Lovelace,5' })].sort()
    expect((await run(never)).files?.reports).toEqual({ deleted: late, unread: [] })
    expect(await stored()).toEqual([])
  })

  test('uploaded files that name the customer go, their import stays on record', async () => {
    const made = await upload(`id\n${ADA}\n`)
    const { files } = await erase(ADA)
    expect(files?.imports).toEqual({ deleted: [made], unread: [] })
    expect(await stored()).toEqual([])
    expect(await db.selectFrom('imports').select('id').execute()).toEqual([{ id: made }])
  })

  test('an upload is searched in whatever encoding it is, and a longer id in it is somebody else', async () => {
    await db.updateTable('customers').set({ name: 'Zoë Müller' }).where('id', '=', ADA).execute()
    const named = [
      await upload(Buffer.from(`id;name\n${ADA};\n`, 'utf16le')),
      await upload(Buffer.from('\ufeffid;name\n;Zoë Müller\n', 'utf16le')),
      await upload(gzipSync(Buffer.from('id;name\n;Zoë Müller\n', 'latin1'))),
    ]
    await upload(Buffer.from(`id;name\n${ADA}x;Zoë Müllers\n`, 'utf16le'))
    const sealed = await upload(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ...Array(16).fill(0)]))
    expect((await erase(ADA)).files?.imports).toEqual({ deleted: named.sort(), unread: [sealed] })
    expect(await stored()).toHaveLength(2)
  })

  test('where the id is like other words, a file without the name may name the customer, whether there is a name or not', async () => {
    await db.deleteFrom('imports').execute()
    for (const [id, name] of [
      ['12347', 'Bob Byron'],
      ['12348', null],
    ] as const) {
      await db.insertInto('customers').values({ client_id: ACME, id, name }).execute()
      const [withId, withName] = [await upload(`id\n${id}\n`), await upload('name\nBob Byron\n')]
      const unread = name === null ? [withId, withName].sort() : [withId]
      const deleted = name === null ? [] : [withName]
      expect((await erase(id)).files?.imports, id).toEqual({ deleted, unread })
      await db.deleteFrom('imports').execute()
    }
  })

  test('an upload goes with its rejects, also when only one of them names the customer', async () => {
    const made = await upload(`id,first_contact_at\n${ADA},2026-03-01T10:00:00Z\nnobody,never\n`)
    await work(made)
    expect(await stored()).toContain(rejectsKey(ACME, made))
    expect((await erase(ADA)).files?.imports).toEqual({ deleted: [made], unread: [] })
    expect(await stored()).toEqual([])
  })

  test('rejects that an import writes while the customer is erased go, whether it has said so by then or not', async () => {
    const [done, failed] = [await upload('nobody'), await upload('nobody')]
    const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    const run = (signal: AbortSignal) => eraseCustomer({ database, storage, signal }, { clientId: ACME, erasureId })
    await expect(run(abortingAt(2))).rejects.toThrow('broken off')
    for (const id of [done, failed])
      await storage.put(rejectsKey(ACME, id), Readable.from([`2,id,,missing,"${ADA}"`]), { mediaType: 'text/csv' })
    await sql`update imports set finished_at = clock_timestamp(), result = '{}' where id = ${done}`.execute(db)
    expect((await run(never)).files?.imports).toEqual({ deleted: [done, failed].sort(), unread: [] })
    expect(await stored()).toEqual([])
  })

  test('an import that is under way when its file is erased leaves no rejects behind', async () => {
    const made = await upload(`id,first_contact_at\n${ADA},never\n`)
    await work(made, {
      ...storage,
      async put(key, body, options) {
        await erase(ADA)
        return storage.put(key, body, options)
      },
    })
    expect(await stored()).toEqual([])
    const rows = await db.selectFrom('imports').select(['rejects_key', 'result']).execute()
    const notes = [
      'Nothing was kept: no row is good.',
      'The file was deleted while it was imported, and its rejects with it.',
    ]
    expect(rows).toEqual([{ rejects_key: null, result: expect.objectContaining({ rejected: 1, notes }) }])
  })

  test('an import that is tried again after its file is erased says so, what is kept, and what to do', async () => {
    const made = await upload(`id,first_contact_at\n${ADA},2026-03-01T10:00:00Z\n`)
    await erase(ADA)
    const words = (kept: string) => ({
      code: 'upload-deleted',
      message: `The file of import ${made} was deleted before the import had ended, as happens when a customer it names is erased. ${kept}. Send the file again, without that customer.`,
    })
    await expect(work(made)).rejects.toMatchObject(words('Nothing was stored'))
    await expect(work(made, storage, 2)).rejects.toMatchObject(
      words('What an earlier try had stored is kept, the rest is missing'),
    )
  })

  test('an upload that is damaged holds nothing up: it is listed', async () => {
    const cutOff = await upload(gzipSync(`id\n${'x'.repeat(1000)}\n`).subarray(0, 30))
    const packed = await upload(gzipSync(`id\n${ADA}\n`))
    const { files, finishedAt } = await erase(ADA)
    expect(finishedAt).not.toBe(null)
    expect(files?.imports).toEqual({ deleted: [packed], unread: [cutOff] })
    expect(await stored()).toHaveLength(1)
  })
})
