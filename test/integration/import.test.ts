import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { type ImportOptions, importFile } from '../../src/ingest/imports/import-file.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given, table } from '../support/given.ts'
import { hasRetailFiles, onlineRetailPath, phoneNowPath } from '../support/retail-files.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { url, database } = await createTestDatabase()
const db = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-import-'))
const clock = () => Temporal.Instant.from('2026-06-01T12:00:00Z')

const FACTS = [
  'sectors',
  'agents',
  'customers',
  'interactions',
  'customer_satisfaction',
  'payments',
  'subscriptions',
] as const

beforeAll(async () => {
  await given.client(db, { id: 'shop', name: 'Shop', time_zone: 'Europe/Zurich', currency: 'CHF' })
  await given.client(db, { id: 'other', name: 'Other', time_zone: 'Asia/Tokyo', currency: 'JPY' })
})
beforeEach(() => emptyDatabase(db, ['clients']))
afterAll(() => rm(folder, { recursive: true }))

/** Sales of the shop: a customer comes along with each, amounts are in francs. */
const SALES = {
  kind: 'payments',
  facts: [
    {
      to: 'customers',
      columns: { id: { column: 'Who', as: 'slug' }, name: { column: 'Who' }, first_contact_at: { column: 'When' } },
    },
    {
      to: 'payments',
      columns: {
        id: { column: 'No' },
        occurred_at: { column: 'When' },
        kind: { column: 'Kind', values: { sale: 'charge', back: 'refund' } },
        amount_minor: { column: 'Francs', sign: 'by-kind' },
        customer_id: { column: 'Who', as: 'slug' },
      },
    },
  ],
}
const HEADER = 'No,When,Kind,Francs,Who'
const GOOD = [
  '1,2026-03-01T23:59:59,sale,10.50,Anna',
  '2,2026-03-02T00:00:00,sale,7,Zoë',
  '3,2026-03-02T09:00:00,back,2.50,Anna',
]

let files = 0

async function fileOf(content: string | Buffer, name = 'sales.csv'): Promise<string> {
  files += 1
  const path = join(folder, `${files}-${name}`)
  await writeFile(path, content)
  return path
}

async function importFrom(path: string, options: Partial<ImportOptions> & { map?: unknown } = {}) {
  const { map, ...rest } = options
  const mapping = map === null ? null : await fileOf(JSON.stringify(map ?? SALES), 'mapping.json')
  return importFile({
    database,
    clientId: 'shop',
    kind: 'payments',
    path,
    name: null,
    format: null,
    sheet: null,
    headerRow: null,
    mapping,
    dryRun: false,
    strict: false,
    rejectsPath: null,
    clock,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...rest,
  })
}

const importRows = async (rows: readonly string[], options: Partial<ImportOptions> & { map?: unknown } = {}) =>
  importFrom(await fileOf([HEADER, ...rows, ''].join('\n')), options)

/** Every table an import can touch, whole. */
async function everything() {
  const tables: Partial<Record<keyof DB, unknown>> = {}
  for (const name of [...FACTS, 'rollup_days'] as const) tables[name] = await table(db, name)
  return tables
}

/** The payments as [id, instant, kind, amount, customer]. */
async function paymentRows() {
  const rows = await db.selectFrom('payments').selectAll().orderBy('id').orderBy('occurred_at').execute()
  return rows.map((row) => [row.id, row.occurred_at, row.kind, row.amount_minor, row.customer_id])
}

async function dirtyDays() {
  const rows = await db.selectFrom('rollup_days').select(['day', 'facts_version']).orderBy('day').execute()
  return Object.fromEntries(rows.map(({ day, facts_version }) => [day, facts_version]))
}

/** Runs an import and says how much memory it took at most, over what was taken before. */
async function watchingMemory<Result>(run: (onProgress: () => void) => Promise<Result>) {
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().external
  const before = held()
  let mostBytes = 0
  const result = await run(() => {
    mostBytes = Math.max(mostBytes, held() - before)
  })
  return { result, mostBytes }
}

async function rejectsIn(path: string | null) {
  return path === null ? null : readFile(path, 'utf8')
}

