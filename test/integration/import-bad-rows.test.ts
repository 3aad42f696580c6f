import { appendFile, open } from 'node:fs/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { table } from '../support/given.ts'
import {
  db,
  dirtyDays,
  fileOf,
  GOOD,
  HEADER,
  importFrom,
  importRows,
  paymentRows,
  rejectsIn,
  SALES,
  tally,
} from '../support/import-world.ts'

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
