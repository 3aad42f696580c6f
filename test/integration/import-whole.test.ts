import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type ImportOptions } from '../../src/ingest/imports/import-file.ts'
import { table } from '../support/given.ts'
import {
  daybreak,
  db,
  dirtyDays,
  everything,
  fileOf,
  folder,
  GOOD,
  HEADER,
  importFrom,
  importRows,
  PROGRAM_STARTS_MS,
  paymentRows,
  rejectsIn,
  SALES,
  tally,
} from '../support/import-world.ts'

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
      'FILE cannot be read as a workbook. If it is cut off or damaged, get it again.',
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
