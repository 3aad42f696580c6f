import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { importFile } from '../../src/ingest/imports/import-file.ts'
import { findKind, kinds } from '../../src/ingest/kinds/index.ts'
import { createFactStore } from '../../src/ingest/write/store-facts.ts'
import { eraseCustomer, findMentions } from '../../src/privacy/index.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given, table } from '../support/given.ts'
import { requestErasure } from '../support/request-erasure.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { wholeFacts } from '../support/whole-facts.ts'

const { database } = await createTestDatabase()
const db = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-after-erasure-'))
const storage = openFolderStore(folder)
const clock = () => Temporal.Instant.from('2026-04-01T12:00:00Z')
const never = new AbortController().signal
const store = createFactStore(database, clock)

const ADA = 'ada-1815@example.com'
const customer = { clientId: ACME, customerId: ADA }
const pseudonym = expect.stringMatching(/^erased-[0-9a-f-]{36}$/)

afterAll(() => rm(folder, { recursive: true }))

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
})

async function send(kind: string, ...facts: object[]) {
  const owner = { id: ACME, timeZone: 'UTC', currency: 'EUR' }
  const { counts, errors } = await store(
    owner,
    findKind(kind),
    facts.map((value) => ({ value })),
  )
  expect(errors).toEqual([])
  return counts
}

async function erase(): Promise<void> {
  const { erasureId } = await requestErasure(database, customer, 'tester')
  await eraseCustomer({ database, storage, signal: never }, { clientId: ACME, erasureId })
}

async function everything(): Promise<unknown[]> {
  const tables = [...kinds.map(({ table: name }) => name), 'rollup_days'] as (keyof DB)[]
  return Promise.all(tables.map((name) => table(db, name)))
}

const counted = (counts: object) => ({ received: 1, inserted: 0, updated: 0, unchanged: 0, rejected: 0, ...counts })

/** A fact of every kind but the customer itself, of Ada or of a contact of hers. */
const facts = kinds
  .filter(({ name }) => name !== 'customers')
  .map(({ name }) => {
    const fact = wholeFacts[name] ?? {}
    const named = 'customer_id' in fact ? { customer_id: ADA } : {}
    return { kind: name, fact: { ...fact, ...named, ...(name === 'interactions' ? { topic: `of ${ADA}` } : {}) } }
  })

test('facts that are sent again as they were before an erasure change nothing: they stay those of nobody', async () => {
  for (const { kind, fact } of facts) expect([kind, await send(kind, fact)]).toEqual([kind, counted({ inserted: 1 })])
  await erase()
  const before = await everything()
  for (const { kind, fact } of facts) expect([kind, await send(kind, fact)]).toEqual([kind, counted({ unchanged: 1 })])
  expect(await everything()).toEqual(before)
  expect(await findMentions(database, customer)).toEqual({ mentions: [], namesakes: [] })
})

const PAYMENT = { occurred_at: '2026-03-01T10:00:00Z', kind: 'charge', amount_minor: 500, customer_id: ADA }

async function payments() {
  const rows = await db.selectFrom('payments').selectAll().orderBy('id').execute()
  return rows.map((row) => [row.id, row.occurred_at, row.amount_minor, row.customer_id])
}

test('what is corrected after an erasure is, at another time too, and keeps the pseudonym; new facts are of a new customer', async () => {
  const bob = { ...PAYMENT, id: 'of-bob', customer_id: 'bob' }
  await send('payments', { ...PAYMENT, id: 'more' }, { ...PAYMENT, id: 'later' }, bob)
  await erase()
  const counts = await send(
    'payments',
    { ...PAYMENT, id: 'more', amount_minor: 700 },
    { ...PAYMENT, id: 'later', occurred_at: '2026-03-02T10:00:00Z' },
    { ...PAYMENT, id: 'new' },
    { ...bob, customer_id: ADA },
  )
  expect(counts).toEqual({ received: 4, inserted: 1, updated: 3, unchanged: 0, rejected: 0 })
  expect(await payments()).toEqual([
    ['later', '2026-03-02T10:00:00Z', 500, pseudonym],
    ['more', '2026-03-01T10:00:00Z', 700, pseudonym],
    ['new', '2026-03-01T10:00:00Z', 500, ADA],
    ['of-bob', '2026-03-01T10:00:00Z', 500, ADA],
  ])
})

test('what an erasure emptied stays empty when the fact is corrected', async () => {
  const event = { id: 'e', occurred_at: '2026-03-01T10:00:00Z', name: 'visit', customer_id: ADA }
  await send('events', { ...event, properties: { page: 'prices' }, session_id: 's' })
  await erase()
  expect(await send('events', { ...event, name: 'order', properties: { page: 'prices' }, session_id: 's' })).toEqual(
    counted({ updated: 1 }),
  )
  const rows = await db
    .selectFrom('analytics_events')
    .select(['name', 'customer_id', 'session_id', 'properties'])
    .execute()
  expect(rows).toEqual([{ name: 'order', customer_id: pseudonym, session_id: null, properties: {} }])
})

async function importPayments(rows: readonly string[], options: { dryRun?: boolean; strict?: boolean }) {
  const path = join(folder, 'payments.csv')
  await writeFile(path, ['id,occurred_at,kind,amount_minor,currency,customer_id', ...rows, ''].join('\n'))
  const { tallies } = await importFile({
    ...{ database, clientId: ACME, kind: 'payments', path, name: null, format: null, sheet: null, headerRow: null },
    ...{ mapping: null, dryRun: false, strict: false, rejectsPath: null, clock, signal: never, onProgress: () => {} },
    ...options,
  })
  return tallies
}

test('a file says the same before it is imported, and does the same, all at once or batch by batch', async () => {
  const rows = ['p1', 'p2'].map((id) => `${id},2026-03-01T10:00:00Z,charge,5.00,EUR,${ADA}`)
  await importPayments(rows, {})
  await erase()
  const before = await everything()
  const unchanged = { kind: 'payments', table: 'payments', inserted: 0, updated: 0, unchanged: 2 }
  for (const options of [{ dryRun: true }, { strict: true }, {}])
    expect([options, await importPayments(rows, options)]).toEqual([options, [unchanged]])
  expect(await everything()).toEqual(before)
})
