import { join } from 'node:path'
import Excel from 'exceljs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import schema from '../../docs/report.schema.json' with { type: 'json' }
import { createLog } from '../../src/log.ts'
import type { Document, ReportFormat } from '../../src/reports/document.ts'
import {
  type FontLibrary,
  openFonts,
  openPdfPrinter,
  type PdfPrinter,
  type RenderTools,
  renderers,
} from '../../src/reports/render/index.ts'
import { golden, LONG_ROWS, STREAMED_ROWS, VALUE_COLUMNS, VALUE_ROWS } from '../golden/document.ts'
import {
  csvTable,
  htmlTable,
  jsonTable,
  type PdfText,
  readCsv,
  readPdf,
  readSheets,
  sheetTable,
  textOf,
  withoutSpace,
} from '../support/report-files.ts'

const VALUES_TITLE = 'Every kind of value [a/b]: *?'
const VALUES_SHEET = 'Every kind of value a b'

let printer: PdfPrinter
let fonts: FontLibrary
let pdf: PdfText
const files = {} as Record<ReportFormat, Buffer>

beforeAll(async () => {
  const folder = join(import.meta.dirname, '../../.daybreak/test-tools/chromium')
  printer = openPdfPrinter({ chromiumPath: process.env['CHROMIUM_PATH'], folder, log: createLog('error') })
  fonts = await openFonts()
  for (const format of Object.keys(renderers) as ReportFormat[]) files[format] = await render(golden, format)
  pdf = await readPdf(files.pdf)
})

afterAll(() => printer.close())

function tools(): RenderTools {
  return { printer, fonts, log: createLog('silent'), signal: AbortSignal.timeout(90_000) }
}

async function render(document: Document, format: ReportFormat): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(renderers[format].render(document, tools())))
}

/** The rows of the table of values as programs must read them from any file. */
const VALUES_RAW = {
  rows: [
    ['plain', '1', '1.5', '0.1', '123.45', '1234', '1.234', '2026-03-28', '2026-03-29T01:30:00', '59'],
    [
      '東京 営業部 <b>&amp;</b>',
      '9007199254740991',
      '0.1',
      '0.2',
      '90071992547409.91',
      '9007199254740991',
      '9007199254740.991',
      '2026-03-29',
      '2026-03-29T03:30:00',
      '3600',
    ],
    ['مرحبا بالعالم', '0', '0', '0', '0.00', '0', '0.000', '2026-10-25', '2026-10-25T02:30:00', '0'],
    [
      "=cmd|' /C calc'!A0",
      '-1',
      '0.000000001',
      '0.000000001',
      '-0.01',
      '-1',
      '-0.001',
      '2024-02-29',
      '2026-10-25T02:30:00',
      '90061.5',
    ],
    [
      '<img src="http://127.0.0.1:18999/pixel"><script>alert(1)</script>',
      '2',
      '0.2',
      '1',
      '0.01',
      '1',
      '0.001',
      '1900-02-28',
      '2026-03-30T01:59:59.999',
      '1',
    ],
    ['two\nlines, "quoted"', null, null, null, null, null, null, null, null, null],
    ['\n=1+1', '3', '1.005', '0.005', '1.00', '100', '1.000', '2026-01-01', '2026-01-01T01:00:00', '1'],
    ['＝1+1', '4', '-0.000000001', '-0.005', '-1.00', '-100', '-1.000', '2026-12-31', '2026-07-01T00:00:00', '-61'],
    ['  spaces kept  ', '5', '2.675', '2', '0.05', '5', '0.005', '2026-02-01', '2026-02-01T13:00:00', '2'],
    [
      'bell\u0007 tab\t _x0041_ end',
      '6',
      '1000000.125',
      '12.345',
      '0.06',
      '6',
      '0.006',
      '2026-02-02',
      '2026-02-02T13:00:00',
      '2',
    ],
    [
      'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
      '7',
      '7',
      '0.07',
      '0.07',
      '7',
      '0.007',
      '2026-02-03',
      '2026-02-03T13:00:00',
      '7',
    ],
    ['👩‍👩‍👧 🚀', '8', '8', '0.08', '0.08', '8', '0.008', '2026-02-04', '2026-02-04T13:00:00', '8'],
    ['+41 44 668 18 00', '9', '9', '0.09', '0.09', '9', '0.009', '2026-02-05', '2026-02-05T13:00:00', '9'],
    ['4111111111111111111', '10', '10', '0.1', '0.10', '10', '0.010', '2026-02-06', '2026-02-06T13:00:00', '10'],
    [null, '11', '11', '0.11', '0.11', '11', '0.011', '2026-02-07', '2026-02-07T13:00:00', '11'],
    [null, '12', '12', '0.12', '0.12', '12', '0.012', '2026-02-08', '2026-02-08T13:00:00', '12'],
  ],
  totals: [
    'Total',
    '9007199254741068',
    '1000062.605',
    '0.5',
    '90071992547534.04',
    '9007199254742293',
    '9007199254742.293',
    null,
    null,
    '93722.5',
  ],
}

