import type { Chart, Column, Document, Row, Table } from '../../src/reports/document.ts'

/** One document with every block and every nasty value; every renderer must take it whole. */

/** 2^53 − 1: the largest number of minor units a report may hold. */
const LARGEST = Number.MAX_SAFE_INTEGER

/** A host that must never be asked for anything. */
const TRAP_HOST = 'http://127.0.0.1:18999'

export const VALUE_COLUMNS: Column[] = [
  { key: 'label', label: 'Text', type: 'text' },
  { key: 'count', label: 'Count', type: 'integer', total: 'sum' },
  { key: 'score', label: 'Score', type: 'decimal', digits: 2, total: 'sum' },
  { key: 'share', label: 'Share', type: 'percent', total: { value: 0.5 } },
  { key: 'net', label: 'Net', type: 'money', total: 'sum' },
  { key: 'yen', label: 'Yen', type: 'money', currency: 'JPY', total: 'sum' },
  { key: 'dinar', label: 'Dinar', type: 'money', currency: 'BHD', total: 'sum' },
  { key: 'day', label: 'Day', type: 'date' },
  { key: 'at', label: 'At', type: 'datetime' },
  { key: 'talk', label: 'Talk', type: 'duration', total: 'sum' },
]

export const VALUE_ROWS: Row[] = [
  value('plain', 1, 1.5, 0.1, 123_45, 1234, 1234, '2026-03-28', '2026-03-29T00:30:00Z', 59),
  value(
    '東京 営業部 <b>&amp;</b>',
    9_007_199_254_740_991,
    0.1,
    0.2,
    LARGEST,
    LARGEST,
    LARGEST,
    '2026-03-29',
    '2026-03-29T01:30:00Z',
    3600,
  ),
  value('مرحبا بالعالم', -0, -0, -0, -0, -0, -0, '2026-10-25', '2026-10-25T00:30:00Z', 0),
  value("=cmd|' /C calc'!A0", -1, 1e-9, 1e-9, -1, -1, -1, '2024-02-29', '2026-10-25T01:30:00Z', 90_061.5),
  value(
    `<img src="${TRAP_HOST}/pixel"><script>alert(1)</script>`,
    2,
    0.2,
    1,
    1,
    1,
    1,
    '1900-02-28',
    '2026-03-29T23:59:59.999Z',
    1,
  ),
  value('two\nlines, "quoted"', null, null, null, null, null, null, null, null, null),
  value('\n=1+1', 3, 1.005, 0.005, 100, 100, 1000, '2026-01-01', '2026-01-01T00:00:00Z', 1),
  value('＝1+1', 4, -1e-9, -0.005, -100, -100, -1000, '2026-12-31', '2026-06-30T22:00:00Z', -61),
  value('  spaces kept  ', 5, 2.675, 2, 5, 5, 5, '2026-02-01', '2026-02-01T12:00:00Z', 2),
  value('bell\u0007 tab\t _x0041_ end', 6, 1_000_000.125, 12.345, 6, 6, 6, '2026-02-02', '2026-02-02T12:00:00Z', 2),
  value(
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
    7,
    7,
    0.07,
    7,
    7,
    7,
    '2026-02-03',
    '2026-02-03T12:00:00Z',
    7,
  ),
  value('👩‍👩‍👧 🚀', 8, 8, 0.08, 8, 8, 8, '2026-02-04', '2026-02-04T12:00:00Z', 8),
  value('+41 44 668 18 00', 9, 9, 0.09, 9, 9, 9, '2026-02-05', '2026-02-05T12:00:00Z', 9),
  value('4111111111111111111', 10, 10, 0.1, 10, 10, 10, '2026-02-06', '2026-02-06T12:00:00Z', 10),
  value('', 11, 11, 0.11, 11, 11, 11, '2026-02-07', '2026-02-07T12:00:00Z', 11),
  value(null, 12, 12, 0.12, 12, 12, 12, '2026-02-08', '2026-02-08T12:00:00Z', 12),
]

function value(...values: Row[string][]): Row {
  return Object.fromEntries(VALUE_COLUMNS.map(({ key }, index) => [key, values[index] as Row[string]]))
}

const values: Table = {
  kind: 'table',
  id: 'values',
  title: 'Every kind of value [a/b]: *?',
  columns: VALUE_COLUMNS,
  rows: VALUE_ROWS,
  empty: 'There are no values.',
  note: 'A note under a table, with <b>no markup</b>.',
}

const nothing: Table = {
  kind: 'table',
  id: 'nothing',
  title: 'Nothing',
  columns: [
    { key: 'day', label: 'Day', type: 'date' },
    { key: 'net', label: 'Net', type: 'money', total: 'sum' },
  ],
  rows: [],
  empty: 'Nothing was sold in this window.',
}

export const LONG_ROWS = 2500

/** Longer than a page shows: 2,500 rows of 0.01, 0.02, … */
const long: Table = {
  kind: 'table',
  id: 'long',
  title: 'A long table',
  columns: [
    { key: 'number', label: 'Number', type: 'integer' },
    { key: 'name', label: 'Name', type: 'text' },
    { key: 'net', label: 'Net', type: 'money', total: 'sum' },
  ],
  rows: Array.from({ length: LONG_ROWS }, (_, index) => ({
    number: index + 1,
    name: `Row ${index + 1}`,
    net: index + 1,
  })),
  empty: 'Nothing.',
}

export const STREAMED_ROWS = 300

