import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { given, table } from '../support/given.ts'
import {
  db,
  dirtyDays,
  everything,
  fileOf,
  folder,
  GOOD,
  importFrom,
  importRows,
  paymentRows,
  SALES,
  tally,
} from '../support/import-world.ts'
import { hasRetailFiles, onlineRetailPath, phoneNowPath } from '../support/retail-files.ts'

describe('what becomes of good rows', () => {
  test('rows become facts in the client’s zone and currency, and bring along whom they name', async () => {
    const result = await importRows(GOOD)
    expect(result).toEqual({
      read: 3,
      rejected: 0,
      repeated: 0,
      unused: 0,
      tallies: [tally('customers', 2, 0, 0), tally('payments', 3, 0, 0)],
      rejectsPath: null,
      notes: [],
      stoppedAtLine: null,
    })
    expect(await paymentRows()).toEqual([
      ['1', '2026-03-01T22:59:59Z', 'charge', 1050, 'anna'],
      ['2', '2026-03-01T23:00:00Z', 'charge', 700, 'zoe'],
      ['3', '2026-03-02T08:00:00Z', 'refund', -250, 'anna'],
    ])
    expect(await dirtyDays()).toEqual({ '2026-03-01': 1, '2026-03-02': 1 })
    const customers = await db
      .selectFrom('customers')
      .select(['id', 'name', 'first_contact_at'])
      .orderBy('id')
      .execute()
    expect(customers).toEqual([
      { id: 'anna', name: 'Anna', first_contact_at: '2026-03-01T22:59:59Z' },
      { id: 'zoe', name: 'Zoë', first_contact_at: '2026-03-01T23:00:00Z' },
    ])
  })

  test('twice is the same as once: no row changes, and no day becomes dirty', async () => {
    await importRows(GOOD)
    const once = await everything()
    const again = await importRows(GOOD)
    expect(again.tallies).toEqual([tally('customers', 0, 0, 0), tally('payments', 0, 0, 3)])
    expect(await everything()).toEqual(once)
  })

  test('a late correction changes its row and makes its day dirty, and no other', async () => {
    await importRows(GOOD)
    const result = await importRows([
      GOOD[0] ?? '',
      '2,2026-03-02T00:00:00,sale,8,Zoë',
      '4,2026-03-05T10:00,sale,1,Anna',
    ])
    expect(result.tallies).toEqual([tally('customers', 0, 0, 0), tally('payments', 1, 1, 1)])
    expect((await paymentRows()).map(([id, , , amount]) => [id, amount])).toEqual([
      ['1', 1050],
      ['2', 800],
      ['3', -250],
      ['4', 100],
    ])
    expect(await dirtyDays()).toEqual({ '2026-03-01': 1, '2026-03-02': 2, '2026-03-05': 1 })
  })

  test('a fact that moved to another time is still one, keeps what the file does not say, and makes both days dirty', async () => {
    await importRows(GOOD)
    await db.updateTable('payments').set({ external_reference: 'kept' }).where('id', '=', '1').execute()
    const before = await dirtyDays()
    const result = await importRows(['1,2025-11-20T12:00:00,sale,10.50,Anna', ...GOOD.slice(1)])
    expect(result.tallies).toEqual([tally('customers', 0, 1, 0), tally('payments', 0, 1, 2)])
    const rows = await db
      .selectFrom('payments')
      .select(['id', 'occurred_at', 'external_reference'])
      .orderBy('id')
      .execute()
    expect(rows).toEqual([
      { id: '1', occurred_at: '2025-11-20T11:00:00Z', external_reference: 'kept' },
      { id: '2', occurred_at: '2026-03-01T23:00:00Z', external_reference: null },
      { id: '3', occurred_at: '2026-03-02T08:00:00Z', external_reference: null },
    ])
    // Twice: the payment is not there any more, and neither is Anna's first contact.
    expect(await dirtyDays()).toEqual({ ...before, '2025-11-20': 1, '2026-03-01': (before['2026-03-01'] ?? 0) + 2 })
  })

  test('a fact that SQL left at two times is one again', async () => {
    await importRows(GOOD)
    await given.payments(db, [['2026-01-01T00:00:00Z', { client_id: 'shop', id: '1', amount_minor: 1050 }]])
    await importRows(GOOD)
    expect((await paymentRows()).map(([id, at]) => [id, at])).toEqual([
      ['1', '2026-03-01T22:59:59Z'],
      ['2', '2026-03-01T23:00:00Z'],
      ['3', '2026-03-02T08:00:00Z'],
    ])
  })

  test('who comes along is left as it is, save that the first contact moves to the earlier', async () => {
    await db
      .insertInto('customers')
      .values([
        { client_id: 'shop', id: 'anna', name: 'Anna Muster', first_contact_at: '2020-01-01T00:00:00Z' },
        { client_id: 'shop', id: 'zoe', name: 'Zoë Muster', first_contact_at: '2026-05-01T00:00:00Z' },
      ])
      .execute()
    const result = await importRows(GOOD)
    expect(result.tallies[0]).toEqual(tally('customers', 0, 1, 0))
    const rows = await db.selectFrom('customers').select(['name', 'first_contact_at']).orderBy('id').execute()
    expect(rows).toEqual([
      { name: 'Anna Muster', first_contact_at: '2020-01-01T00:00:00Z' },
      { name: 'Zoë Muster', first_contact_at: '2026-03-01T23:00:00Z' },
    ])
  })

  test('a subscription that comes along with a payment is updated with it', async () => {
    const subscriptions = {
      id: { column: 'Kind' },
      customer_id: { column: 'Who' },
      starts_at: { value: '2026-01-01' },
      amount_minor: { column: 'Francs' },
    }
    const map = { ...SALES, facts: [...SALES.facts, { to: 'subscriptions', columns: subscriptions }] }
    await importRows(GOOD.slice(0, 1), { map })
    const result = await importRows(['1,2026-03-01T23:59:59,sale,11,Ben'], { map })
    expect(result.tallies).toEqual([
      tally('customers', 1, 0, 0),
      tally('payments', 0, 1, 0),
      tally('subscriptions', 0, 1, 0),
    ])
    expect(
      (await table(db, 'subscriptions')).map((row) => [row['id'], row['customer_id'], row['amount_minor']]),
    ).toEqual([['sale', 'Ben', 1100]])
  })

  test('the same ids of another client are other facts', async () => {
    await given.payments(db, [
      ['2026-03-01T22:59:59Z', { client_id: 'other', id: '1', amount_minor: 5, currency: 'JPY' }],
    ])
    await importRows(GOOD)
    const rows = await db
      .selectFrom('payments')
      .select(['client_id', 'amount_minor'])
      .where('id', '=', '1')
      .orderBy('client_id')
      .execute()
    expect(rows).toEqual([
      { client_id: 'other', amount_minor: 5 },
      { client_id: 'shop', amount_minor: 1050 },
    ])
  })

  test('what a person maintains by hand is imported as it stands, without a mapping', async () => {
    const path = await fileOf('id,name,sector_id,kind\nbot,Botty,sales,assistant\nanna,Anna,,\n')
    const result = await importFrom(path, { kind: 'agents', map: null })
    expect(result.tallies).toEqual([tally('agents', 2, 0, 0)])
    expect(await table(db, 'agents')).toEqual([
      { client_id: 'shop', id: 'anna', name: 'Anna', kind: 'person', sector_id: null, hourly_cost_minor: null },
      { client_id: 'shop', id: 'bot', name: 'Botty', kind: 'assistant', sector_id: 'sales', hourly_cost_minor: null },
    ])
  })

  test('facts of all months find their partition, whatever the order of the rows', async () => {
    const rows = Array.from({ length: 24 }, (_, index) => {
      const month = Temporal.PlainYearMonth.from('2024-01').add({ months: (index * 7) % 24 })
      return `${index},${month}-15T12:00:00,sale,1,Anna`
    })
    await importRows(rows)
    const { rows: partitions } = await sql<{ name: string; n: number }>`
      select tableoid::regclass::text as name, count(*) as n from payments group by 1 order by 1`.execute(db)
    expect(partitions).toHaveLength(24)
    expect(partitions.map(({ name }) => name)).not.toContain('payments_default')
  })
})

