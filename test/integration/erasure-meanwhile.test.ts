import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { observeLtv } from '../../src/analytics/journeys/index.ts'
import { rollUpDay } from '../../src/analytics/metrics/index.ts'
import { createQuestions } from '../../src/analytics/questions/index.ts'
import { countCustomerRows, eraseCustomer, findMentions, readErasure } from '../../src/privacy/index.ts'
import { NAMESAKES, SYSTEM_TABLES } from '../../src/privacy/text-columns.ts'
import {
  ADA,
  abortingAt,
  audited,
  COMMENTS,
  customers,
  DAYS,
  database,
  db,
  erase,
  never,
  pseudonym,
  ROLL_UPS,
  rollUp,
  storage,
  tables,
} from '../support/erasure-world.ts'
import { givenEveryFact } from '../support/every-fact.ts'
import { ACME, given } from '../support/given.ts'
import { requestErasure } from '../support/request-erasure.ts'

test('a roll-up that is in progress cannot put the old name back', async () => {
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

test('who comes in again while it is in progress is another customer, and is erased as well', async () => {
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
  const { rows } = createQuestions(database)
  const window = { from: DAYS[0] ?? '', to: '2026-03-04' }
  const ids = async () => {
    const { top } = await observeLtv(
      database.forClient(ACME),
      { clientId: ACME, window, today: '2026-03-20', top: 5 },
      rows,
    )
    return top.map(({ customerId }) => customerId)
  }
  expect(await ids()).toEqual([ADA])
  await erase(ADA)
  expect(await ids()).toEqual([expect.stringMatching(/^erased-/)])
})