/** The same rows as people must read them. */
const VALUES_SHOWN = [
  ['Text', 'Count', 'Score', 'Share', 'Net', 'Yen', 'Dinar', 'Day', 'At', 'Talk'],
  [
    'plain',
    '1',
    '1.50',
    '10.0%',
    '€123.45',
    'JP¥1,234',
    'BHD 1.234',
    '28 Mar 2026',
    '29 Mar 2026, 01:30:00 CET',
    '0:00:59',
  ],
  [
    '東京 営業部 <b>&amp;</b>',
    '9,007,199,254,740,991',
    '0.10',
    '20.0%',
    '€90,071,992,547,409.91',
    'JP¥9,007,199,254,740,991',
    'BHD 9,007,199,254,740.991',
    '29 Mar 2026',
    '29 Mar 2026, 03:30:00 CEST',
    '1:00:00',
  ],
  [
    'مرحبا بالعالم',
    '0',
    '0.00',
    '0.0%',
    '€0.00',
    'JP¥0',
    'BHD 0.000',
    '25 Oct 2026',
    '25 Oct 2026, 02:30:00 CEST',
    '0:00:00',
  ],
  [
    "=cmd|' /C calc'!A0",
    '-1',
    '0.00',
    '0.0%',
    '-€0.01',
    '-JP¥1',
    '-BHD 0.001',
    '29 Feb 2024',
    '25 Oct 2026, 02:30:00 CET',
    '25:01:02',
  ],
  [
    '<img src="http://127.0.0.1:18999/pixel"><script>alert(1)</script>',
    '2',
    '0.20',
    '100.0%',
    '€0.01',
    'JP¥1',
    'BHD 0.001',
    '28 Feb 1900',
    '30 Mar 2026, 01:59:59 CEST',
    '0:00:01',
  ],
  ['two\nlines, "quoted"', '–', '–', '–', '–', '–', '–', '–', '–', '–'],
  ['\n=1+1', '3', '1.01', '0.5%', '€1.00', 'JP¥100', 'BHD 1.000', '1 Jan 2026', '1 Jan 2026, 01:00:00 CET', '0:00:01'],
  [
    '＝1+1',
    '4',
    '0.00',
    '-0.5%',
    '-€1.00',
    '-JP¥100',
    '-BHD 1.000',
    '31 Dec 2026',
    '1 Jul 2026, 00:00:00 CEST',
    '-0:01:01',
  ],
  [
    '  spaces kept  ',
    '5',
    '2.68',
    '200.0%',
    '€0.05',
    'JP¥5',
    'BHD 0.005',
    '1 Feb 2026',
    '1 Feb 2026, 13:00:00 CET',
    '0:00:02',
  ],
  [
    'bell\ufffd tab\t _x0041_ end',
    '6',
    '1,000,000.13',
    '1,234.5%',
    '€0.06',
    'JP¥6',
    'BHD 0.006',
    '2 Feb 2026',
    '2 Feb 2026, 13:00:00 CET',
    '0:00:02',
  ],
  [
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
    '7',
    '7.00',
    '7.0%',
    '€0.07',
    'JP¥7',
    'BHD 0.007',
    '3 Feb 2026',
    '3 Feb 2026, 13:00:00 CET',
    '0:00:07',
  ],
  ['👩‍👩‍👧 🚀', '8', '8.00', '8.0%', '€0.08', 'JP¥8', 'BHD 0.008', '4 Feb 2026', '4 Feb 2026, 13:00:00 CET', '0:00:08'],
  [
    '+41 44 668 18 00',
    '9',
    '9.00',
    '9.0%',
    '€0.09',
    'JP¥9',
    'BHD 0.009',
    '5 Feb 2026',
    '5 Feb 2026, 13:00:00 CET',
    '0:00:09',
  ],
  [
    '4111111111111111111',
    '10',
    '10.00',
    '10.0%',
    '€0.10',
    'JP¥10',
    'BHD 0.010',
    '6 Feb 2026',
    '6 Feb 2026, 13:00:00 CET',
    '0:00:10',
  ],
  ['', '11', '11.00', '11.0%', '€0.11', 'JP¥11', 'BHD 0.011', '7 Feb 2026', '7 Feb 2026, 13:00:00 CET', '0:00:11'],
  ['–', '12', '12.00', '12.0%', '€0.12', 'JP¥12', 'BHD 0.012', '8 Feb 2026', '8 Feb 2026, 13:00:00 CET', '0:00:12'],
  [
    'Total',
    '9,007,199,254,741,068',
    '1,000,062.61',
    '50.0%',
    '€90,071,992,547,534.04',
    'JP¥9,007,199,254,742,293',
    'BHD 9,007,199,254,742.293',
    '',
    '',
    '26:02:03',
  ],
]