describe.skipIf(!hasRetailFiles)('the two published files (skipped where ../shared/data is absent)', () => {
  beforeAll(async () => {
    await given.client(db, { id: 'phonenow', name: 'PhoneNow', time_zone: 'Europe/Zurich', currency: 'CHF' })
    await given.client(db, { id: 'retail', name: 'Online Retail', time_zone: 'Europe/London', currency: 'GBP' })
  })
  const rejectsPath = join(folder, 'none.csv')

  test('PhoneNow: 5,000 offered, 4,054 answered, 3,646 resolved, on the days of Zurich', async () => {
    const options = { clientId: 'phonenow', kind: 'calls', mapping: 'pwc-call-centre', rejectsPath }
    const result = await importFrom(phoneNowPath, options)
    expect(result).toMatchObject({ read: 5000, rejected: 0, notes: [] })
    expect(result.tallies).toEqual([
      tally('sectors', 5, 0, 0),
      tally('agents', 8, 0, 0),
      tally('interactions', 5000, 0, 0),
      tally('surveys', 4054, 0, 0),
    ])
    const { rows } = await sql`select status, count(*) as n, count(*) filter (where resolved) as resolved
      from interactions where client_id = 'phonenow' group by 1 order by 1`.execute(db)
    expect(rows).toEqual([
      { status: 'abandoned', n: 946, resolved: 0 },
      { status: 'answered', n: 4054, resolved: 3646 },
    ])
    const fromFile = countBy((await csvRows(phoneNowPath)).map((row) => row[2] ?? ''))
    expect(await countsByDay('interactions', 'started_at', 'phonenow', 'Europe/Zurich')).toEqual(fromFile)
    expect(
      (await importFrom(phoneNowPath, options)).tallies.map(({ inserted, updated }) => inserted + updated),
    ).toEqual([0, 0, 0, 0])
  })

  test('Online Retail: 22,190 payments, 830,006,581 pence net, on the days of London', async () => {
    const options = { clientId: 'retail', mapping: 'uci-retail', rejectsPath }
    const result = await importFrom(onlineRetailPath, options)
    expect(result.tallies).toEqual([tally('customers', 4372, 0, 0), tally('payments', 22_190, 0, 0)])
    const { rows } = await sql`select kind, count(*) as n, sum(amount_minor) as pence
      from payments where client_id = 'retail' group by 1 order by 1`.execute(db)
    expect(rows).toEqual([
      { kind: 'charge', n: 18_536, pence: 891_140_790 },
      { kind: 'refund', n: 3654, pence: -61_134_209 },
    ])
    const fromFile = countBy((await csvRows(onlineRetailPath)).map((row) => (row[1] ?? '').slice(0, 10)))
    expect(await countsByDay('payments', 'occurred_at', 'retail', 'Europe/London')).toEqual(fromFile)
    const marked = await dirtyDays()
    const again = await importFrom(onlineRetailPath, options)
    expect(again.tallies).toEqual([tally('customers', 0, 0, 0), tally('payments', 0, 0, 22_190)])
    expect(await dirtyDays()).toEqual(marked)
  })

  /** Neither file has a quote in it. */
  async function csvRows(path: string): Promise<string[][]> {
    const lines = (await readFile(path, 'utf8')).split(/\r?\n/).slice(1)
    return lines.filter((line) => line !== '').map((line) => line.split(','))
  }

  function countBy(keys: string[]): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const key of keys.toSorted()) counts[key] = (counts[key] ?? 0) + 1
    return counts
  }

  async function countsByDay(
    name: string,
    time: string,
    clientId: string,
    zone: string,
  ): Promise<Record<string, number>> {
    const { rows } = await sql<{ day: string; n: number }>`
      select (${sql.ref(time)} at time zone ${zone})::date as day, count(*) as n
      from ${sql.table(name)} where client_id = ${clientId} group by 1 order by 1`.execute(db)
    return Object.fromEntries(rows.map(({ day, n }) => [day, n]))
  }
})
