import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import ExcelJS from 'exceljs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ImportOptions, importFile } from '../../src/ingest/imports/import-file.ts'
import { calledByPath } from '../../src/ingest/sources/called.ts'
import { FileFault } from '../../src/ingest/sources/file-fault.ts'
import { openSource } from '../../src/ingest/sources/open-source.ts'
import type { RecordPage } from '../../src/ingest/sources/source.ts'
import { zipStream } from '../../src/reports/render/xlsx/zip-stream.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given, table } from '../support/given.ts'
import { hasRetailFiles, onlineRetailPath, phoneNowPath } from '../support/retail-files.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { serialOf, type WorkbookCell, writeWorkbook } from '../support/workbook.ts'

const { database } = await createTestDatabase()
const db = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-formats-'))
const clock = () => Temporal.Instant.from('2026-06-01T12:00:00Z')

beforeAll(async () => {
  await given.client(db, { id: 'phonenow', name: 'PhoneNow', time_zone: 'Europe/Zurich', currency: 'CHF' })
  await given.client(db, { id: 'retail', name: 'Online Retail', time_zone: 'Europe/London', currency: 'GBP' })
})
afterAll(() => rm(folder, { recursive: true }))

let files = 0

/** A place for a file that nobody else has. */
function place(name: string): string {
  files += 1
  return join(folder, `${files}-${name}`)
}

async function fileOf(content: string | Buffer, name: string): Promise<string> {
  const path = place(name)
  await writeFile(path, content)
  return path
}

/** What a source makes of a file. */
async function read(path: string, wanted: string[] = [], sheet: string | null = null, headerRow: number | null = null) {
  const options = { delimiter: ',', encoding: 'utf-8', sheet, headerRow } as const
  const signal = new AbortController().signal
  const { source } = await openSource({ path, name: 'FILE', called: calledByPath('FILE') }, null, {
    ...options,
    wanted: new Set(wanted),
    signal,
  })
  const pages: RecordPage[] = []
  for await (const page of source.pages) pages.push(page)
  await source.close()
  return {
    header: source.header,
    records: pages.flatMap(({ records }) => records.map(({ line, fields, faults = [] }) => ({ line, fields, faults }))),
    rejects: pages.flatMap(({ rejects }) => rejects.map(({ line, column, reason }) => [line, column, reason])),
    notes: pages.flatMap(({ note }) => note ?? []),
  }
}

const refusal = (path: string, ...rest: [string[]?, string?, number?]) =>
  read(path, ...rest).then(
    () => 'was read',
    (error: Error) => (error instanceof FileFault ? `${error.message} ${error.found}` : error.message),
  )