describe('every format states the same values', () => {
  test('CSV', () => {
    expect(csvTable(readCsv(files.csv)['values'], VALUE_COLUMNS)).toEqual(VALUES_RAW)
  })

  test('JSON', () => {
    const { values } = JSON.parse(String(files.json)).tables
    expect(jsonTable(values, VALUE_COLUMNS)).toEqual({ rows: VALUES_RAW.rows, totals: VALUES_RAW.totals.with(0, null) })
    expect(values.rowCount).toBe(VALUE_ROWS.length)
  })

  test('JSON, in the shape that its schema states', () => {
    const shape = z.fromJSONSchema(schema as never)
    expect(shape.safeParse(JSON.parse(String(files.json))).error?.issues ?? []).toEqual([])
    const { meta, ...rest } = JSON.parse(String(files.json))
    expect(shape.safeParse({ ...rest, meta, more: 1 }).success).toBe(false)
    const narrowed = (filters: unknown) => shape.safeParse({ ...rest, meta: { ...meta, filters } }).success
    expect([narrowed({ sector: ['sales', ''] }), narrowed({ sector: 'sales' })]).toEqual([true, false])
  })

  test('XLSX', () => {
    expect(sheetTable(readSheets(files.xlsx)[VALUES_SHEET], VALUE_COLUMNS, VALUE_ROWS.length)).toEqual(VALUES_RAW)
  })

  test('HTML', () => {
    const cells = htmlTable(String(files.html), VALUES_TITLE)
    expect(cells.map((row) => row.map((text) => text.replaceAll('\u00a0', ' ')))).toEqual(VALUES_SHOWN)
  })

  test('PDF', () => {
    const page = pdf.pages.find((text) => text.includes(withoutSpace(VALUES_TITLE))) ?? ''
    // Letters that run from right to left come out of a PDF in the order they stand on paper.
    const shown = VALUES_SHOWN.flat()
      .map(withoutSpace)
      .filter((text) => !/[\u0600-\u06ff]/.test(text))
    expect(shown.filter((text) => !page.includes(text))).toEqual([])
  })
})

