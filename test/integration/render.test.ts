import Excel from 'exceljs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Document } from '../../src/reports/document.ts'
import { golden, LONG_ROWS, STREAMED_ROWS } from '../golden/document.ts'
import { files, pdf, render, VALUES_SHEET } from '../support/rendered-files.ts'
import { htmlTable, readCsv, readSheets, textOf, withoutSpace } from '../support/report-files.ts'

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

  test('states instants with the offset of the zone, so that an hour that comes twice is kept apart', () => {
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