describe('a workbook', () => {
  const cells = (...row: WorkbookCell[]) => row

  test('gives numbers without noise, real dates and times, text however it is kept, and the numbers of its rows', async () => {
    const path = place('kinds.xlsx')
    const rows = [
      cells('number', 'date', 'time', 'both', 'text', 'yes', 'formula'),
      cells(
        0.1 + 0.2,
        { serial: 46_110, as: 'date' },
        { serial: 0.5, as: 'time' },
        { serial: 46_110.5, as: 'date-time' },
        'é & <b>',
        true,
        { type: 'n', xml: '<f>1+1</f><v>2</v>' },
      ),
      [],
      cells(
        123_456_789_012_345,
        null,
        { serial: 1.5, as: 'elapsed' },
        null,
        {
          type: 'inlineStr',
          xml: '<is><r><t>in</t></r><r><t xml:space="preserve">line _x0041_</t></r><rPh sb="0" eb="1"><t>no</t></rPh></is>',
        },
        false,
        { type: 'str', xml: '<f>A1</f><v>cached</v>' },
      ),
      cells(1e-7, { serial: 60, as: 'date' }, null, null, null, null, { type: 'd', xml: '<v>2026-03-29T10:00:00</v>' }),
    ]
    await writeWorkbook(path, { sheets: [{ name: 'One', rows }] })
    expect(await read(path)).toEqual({
      header: ['number', 'date', 'time', 'both', 'text', 'yes', 'formula'],
      records: [
        {
          line: 2,
          fields: ['0.3', '2026-03-29', '12:00:00', '2026-03-29T12:00:00', 'é & <b>', 'true', '2'],
          faults: [],
        },
        { line: 4, fields: ['123456789012345', '', '36:00:00', '', 'inline A', 'false', 'cached'], faults: [] },
        { line: 5, fields: ['0.0000001', '1900-02-29', '', '', '', '', '2026-03-29T10:00:00'], faults: [] },
      ],
      rejects: [],
      notes: [],
    })
  })

  test('counts from 1904 where it says so', async () => {
    const path = place('1904.xlsx')
    await writeWorkbook(path, {
      sheets: [{ name: 'One', rows: [['day'], [{ serial: 44_648, as: 'date' }]] }],
      uses1904: true,
    })
    expect((await read(path)).records[0]?.fields).toEqual(['2026-03-29'])
  })

  test('is read as somebody else’s program wrote it', async () => {
    const workbook = new ExcelJS.Workbook()
    const sheet = workbook.addWorksheet('Calls')
    sheet.addRow(['id', 'at', 'sum', 'rich'])
    sheet.addRow(['a', new Date('2026-03-29T14:05:00.250Z'), 10.5, { richText: [{ text: 'two ' }, { text: 'runs' }] }])
    const path = place('exceljs.xlsx')
    await workbook.xlsx.writeFile(path)
    expect((await read(path)).records[0]?.fields).toEqual(['a', '2026-03-29T14:05:00.250', '10.5', 'two runs'])
  })

  test('has several sheets and a title above the header: one of each is named, or the first is taken and said', async () => {
    const path = place('sheets.xlsx')
    const sheets = [
      { name: 'Hidden', rows: [['no']], hidden: true },
      { name: 'Calls', rows: [['Report of March'], [], ['id'], ['1']] },
      { name: 'Other', rows: [['id'], ['2']] },
    ]
    await writeWorkbook(path, { sheets })
    expect((await read(path, [], 'Calls', 3)).records).toEqual([{ line: 4, fields: ['1'], faults: [] }])
    expect((await read(path, [], '3')).records).toEqual([{ line: 2, fields: ['2'], faults: [] }])
    expect(await read(path)).toMatchObject({
      header: ['Report of March'],
      notes: ['Only the sheet "Calls" was read, not "Other": name the sheet if another is meant.'],
    })
    expect(await refusal(path, [], 'Cals')).toBe(
      'FILE has no sheet as asked, among its 3. There is no "Cals" (did you mean "Calls"?), only Hidden, Calls, Other.',
    )
    expect(await refusal(path, [], 'Calls', 9)).toBe(
      'The sheet of FILE holds no rows: it has no row 9 for the header. It is "Calls".',
    )
  })

  test('loses a row for an error only where it is read, and for a value beside the header', async () => {
    const path = place('errors.xlsx')
    const rows = [
      cells('id', 'sum', 'note'),
      cells('1', { type: 'e', xml: '<v>#N/A</v>' }, 'x'),
      cells('2', { type: 'n', xml: '<f>A1*2</f>' }, 'x'),
      cells('3', 5, 'x', 'beside'),
    ]
    await writeWorkbook(path, { sheets: [{ name: 'One', rows }] })
    const { records, rejects } = await read(path)
    expect(records.map(({ line, faults }) => [line, faults])).toEqual([
      [2, [{ at: 1, value: '#N/A', reason: 'is an error of the workbook' }]],
      [
        3,
        [{ at: 1, value: '', reason: 'is a formula without its result; open the workbook, recalculate and save it' }],
      ],
    ])
    expect(rejects).toEqual([[4, 'D', 'has a value in column D, for which the header has no name']])
  })

  test('that is damaged, a trap or something else is refused in one sentence', async () => {
    const whole = place('whole.xlsx')
    await writeWorkbook(whole, { sheets: [{ name: 'One', rows: [['id'], ['1']] }] })
    await truncate(whole, 1000)
    expect(await refusal(whole)).toContain('What is wrong: End of central directory')
    const zip = async (name: string, content: Buffer) =>
      fileOf(Buffer.concat(await Readable.from(zipStream([{ name, content: [content] }])).toArray()), 'other.xlsx')
    expect(await refusal(await zip('a.csv', Buffer.from('1')))).toBe(
      'FILE is a ZIP archive without a workbook in it; unpack it, and import the files it holds.',
    )
    expect(await refusal(await zip('_rels/.rels', Buffer.alloc(100_000_000, ' ')))).toBe(
      'FILE unpacks to more than 200 times its size, as no table does: it is not read.',
    )
    expect(await refusal(await zip('_rels/.rels', Buffer.from('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')))).toContain(
      'it has a DOCTYPE',
    )
    expect(await refusal(await fileOf(Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'old.xls'))).toContain('of before 2007')
  })
})

describe('JSON Lines', () => {
  test('have every name of every line as a column; objects may be read whole or in part', async () => {
    const lines = [
      '{"id":1,"who":{"id":"c1","tags":["a"]},"none":null}',
      '',
      '{"id":2,"who":null,"late":true}',
      'oops',
      '{"id":3',
    ]
    const path = await fileOf(`\uFEFF${lines.join('\r\n')}`, 'a.jsonl')
    expect(await read(path)).toMatchObject({
      header: ['id', 'who.id', 'who.tags', 'late', 'none'],
      records: [
        { line: 1, fields: ['1', 'c1', '["a"]', '', ''] },
        { line: 3, fields: ['2', '', '', 'true', ''] },
      ],
      rejects: [
        [4, '', expect.stringMatching(/^is not JSON: /)],
        [5, '', expect.stringMatching(/^is not JSON: /)],
      ],
    })
    const whole = await read(path, ['who'])
    expect([whole.header, whole.records[0]?.fields]).toEqual([
      ['id', 'who', 'late', 'none'],
      ['1', '{"id":"c1","tags":["a"]}', '', ''],
    ])
  })

  test('that are something else are refused in one sentence', async () => {
    expect(await refusal(await fileOf('[{"id":1}]', 'a.json'))).toBe(
      "FILE is one JSON list; write one object a line (jq -c '.[]' does that).",
    )
    expect(await refusal(await fileOf('{\n  "id": 1\n}', 'a.json'))).toContain('FILE is JSON over several lines')
    expect(await refusal(await fileOf('\n\n', 'a.jsonl'))).toBe('FILE holds no rows: it is empty.')
    expect(await refusal(await fileOf('\n{Anna\n[1]\n{"id":\n', 'a.jsonl'))).toBe(
      'FILE is no file of JSON Lines: none of its lines is a JSON object such as {"id": "1"}, from line 2 on.',
    )
    const names = Array.from({ length: 2001 }, (_, index) => `{"n${index}":1}`)
    expect(await refusal(await fileOf(names.join('\n'), 'a.jsonl'))).toContain('more than 2000 different names')
  })
})