describe('every format states the same figures', () => {
  const raw = [
    '90071992547409.91',
    '89071992547409.91',
    '5000000.00',
    '0.00',
    '-12.50',
    '1234',
    '0.0725',
    '0.05',
    '305.4',
    '300',
    '2026-03-27',
    '1.5',
  ]

  test('raw in CSV, JSON and XLSX', () => {
    const csv = new Set(readCsv(files.csv)['summary']?.flat())
    const json = new Set(String(files.json).match(/(?<=[:"])-?[\d.-]+(?=["},])/g))
    const cells = new Set(Object.values(readSheets(files.xlsx)['Summary'] ?? {}))
    const inDays = (text: string) =>
      ({ '305.4': String(305.4 / 86_400), '300': String(300 / 86_400), '2026-03-27': '46108' })[text] ?? text
    expect([
      raw.filter((text) => !csv.has(text)),
      raw.filter((text) => !json.has(text)),
      raw.filter((text) => !cells.has(inDays(text))),
    ]).toEqual([[], [], []])
  })

  test('in words in HTML and PDF', () => {
    const shown = [
      'Net revenue€90,071,992,547,409.91+1.1% February 2026: €89,071,992,547,409.91– March 2025: –met Budget €5,000,000.00',
      'Refunds€0.00+100.0% February 2026: -€12.50',
      'In yenJP¥1,234+JP¥1,234 February 2026: JP¥0',
      'Abandoned7.3%+2.3 points February 2026: 5.0%not met At most 5.0%',
      'Handle time0:05:05not known yet At most 0:05:00',
      'Best day27 Mar 2026',
      "Busiest=HYPERLINK('x')– February 2026: Retouren",
      'Ratio over nothing–– February 2026: 1.50',
    ]
    const html = textOf(String(files.html))
    expect(shown.filter((text) => !html.includes(text))).toEqual([])
    expect(shown.filter((text) => !pdf.pages[0]?.includes(withoutSpace(text)))).toEqual([])
  })

  test('and the same verdict on every check', () => {
    const { checks } = JSON.parse(String(files.json)).checks.checks
    expect(checks.map((check: { holds: boolean }) => check.holds)).toEqual([true, false, true])
    const verdicts = (readCsv(files.csv)['checks'] ?? []).slice(1).map((record) => record.at(-1))
    expect(verdicts).toEqual(['holds', 'does not hold', 'holds'])
    expect(htmlTable(String(files.html), 'Sums that must agree').slice(1)).toEqual([
      ['Days add up to the month', '€90,071,992,547,409.91', '€90,071,992,547,409.91', '€0.00', 'holds'],
      ['Countries add up to the month', '€90,071,992,547,409.91', '€90,071,992,547,409.90', '€0.01', 'does not hold'],
      ['Currencies', 'EUR', 'EUR', '–', 'holds'],
    ])
  })
})

describe('a table longer than a page shows', () => {
  const shown = 'The first 2,000 of 2,500 rows are shown here. The XLSX, CSV and JSON files hold all of them.'
  // 0.01 + 0.02 + … + 25.00
  const total = '31262.50'

  test('is cut in HTML and PDF, which say so and still total all of it', () => {
    const rows = htmlTable(String(files.html), 'A long table')
    expect([rows.length, rows.at(-1)]).toEqual([2002, ['Total of all rows', '', '€31,262.50']])
    expect(textOf(String(files.html))).toContain(shown)
    expect(pdf.pages.some((page) => page.includes(withoutSpace(`Total of all rows€31,262.50${shown}`)))).toBe(true)
  })

  test('is whole in the others', () => {
    const csv = readCsv(files.csv)['long'] ?? []
    const { long } = JSON.parse(String(files.json)).tables
    const sheet = readSheets(files.xlsx)['A long table'] ?? {}
    expect([csv.length, csv.at(-1)]).toEqual([LONG_ROWS + 2, ['Total', '', total]])
    expect([long.rows.length, long.totals]).toEqual([LONG_ROWS, { net: total }])
    expect([sheet['A2501'], sheet['C2502']]).toEqual([String(LONG_ROWS), total])
  })

  test('is read as a stream where it is one', () => {
    expect(readCsv(files.csv)['streamed']?.length).toBe(STREAMED_ROWS + 1)
    expect(JSON.parse(String(files.json)).tables.streamed.rows.at(-1)).toEqual({
      only: `streamed ${STREAMED_ROWS - 1}`,
    })
    expect(readSheets(files.xlsx)['A LONG TABLE (2)']?.[`A${STREAMED_ROWS + 1}`]).toBe(`streamed ${STREAMED_ROWS - 1}`)
  })
})

