import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import schema from '../../docs/report.schema.json' with { type: 'json' }
import { VALUE_COLUMNS, VALUE_ROWS } from '../golden/document.ts'
import { files, pdf, VALUES_SHEET } from '../support/rendered-files.ts'
import {
  csvTable,
  htmlTable,
  jsonTable,
  readCsv,
  readSheets,
  sheetTable,
  withoutSpace,
} from '../support/report-files.ts'

const VALUES_TITLE = 'Every kind of value [a/b]: *?'

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
    // Letters that run from right to left come out of a PDF in the order in which they stand on paper.
    const shown = VALUES_SHOWN.flat()
      .map(withoutSpace)
      .filter((text) => !/[\u0600-\u06ff]/.test(text))
    expect(shown.filter((text) => !page.includes(text))).toEqual([])
  })
})