describe('what gzip packed', () => {
  test('is read as what it is, whatever it is called', async () => {
    const csv = await fileOf(gzipSync('id,name\n1,Anna\n'), 'a.csv.gz')
    const json = await fileOf(gzipSync('{"id":1}\n'), 'packed')
    expect([(await read(csv)).records[0]?.fields, (await read(json)).records[0]?.fields]).toEqual([
      ['1', 'Anna'],
      ['1'],
    ])
  })

  test('that is cut off, a trap or packed twice is refused in one sentence', async () => {
    const packed = gzipSync(Array.from({ length: 10_000 }, (_, index) => `${index},x`).join('\n'))
    expect(await refusal(await fileOf(packed.subarray(0, packed.length / 2), 'a.csv.gz'))).toContain('FILE is cut off')
    expect(
      await refusal(
        await fileOf(gzipSync(Buffer.concat([Buffer.from('id\n'), Buffer.alloc(100_000_000, 'x')])), 'a.csv.gz'),
      ),
    ).toContain('unpacks to more than 200 times its size')
    expect(await refusal(await fileOf(gzipSync(Buffer.from('504b0304', 'hex')), 'a.xlsx.gz'))).toContain(
      'a workbook that gzip packed',
    )
  })
})

/** Each file is converted twice and imported three times. */
const THREE_IMPORTS_MS = 120_000

const FACTS = ['sectors', 'agents', 'customers', 'interactions', 'customer_satisfaction', 'payments'] as const

async function importAs(clientId: string, path: string, options: Partial<ImportOptions>) {
  return importFile({
    database,
    clientId,
    kind: 'calls',
    path,
    name: null,
    format: null,
    sheet: null,
    headerRow: null,
    mapping: null,
    dryRun: false,
    strict: false,
    rejectsPath: join(folder, 'rejects.csv'),
    clock,
    signal: new AbortController().signal,
    onProgress() {},
    ...options,
  })
}

describe.skipIf(!hasRetailFiles)(
  'the two published files give the same facts from every format (skipped where ../shared/data is absent)',
  () => {
    beforeEach(() => emptyDatabase(db, ['clients']))

    async function facts() {
      const tables: Record<string, unknown> = {}
      for (const name of FACTS) tables[name] = await table(db, name)
      return tables
    }

    const CASES = [
      { clientId: 'phonenow', path: phoneNowPath, options: { kind: 'calls', mapping: 'pwc-call-centre' } },
      { clientId: 'retail', path: onlineRetailPath, options: { kind: 'payments', mapping: 'uci-retail' } },
    ]
    test.each(CASES)(
      '$clientId',
      async ({ clientId, path, options }) => {
        const rows = parse(await readFile(path, 'utf8'), { bom: true })
        const [header = [], ...records] = rows
        const csv = await importAs(clientId, path, options)
        const expected = await facts()
        const jsonl = place('real.jsonl')
        await writeFile(jsonl, records.map((record) => JSON.stringify(typedObject(header, record))).join('\n'))
        const xlsx = place('real.xlsx')
        await writeWorkbook(xlsx, {
          sheets: [{ name: 'Data', rows: [header, ...records.map((record) => record.map(typedCell))] }],
        })
        for (const other of [jsonl, xlsx]) {
          await emptyDatabase(db, ['clients'])
          const result = await importAs(clientId, other, options)
          expect(result.tallies).toEqual(csv.tallies)
          expect(await facts()).toEqual(expected)
        }
      },
      THREE_IMPORTS_MS,
    )
  },
)

/** A row as a program would write it: numbers are numbers, what is not there is null. */
function typedObject(header: readonly string[], record: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    header.map((name, at) => {
      const text = record[at] ?? ''
      return [name, text === '' ? null : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text]
    }),
  )
}

/** A cell as a spreadsheet program keeps it once somebody has typed it in. */
function typedCell(text: string): WorkbookCell {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return { serial: serialOf(`${text}T00:00:00Z`), as: 'date' }
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d/.test(text))
    return { serial: serialOf(`${text.replace(' ', 'T')}Z`), as: 'date-time' }
  if (/^\d{1,2}:\d\d:\d\d$/.test(text)) return { serial: serialOf(`1899-12-30T${text.padStart(8, '0')}Z`), as: 'time' }
  return text
}