const tally = (kind: string, inserted: number, updated: number, unchanged: number) => ({
  kind,
  table: kind === 'surveys' ? 'customer_satisfaction' : kind,
  inserted,
  updated,
  unchanged,
})

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

describe('what becomes of bad rows', () => {
  const BAD: [row: string, column: string, value: string, reason: string][] = [
    [
      'b1,2026-03-29T02:30:00,sale,1,Anna',
      'When',
      '2026-03-29T02:30:00',
      'does not exist in Europe/Zurich: clocks went forward there, past it (01:30 or 03:30 may be meant)',
    ],
    ['b2,yesterday,sale,1,Anna', 'When', 'yesterday', 'is not a time such as 2026-03-29T14:05:00'],
    ['b3,2026-06-03,sale,1,Anna', 'When', '2026-06-03', 'lies more than 5 minutes ahead of now'],
    ['b4,2026-03-01,gift,1,Anna', 'Kind', 'gift', 'is none of sale, back'],
    ['b5,2026-03-01,sale,a lot,Anna', 'Francs', 'a lot', 'is not an amount of money'],
    ['b6,2026-03-01,sale,1.005,Anna', 'Francs', '1.005', 'has more decimals than CHF has (2)'],
    [',2026-03-01,sale,1,Anna', 'No', '', 'is empty'],
    ['b8,2026-03-01,sale,1,…', 'Who', '…', 'has no letter or digit to make an id of'],
    ['b9,2026-03-01,sale,1', '', '', 'has 4 fields where the header has 5'],
    ['1,2026-03-01T23:59:59,sale,99,Anna', 'id', '1', 'is the id of a different one of the payments, in row 2'],
    [
      'b11,2026-03-01,sale,1,"An"na',
      '',
      '',
      'has text after the closing quote of field 5: a quote inside quotes is doubled',
    ],
    ['b12,2026-03-01,sale,=1+1,Anna', 'Francs', '=1+1', 'is not an amount of money'],
  ]

  test('each is rejected with its row, column, value and reason, and costs no good one', async () => {
    const path = await fileOf(
      [HEADER, ...GOOD, ...BAD.map(([row]) => row), '4,2026-03-05T10:00,sale,1,Anna', ''].join('\r\n'),
    )
    const result = await importFrom(path)
    expect(result).toMatchObject({
      read: GOOD.length + BAD.length + 1,
      rejected: BAD.length,
      rejectsPath: `${path}.rejects.csv`,
    })
    expect((await paymentRows()).map(([id]) => id)).toEqual(['1', '2', '3', '4'])
    const cell = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    const lines = BAD.map(([row, column, value, reason], index) =>
      [String(index + 5), column, value.replace(/^=/, "'="), reason, row].map(cell).join(','),
    )
    // Within a page of the file, what is no record at all is noticed first; a person looks a row up by its number.
    const written = (await rejectsIn(result.rejectsPath))?.split('\r\n') ?? []
    expect(written[0]).toBe('row,column,value,reason,record')
    expect(written.slice(1, -1).toSorted()).toEqual(lines.toSorted())
  })

  test('a row that yields two facts of one id is rejected; under ids of their own both are stored', async () => {
    const columns = (id: unknown, kind: string) => ({
      id,
      occurred_at: { column: 'When' },
      kind: { value: kind },
      amount_minor: { column: 'Francs', sign: 'by-kind' },
    })
    const map = (id: unknown) => ({
      kind: 'payments',
      ignore: 'rest',
      facts: [
        { to: 'payments', columns: columns({ column: 'No' }, 'charge') },
        { to: 'payments', columns: columns(id, 'fee') },
      ],
    })
    const twice = await importRows(GOOD.slice(0, 1), { map: map({ column: 'No' }) })
    expect(twice).toMatchObject({ read: 1, rejected: 1, tallies: [] })
    expect(await rejectsIn(twice.rejectsPath)).toContain(
      '\r\n2,id,1,"is the id of a different one of the payments, in row 2"',
    )
    expect(await paymentRows()).toEqual([])
    const result = await importRows(GOOD.slice(0, 1), { map: map({ columns: ['No', 'Kind'] }) })
    expect(result).toMatchObject({ rejected: 0, tallies: [tally('payments', 2, 0, 0)] })
    expect((await paymentRows()).map(([id, , kind, amount]) => [id, kind, amount])).toEqual([
      ['1', 'charge', 1050],
      ['1 sale', 'fee', -1050],
    ])
  })

  test('a row that says the same again is no fault', async () => {
    const result = await importRows([...GOOD, GOOD[1] ?? ''])
    expect(result).toMatchObject({ read: 4, rejected: 0, repeated: 1 })
  })

  test('another currency than the client’s is rejected', async () => {
    const path = await fileOf(
      'id,occurred_at,kind,amount_minor,currency\n1,2026-03-01,charge,5,CHF\n2,2026-03-01,charge,5,EUR\n',
    )
    const result = await importFrom(path, { map: null })
    expect(await rejectsIn(result.rejectsPath)).toContain(`3,currency,EUR,"is not the client's currency, which is CHF"`)
    expect((await paymentRows()).map(([id]) => id)).toEqual(['1'])
  })

  test('bytes that are not UTF-8 cost their row; a file that says its encoding is read in it', async () => {
    const latin = Buffer.from([HEADER, ...GOOD, ''].join('\n'), 'latin1')
    const result = await importFrom(await fileOf(latin))
    expect(result.rejected).toBe(1)
    expect(await rejectsIn(result.rejectsPath)).toContain('3,Who,Zo\uFFFD,"is not UTF-8; if the whole file')
    const read = await importFrom(await fileOf(latin), { map: { ...SALES, encoding: 'windows-1252' } })
    expect(read.rejected).toBe(0)
    expect((await table(db, 'customers')).map((row) => row['name'])).toEqual(['Anna', 'Zoë'])
  })

  test('a file that is cut off keeps what came before, and says where', async () => {
    const whole = [HEADER, ...GOOD.slice(0, 2), '3,2026-03-02T09:00:00,back,2.50,"Anna the Great"'].join('\n')
    const inQuotes = await importFrom(await fileOf(whole.slice(0, -7)))
    expect(await rejectsIn(inQuotes.rejectsPath)).toContain(
      '4,,,"opens a quote that is not closed: is the file cut off, or a quote not doubled?"',
    )
    const inRow = await importFrom(await fileOf(whole.slice(0, -17)))
    expect(await rejectsIn(inRow.rejectsPath)).toContain('4,,,has 4 fields where the header has 5')
    expect(inRow.notes).toEqual([
      'The last line has no line end: if the file was cut off there, its last value may be short.',
    ])
    expect((await paymentRows()).map(([id]) => id)).toEqual(['1', '2'])
  })

  test('a line of 300 MB is refused by its number, in memory that does not grow with it', async () => {
    const path = await fileOf(`${HEADER}\n${GOOD[0]}\n`)
    const file = await open(path, 'a')
    // A hole in the file: bytes without a line end that take no disk.
    await file.truncate((await file.stat()).size + 300_000_000)
    await file.appendFile(`\n${GOOD[1]}\n`)
    await file.close()
    const { result, mostBytes } = await watchingMemory((onProgress) => importFrom(path, { onProgress }))
    expect(result).toMatchObject({ read: 3, rejected: 1 })
    expect((await rejectsIn(result.rejectsPath))?.split('\r\n')[1]).toMatch(
      /^3,,,is longer than 1048576 characters without a line end,/,
    )
    expect((await paymentRows()).map(([id]) => id)).toEqual(['1', '2'])
    expect(mostBytes).toBeLessThan(100_000_000)
  })

  test('rows of 20 kB each are imported in memory that does not grow with their width', async () => {
    const wide = 'x'.repeat(20_000)
    const rows = Array.from({ length: 8000 }, (_, index) => `p${index},2026-03-01T10:00:00,sale,1,Anna,${wide}\n`)
    const path = await fileOf(`${HEADER},Note\n`)
    for (let at = 0; at < rows.length; at += 1000) await appendFile(path, rows.slice(at, at + 1000).join(''))
    const map = { ...SALES, ignore: ['Note'] }
    const { result, mostBytes } = await watchingMemory((onProgress) => importFrom(path, { map, onProgress }))
    expect(result.tallies).toEqual([tally('customers', 1, 0, 0), tally('payments', 8000, 0, 0)])
    expect(mostBytes).toBeLessThan(100_000_000)
  })

  test.each([{ strict: false }, { strict: true }])(
    'a transaction that the database breaks off because others write the same days is done again: %o',
    async (options) => {
      await sql`create sequence collisions`.execute(db)
      await sql`create function collide() returns trigger language plpgsql security definer as $$ begin
        if nextval('collisions') <= 2 then raise exception 'deadlock detected' using errcode = '40P01'; end if; return null; end $$`.execute(
        db,
      )
      await sql`create trigger collide after insert on payments for each statement execute function collide()`.execute(
        db,
      )
      const result = await importRows(GOOD, options)
      await sql`drop trigger collide on payments`.execute(db)
      await sql`drop function collide; drop sequence collisions`.execute(db)
      expect(result.tallies).toEqual([tally('customers', 2, 0, 0), tally('payments', 3, 0, 0)])
      expect(await dirtyDays()).toEqual({ '2026-03-01': 1, '2026-03-02': 1 })
    },
  )

  test('a row that the database refuses costs itself alone', async () => {
    await sql`alter table payments add constraint no_sevens check (amount_minor <> 700)`.execute(db)
    const result = await importRows(GOOD)
    await sql`alter table payments drop constraint no_sevens`.execute(db)
    expect(result).toMatchObject({ read: 3, rejected: 1 })
    expect(result.tallies).toEqual([tally('customers', 1, 0, 0), tally('payments', 2, 0, 0)])
    expect(await rejectsIn(result.rejectsPath)).toMatch(/\r\n3,,,"is refused by the database: .*no_sevens/)
    expect((await paymentRows()).map(([id]) => id)).toEqual(['1', '3'])
  })
})

describe('all or nothing, and nothing', () => {
  test('--strict keeps nothing when a row is bad, not even whom rows bring along', async () => {
    const nothing = await everything()
    const result = await importRows([...GOOD, 'x,never,sale,1,Anna'], { strict: true })
    expect(result).toMatchObject({ read: 4, rejected: 1, tallies: [] })
    expect(await rejectsIn(result.rejectsPath)).toContain('5,When,never,')
    expect(await everything()).toEqual(nothing)
  })

  test('--strict keeps nothing when the database refuses a row', async () => {
    const nothing = await everything()
    await sql`alter table payments add constraint no_sevens check (amount_minor <> 700)`.execute(db)
    const result = await importRows(GOOD, { strict: true })
    await sql`alter table payments drop constraint no_sevens`.execute(db)
    expect(result).toMatchObject({ read: 3, rejected: 1, tallies: [] })
    expect(await rejectsIn(result.rejectsPath)).toMatch(/\r\n3,,,"is refused by the database: .*no_sevens.*,"2,2026-03/)
    expect(await everything()).toEqual(nothing)
  })

  test('--strict says what the database has against the file as a whole, where no row alone is at fault', async () => {
    const nothing = await everything()
    await sql`create unique index one_a_customer on payments (client_id, customer_id, occurred_at)`.execute(db)
    const rows = Array.from({ length: 12_000 }, (_, index) => `p${index},2026-03-01T10:00:00,sale,1,${index % 11_000}`)
    const said = await importRows(rows, { strict: true }).then(
      () => 'was imported',
      (error: Error) => error.message,
    )
    await sql`drop index one_a_customer`.execute(db)
    expect(said).toMatch(/ broke off: duplicate key value violates .*customer_id_occurred_at.* Nothing was kept;/)
    expect(await everything()).toEqual(nothing)
  })

  test('--strict keeps everything when every row is good', async () => {
    const result = await importRows(GOOD, { strict: true })
    expect(result.tallies).toEqual([tally('customers', 2, 0, 0), tally('payments', 3, 0, 0)])
    expect(await dirtyDays()).toEqual({ '2026-03-01': 1, '2026-03-02': 1 })
    expect(await paymentRows()).toHaveLength(3)
  })

  test('--strict merges a file of many thousands as an import in parts does, and twice is the same as once', async () => {
    const row = (index: number) => `p${index},2026-03-01T10:00:00,sale,1,Anna ${index % 500}`
    const rows = Array.from({ length: 30_000 }, (_, index) => row(index))
    const late = rows.with(7, 'p7,2026-03-02T10:00:00,sale,2,Anna 7')
    const first = await importRows(rows, { strict: true })
    expect(first.tallies).toEqual([tally('customers', 500, 0, 0), tally('payments', 30_000, 0, 0)])
    const again = await importRows(late, { strict: true })
    expect(again.tallies).toEqual([tally('customers', 0, 0, 0), tally('payments', 0, 1, 29_999)])
    expect((await importRows(late)).tallies).toEqual([tally('customers', 0, 0, 0), tally('payments', 0, 0, 30_000)])
    expect(await dirtyDays()).toEqual({ '2026-03-01': expect.any(Number), '2026-03-02': 1 })
  })

  test('--strict that is stopped while it writes keeps nothing', async () => {
    const nothing = await everything()
    const rows = Array.from({ length: 30_000 }, (_, index) => `p${index},2026-03-01T10:00:00,sale,1,Anna`)
    const stop = new AbortController()
    const stopped = await importRows(rows, {
      strict: true,
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'importing' && stop.abort(),
    })
    expect(stopped).toMatchObject({ read: 30_000, rejected: 0, tallies: [], stoppedAtLine: 30_001 })
    expect(await everything()).toEqual(nothing)
  })

  test('--strict holds nobody up while it reads its file', async () => {
    const path = join(folder, 'slow.csv')
    await promisify(execFile)('mkfifo', [path])
    const strict = importFrom(path, { strict: true })
    const file = await open(path, 'w')
    await file.write(`${HEADER}\n${GOOD.slice(0, 2).join('\n')}\n`)
    const other = await importRows(['9,2026-03-01T12:00:00,sale,1,Ben'])
    expect(other.tallies).toEqual([tally('customers', 1, 0, 0), tally('payments', 1, 0, 0)])
    await file.write(`${GOOD[2]}\n`)
    await file.close()
    expect((await strict).tallies).toEqual([tally('customers', 2, 0, 0), tally('payments', 3, 0, 0)])
  })

  test('--dry-run says what an import would do, and writes nothing', async () => {
    await importRows(GOOD.slice(0, 2))
    const before = await everything()
    const rows = [
      '1,2026-03-01T23:59:59,sale,11,Anna',
      ...GOOD.slice(1),
      '4,2026-03-05,sale,1,Ben',
      'x,never,sale,1,Anna',
    ]
    const rehearsal = await importRows(rows, { dryRun: true })
    expect(rehearsal).toMatchObject({ read: 5, rejected: 1 })
    expect(rehearsal.tallies).toEqual([tally('customers', 1, 0, 0), tally('payments', 2, 1, 1)])
    expect(await everything()).toEqual(before)
    expect((await importRows(rows)).tallies).toEqual(rehearsal.tallies)
  })

  test('a signal keeps whole batches and says how far they go; running again brings the rest', async () => {
    const rows = Array.from({ length: 25_000 }, (_, index) => `p${index},2026-03-01T10:00:00,sale,1,Anna`)
    const path = await fileOf([HEADER, ...rows, ''].join('\n'))
    const stop = new AbortController()
    const stopped = await importFrom(path, {
      signal: stop.signal,
      onProgress: ({ rows }) => rows > 15_000 && stop.abort(),
    })
    expect(stopped).toMatchObject({ read: 10_000, stoppedAtLine: 10_001 })
    expect(await paymentRows()).toHaveLength(10_000)
    const again = await importFrom(path)
    expect(again.tallies).toEqual([tally('customers', 0, 0, 0), tally('payments', 15_000, 0, 10_000)])
    expect(await dirtyDays()).toEqual({ '2026-03-01': 3 })
  })
})

describe('what is refused as a whole', () => {
  async function refusal(path: string, options: Partial<ImportOptions> & { map?: unknown } = {}): Promise<string> {
    const said = await importFrom(path, options).then(
      () => 'was imported',
      (error: Error) => error.message.replaceAll(path, 'FILE'),
    )
    expect(await paymentRows()).toEqual([])
    return said
  }

  test('a file that holds no rows', async () => {
    expect(await refusal(await fileOf(''))).toBe('FILE holds no rows: it is empty.')
    expect(await refusal(await fileOf(`\uFEFF${HEADER}\r\n\r\n`))).toBe('FILE holds no rows below its header.')
  })

  test('what is no file of text', async () => {
    expect(await refusal(join(folder, 'nowhere.csv'))).toBe('There is no file FILE.')
    expect(await refusal(folder)).toBe('FILE is a folder; name a file.')
    expect(await refusal(await fileOf(Buffer.from(`\uFEFF${HEADER}\n`, 'utf16le')))).toBe(
      'FILE is UTF-16; save it as UTF-8, or give the mapping "encoding": "utf-16le".',
    )
    expect(await refusal(await fileOf(Buffer.from('504b0304', 'hex')))).toBe(
      'FILE cannot be read as a workbook. If it is cut off or damaged, get it anew.',
    )
  })

  test('columns that do not fit the mapping', async () => {
    expect(await refusal(await fileOf('No,When,Kind,Franks,Who\n1,2,3,4,5\n'))).toBe(
      'The file lacks a column that the mapping reads, among its 5 columns. Is its first line a header?',
    )
    expect(await refusal(await fileOf(`${HEADER},Note\n1,2,3,4,5,6\n`))).toBe(
      'The mapping does not mention column 6 of the file. Read it, or name it in "ignore" ("rest" ignores all others).',
    )
    expect(await refusal(await fileOf('No;When;Kind;Francs;Who\n1;2;3;4;5\n'))).toBe(
      'The header of FILE seems parted by ";": give the mapping "delimiter": ";".',
    )
    expect(await refusal(await fileOf('No,When,No\n1,2,3\n'))).toBe(
      'The header of FILE has one name for columns 1 and 3.',
    )
  })

  test('columns that are not named as those of the table, where no mapping says which is which', async () => {
    expect(await refusal(await fileOf('Id,name\n1,x\n'), { kind: 'agents', map: null })).toBe(
      'The file has no column "id", which agents need, among its 2 columns. Is its first line a header? agents have id, name, kind, sector_id, hourly_cost_minor. A mapping says which column of the file is which.',
    )
    expect(await refusal(await fileOf('id,name,sectorid\n1,x,y\n'), { kind: 'agents', map: null })).toBe(
      `agents have no such column as this file's column 3. Is its first line a header? agents have id, name, kind, sector_id, hourly_cost_minor. A mapping says where others belong, or leaves them out ("ignore").`,
    )
  })

  test('answered contacts whose wait the file does not say; where nobody answered it is not known', async () => {
    const file = (columns: string, ...rows: string[]) => fileOf([columns, ...rows, ''].join('\n'))
    const calls = { kind: 'calls', map: null }
    const path = await file('id,started_at,status,talk_s', '1,2026-03-01T10:00:00,answered,60')
    expect(await refusal(path, calls)).toContain(
      'The file has no column "wait_s", which interactions need, among its 4 columns. Is its first line a header?',
    )
    expect(await table(db, 'interactions')).toEqual([])
    const missed = await file('id,started_at', '1,2026-03-01T10:00:00')
    const columns = { id: { column: 'id' }, started_at: { column: 'started_at' }, status: { value: 'missed' } }
    await importFrom(missed, { kind: 'calls', map: { kind: 'calls', facts: [{ to: 'calls', columns }] } })
    await importFrom(await file('id,started_at,status,wait_s', '2,2026-03-01T10:00:00,abandoned,'), calls)
    const taken = (await table(db, 'interactions')).map((call) => [call['id'], call['status'], call['wait_s']])
    expect(taken).toEqual([
      ['1', 'missed', null],
      ['2', 'abandoned', null],
    ])
  })

  test('a client, a kind or a place for rejects that cannot be', async () => {
    const path = await fileOf(`${HEADER}\n${GOOD[0]}\n`)
    expect(await refusal(path, { clientId: 'shpo' })).toBe(
      'There is no client "shpo" (did you mean "shop"?) (there are shop, other).',
    )
    expect(await refusal(path, { kind: 'paiments' })).toContain('(did you mean "payments"?)')
    expect(await refusal(path, { rejectsPath: path })).toContain('cannot be written over the file they come from')
  })
})

/** The program as a person starts it. */
function daybreak(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const program = join(import.meta.dirname, '../../src/main/daybreak.ts')
  return new Promise((done) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: url }
    execFile(process.execPath, [program, 'import', ...args], { env, cwd: folder }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

const PROGRAM_STARTS_MS = 120_000

describe('the command', () => {
  test(
    'it prints what became of the rows and exits 0, 2 with rejects, 1 with nothing imported',
    async () => {
      const mapping = await fileOf(JSON.stringify(SALES), 'mapping.json')
      const good = await fileOf([HEADER, ...GOOD, ''].join('\n'))
      const some = await fileOf([HEADER, ...GOOD, 'x,never,sale,1,Anna', ''].join('\n'))
      const options = ['--client', 'shop', '--map', mapping]
      expect(
        await Promise.all([
          daybreak('payments', good, ...options, '--dry-run'),
          daybreak('payments', some, ...options, '--strict'),
          daybreak('payments', 'nowhere.csv', ...options),
        ]),
      ).toEqual([
        { code: 0, err: '', out: expect.stringContaining('Nothing was written: this was a dry run.') },
        { code: 1, err: '', out: expect.stringContaining('Nothing was kept: --strict.') },
        { code: 1, out: '', err: expect.stringContaining('There is no file nowhere.csv.') },
      ])
      expect(await paymentRows()).toEqual([])
      expect(await daybreak('payments', some, ...options)).toEqual({
        code: 2,
        err: '',
        out: [
          'facts      inserted  updated  unchanged',
          '─────────  ────────  ───────  ─────────',
          'customers  2         0        0',
          'payments   3         0        0',
          '',
          `Rows of ${some}: 4 read, 1 rejected.`,
          `Row, column and reason of each reject: ${some}.rejects.csv`,
          '',
        ].join('\n'),
      })
      const written = await db.selectFrom('analytics_audit_log').selectAll().execute()
      expect(written).toMatchObject([
        {
          action: 'import-file',
          actor_kind: 'command-line',
          client_id: 'shop',
          after: { kind: 'payments', file: basename(some), read: 4, rejected: 1 },
        },
      ])
    },
    PROGRAM_STARTS_MS,
  )
})

describe('an import that the database breaks off', () => {
  test(
    'leaves its whole batches, and an entry in the audit log that says how many facts they were',
    async () => {
      await db.deleteFrom('analytics_audit_log').execute()
      await sql`create sequence batches`.execute(db)
      await sql`create function no_more() returns trigger language plpgsql security definer as $$ begin
        if nextval('batches') > 1 then raise exception 'enough' using errcode = '57014'; end if; return null; end $$`.execute(
        db,
      )
      await sql`create trigger no_more after insert on payments for each statement execute function no_more()`.execute(
        db,
      )
      const rows = Array.from({ length: 25_000 }, (_, index) => `p${index},2026-03-01T10:00:00,sale,1,Anna`)
      const path = await fileOf([HEADER, ...rows, ''].join('\n'))
      const mapping = await fileOf(JSON.stringify(SALES), 'mapping.json')
      const { code, err } = await daybreak('payments', path, '--client', 'shop', '--map', mapping)
      await sql`drop trigger no_more on payments`.execute(db)
      expect([code, err]).toEqual([1, expect.stringContaining('broke off: enough. What was stored before is kept;')])
      expect(await paymentRows()).toHaveLength(10_000)
      const written = await db.selectFrom('analytics_audit_log').select(['action', 'after']).execute()
      const facts = [tally('customers', 1, 0, 0), tally('payments', 10_000, 0, 0)]
      expect(written).toMatchObject([{ action: 'import-file', after: { kind: 'payments', rejected: 0, facts } }])
    },
    PROGRAM_STARTS_MS,
  )
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