describe('a workbook', () => {
  let workbook: Excel.Workbook
  beforeAll(async () => {
    workbook = new Excel.Workbook()
    await workbook.xlsx.load(files.xlsx as never)
  })

  test('has a sheet for each table, named so that spreadsheets accept it', () => {
    expect(workbook.worksheets.map(({ name }) => name)).toEqual([
      'Summary',
      VALUES_SHEET,
      'Nothing',
      'A long table',
      'A LONG TABLE (2)',
      'Chart – Net by day & forecast',
      'Chart – Nothing to draw',
      'Chart – Calls by sector',
    ])
  })

  test('has frozen headers, filters, formats and totals that are formulas', () => {
    const sheet = workbook.getWorksheet(VALUES_SHEET)
    expect([sheet?.views[0], sheet?.autoFilter]).toEqual([
      expect.objectContaining({ state: 'frozen', ySplit: 1 }),
      'A1:J17',
    ])
    expect(
      ['B2', 'C2', 'D2', 'E2', 'F2', 'G2', 'H2', 'I2', 'J2', 'A2'].map((cell) => sheet?.getCell(cell).numFmt),
    ).toEqual(
      [
        '#,##0',
        '#,##0.00',
        '0.0%',
        '[$€]#,##0.00;-[$€]#,##0.00',
        '[$JP¥]#,##0;-[$JP¥]#,##0',
        '[$BHD]" "#,##0.000;-[$BHD]" "#,##0.000',
        'yyyy-mm-dd',
        'yyyy-mm-dd hh:mm:ss',
        '[h]:mm:ss',
        '@',
      ].map((code) => code.replace('" "', '"\u00a0"').replace('" "', '"\u00a0"')),
    )
    expect(['B18', 'E18', 'J18'].map((cell) => sheet?.getCell(cell).formula)).toEqual([
      'SUBTOTAL(109,B2:B17)',
      'SUBTOTAL(109,E2:E17)',
      'SUBTOTAL(109,J2:J17)',
    ])
  })

  test('keeps text as text', () => {
    const sheet = workbook.getWorksheet(VALUES_SHEET)
    const texts = ['A5', 'A8', 'A9', 'A14', 'A15'].map((cell) => sheet?.getCell(cell))
    expect(texts.map((cell) => cell?.value)).toEqual([
      "=cmd|' /C calc'!A0",
      '\n=1+1',
      '＝1+1',
      '+41 44 668 18 00',
      '4111111111111111111',
    ])
    expect(texts.map((cell) => cell?.type)).toEqual(Array.from(texts, () => Excel.ValueType.String))
  })

  test('says what it is', () => {
    expect([workbook.title, workbook.creator, workbook.created.toISOString()]).toEqual([
      'Golden report <&>, March 2026 – Müller & Söhne <AG> 東京',
      'Daybreak',
      '2026-04-01T03:00:00.000Z',
    ])
  })
})

describe('CSV', () => {
  test('is UTF-8 with a mark, in CRLF lines, and guards text but never numbers', () => {
    const csv = String(files.csv)
    const unquoted = csv.replace(/"(?:[^"]|"")*"/g, '')
    expect([csv.startsWith('\ufeffSection,report,'), csv.endsWith('\r\n'), /[^\r]\n/.test(unquoted)]).toEqual([
      true,
      true,
      false,
    ])
    const values = readCsv(files.csv)['values'] ?? []
    expect([values[4]?.[0], values[7]?.[0], values[8]?.[0], values[13]?.[0], values[8]?.[4]]).toEqual([
      "'=cmd|' /C calc'!A0",
      "'\n=1+1",
      "'＝1+1",
      "'+41 44 668 18 00",
      '-1.00',
    ])
  })

  test('names the unit of every column', () => {
    expect(readCsv(files.csv)['values']?.[0]).toEqual([
      'Text',
      'Count',
      'Score',
      'Share (fraction)',
      'Net (EUR)',
      'Yen (JPY)',
      'Dinar (BHD)',
      'Day',
      'At',
      'Talk (seconds)',
    ])
  })

  test('states instants with the offset of the zone, so that an hour that comes twice is told apart', () => {
    const values = readCsv(files.csv)['values'] ?? []
    expect([values[3]?.[8], values[4]?.[8]]).toEqual(['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00'])
  })
})