/** Opened again by every renderer that reads it. */
const streamed: Table = {
  kind: 'table',
  id: 'streamed',
  title: 'A LONG TABLE',
  columns: [{ key: 'only', label: 'Only', type: 'text' }],
  rows: async function* () {
    for (let index = 0; index < STREAMED_ROWS; index += 1) yield { only: index === 7 ? null : `streamed ${index}` }
  },
  empty: 'Nothing.',
}

const trend: Chart = {
  kind: 'chart',
  id: 'trend',
  title: 'Net by day & forecast',
  shape: 'line',
  category: { key: 'day', label: 'Day', type: 'date' },
  series: [
    { key: 'net', label: 'Net', type: 'money' },
    { key: 'forecast', label: 'Forecast', type: 'money', band: { low: 'low', high: 'high' } },
  ],
  rows: Array.from({ length: 12 }, (_, index) => ({
    day: `2026-03-${String(index + 1).padStart(2, '0')}`,
    net: index === 4 ? null : 100_000 + index * 7_500,
    forecast: 102_000 + index * 7_000,
    low: 82_000 + index * 6_000,
    high: 122_000 + index * 8_000,
  })),
  description: 'Net revenue rises by 75 euros a day, within the forecast "interval" <of 80 %>.',
}

const bars: Chart = {
  kind: 'chart',
  id: 'bars',
  title: 'Calls by sector',
  shape: 'stacked-bar',
  category: { key: 'sector', label: 'Sector', type: 'text' },
  series: [
    { key: 'answered', label: 'Answered', type: 'integer' },
    { key: 'abandoned', label: 'Abandoned', type: 'integer' },
  ],
  rows: [
    { sector: 'Kundendienst & Beratung', answered: 320, abandoned: 12 },
    { sector: '東京 <営業>', answered: 120, abandoned: 40 },
    { sector: 'Retouren', answered: 0, abandoned: 0 },
  ],
  description: 'Most calls go to the service desk.',
}

const empty: Chart = {
  kind: 'chart',
  id: 'empty-chart',
  title: 'Nothing to draw',
  shape: 'bar',
  category: { key: 'day', label: 'Day', type: 'date' },
  series: [{ key: 'net', label: 'Net', type: 'money' }],
  rows: [],
  description: 'There is nothing to draw.',
}

export const golden: Document = {
  meta: {
    report: 'golden',
    title: 'Golden report <&>',
    client: { id: 'mueller', name: 'Müller & Söhne <AG> 東京' },
    locale: 'en-GB',
    timeZone: 'Europe/Zurich',
    currency: 'EUR',
    window: { from: '2026-03-01', to: '2026-04-01' },
    windowLabel: 'March 2026',
    dataAsOf: '2026-04-01T00:15:30Z',
    provisionalDays: ['2026-03-30', '2026-03-31', '2026-03-29', '2026-03-11'],
    quarantinedFacts: 3,
    executionId: '01900000-0000-7000-8000-000000000001',
    generatedAt: '2026-04-01T03:00:00Z',
  },
  blocks: [
    { kind: 'paragraph', text: 'First paragraph with <b>no markup</b>.\nIts second line.' },
    {
      kind: 'figures',
      id: 'summary',
      title: 'Summary',
      figures: [
        {
          label: 'Net revenue',
          type: 'money',
          value: LARGEST,
          comparisons: [
            { label: 'February 2026', value: LARGEST - 100_000_000_000_000 },
            { label: 'March 2025', value: null },
          ],
          target: { label: 'Budget', value: 5_000_000_00, met: true },
        },
        { label: 'Refunds', type: 'money', value: -0, comparisons: [{ label: 'February 2026', value: -1250 }] },
        {
          label: 'In yen',
          type: 'money',
          currency: 'JPY',
          value: 1234,
          comparisons: [{ label: 'February 2026', value: 0 }],
        },
        {
          label: 'Abandoned',
          type: 'percent',
          value: 0.0725,
          comparisons: [{ label: 'February 2026', value: 0.05 }],
          target: { label: 'At most', value: 0.05, met: false },
        },
        { label: 'Handle time', type: 'duration', value: 305.4, target: { label: 'At most', value: 300, met: null } },
        { label: 'Best day', type: 'date', value: '2026-03-27' },
        {
          label: 'Busiest',
          type: 'text',
          value: "=HYPERLINK('x')",
          comparisons: [{ label: 'February 2026', value: 'Retouren' }],
        },
        {
          label: 'Ratio over nothing',
          type: 'decimal',
          value: null,
          comparisons: [{ label: 'February 2026', value: 1.5 }],
        },
      ],
    },
    { kind: 'note', tone: 'info', text: 'A note <i>to read</i>.' },
    { kind: 'heading', level: 1, text: 'Trend' },
    trend,
    empty,
    { kind: 'heading', level: 1, text: 'Values' },
    { kind: 'heading', level: 2, text: 'All of them' },
    values,
    nothing,
    { kind: 'heading', level: 1, text: 'Calls' },
    bars,
    { kind: 'heading', level: 1, text: 'A long table' },
    long,
    streamed,
    { kind: 'note', tone: 'warning', text: 'Something is not as it should be.' },
    { kind: 'heading', level: 1, text: 'Checks' },
    {
      kind: 'checks',
      id: 'checks',
      title: 'Sums that must agree',
      checks: [
        { label: 'Days add up to the month', type: 'money', left: LARGEST, right: LARGEST, holds: true },
        { label: 'Countries add up to the month', type: 'money', left: LARGEST, right: LARGEST - 1, holds: false },
        { label: 'Currencies', type: 'text', left: 'EUR', right: 'EUR', holds: true },
      ],
    },
  ],
}