test.each(['csv', 'json'] as const)(
  'two parts of one id are refused in %s, which names its parts by id',
  async (format) => {
    const table = golden.blocks.find((block) => block.kind === 'table')
    const document = { meta: golden.meta, blocks: [table, table].flatMap((block) => block ?? []) }
    await expect(render(document, format)).rejects.toThrow(
      'Two parts of the report are called "values". Give each its own id.',
    )
  },
)

describe('the same document', () => {
  test.each(['xlsx', 'csv', 'html', 'json'] as const)('gives the same bytes of %s every time', async (format) => {
    expect((await render(golden, format)).equals(files[format])).toBe(true)
  })
})

describe('a page', () => {
  test('is one file that runs nothing and asks for nothing', () => {
    const html = String(files.html)
    expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:")
    const forbidden = /<(script|link|iframe|object|embed|img|base|form)\b|<[^>]+ on\w+=|url\((?!data:|#)|@import/i
    expect(forbidden.exec(html)?.[0] ?? null).toBeNull()
  })

  test('has its headings in order', () => {
    const levels = [...String(files.html).matchAll(/<h([1-6])/g)].map(([, level]) => Number(level))
    expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([])
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
  })

  test('stays under 400 KB for a report in Latin letters', async () => {
    const latin: Document = {
      meta: { ...golden.meta, client: { id: 'mueller', name: 'Müller & Söhne AG' } },
      blocks: golden.blocks.filter(
        (block) => block.kind !== 'table' && !(block.kind === 'chart' && block.id === 'bars'),
      ),
    }
    expect((await render(latin, 'html')).length).toBeLessThan(400_000)
  })

  test('says which characters it cannot show', async () => {
    const document: Document = { meta: golden.meta, blocks: [{ kind: 'paragraph', text: 'ሰላም' }] }
    expect(textOf(String(await render(document, 'html')))).toContain('for want of a font: U+1230, U+120B, U+121D')
  })
})

describe('a PDF', () => {
  test('is tagged, outlined and titled, with n / N at the foot of every page', () => {
    expect([pdf.tagged, pdf.title]).toEqual([true, 'Golden report <&>, March 2026 – Müller & Söhne <AG> 東京'])
    expect(pdf.outline).toEqual(
      expect.arrayContaining(['Trend', 'Values', 'All of them', 'Calls', 'Checks', 'Numbers behind the charts']),
    )
    const numbered = pdf.pages.filter((page, index) => page.includes(`${index + 1}/${pdf.pages.length}`))
    expect(numbered).toHaveLength(pdf.pages.length)
  })

  test('names client, execution and data on every page after the first', () => {
    const head = withoutSpace('Müller & Söhne <AG> 東京 · Golden report <&> · March 2026')
    const foot = withoutSpace('Execution 01900000-0000-7000-8000-000000000001 · data as of 1 Apr 2026, 02:15 CEST')
    expect(pdf.pages.slice(1).filter((page) => !page.includes(head) || !page.includes(foot))).toEqual([])
  })

  test('repeats the head of a table on every page of it', () => {
    const pages = pdf.pages.filter((page) => /Row\d{3}/.test(page))
    expect(pages.filter((page) => !page.includes('NumberNameNet'))).toEqual([])
    expect(pages.length).toBeGreaterThan(30)
  })

  test('holds the fonts of every script in it', () => {
    const names = new Set(
      [...files.pdf.toString('latin1').matchAll(/\/FontName \/[A-Z]+\+(\w+)/g)].map(([, name]) => name),
    )
    expect([...names]).toEqual(
      expect.arrayContaining(
        ['NotoSans', 'NotoSansArabic', 'NotoEmoji', 'NotoSansJP'].map((name) => expect.stringContaining(name)),
      ),
    )
  })
})
