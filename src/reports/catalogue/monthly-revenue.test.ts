import { describe, expect, test } from 'vitest'
import { periodOf, valuesOver, wholeOf } from '../../../test/support/answers.ts'
import { type MoneySums, NO_MONEY } from '../../analytics/metrics/index.ts'
import type { Period } from '../../analytics/questions/index.ts'
import { daysOf } from '../../time.ts'
import type { Block, Chart, DocumentMeta, Table } from '../document.ts'
import type { Slice } from '../parts/measured.ts'
import { monthlyRevenue } from './monthly-revenue.ts'
import type { PaymentDetails } from './payment-details.ts'

const META: DocumentMeta = {
  report: 'monthly-revenue',
  title: 'Monthly revenue',
  client: { id: 'acme', name: 'Acme' },
  locale: 'en-GB',
  timeZone: 'Europe/London',
  currency: 'GBP',
  window: { from: '2011-11-01', to: '2011-12-01' },
  windowLabel: 'November 2011',
  dataAsOf: '2011-12-01T00:10:00Z',
  provisionalDays: [],
  quarantinedFacts: 0,
  executionId: '00000000-0000-0000-0000-000000000001',
  generatedAt: '2011-12-01T00:20:00Z',
}

function money(orders: number, gross_minor: number, refunds = 0, refunded_minor = 0): MoneySums {
  return { orders, refunds, gross_minor, refunded_minor }
}

const OCTOBER = { from: '2011-10-01', to: '2011-11-01' }
const A_YEAR_AGO = periodOf({ from: '2010-11-01', to: '2010-12-01' }, null)
const COMPARED = [periodOf(OCTOBER, money(1, 4000)), A_YEAR_AGO]

function slice(key: string, name: string, sums: MoneySums | null): Slice {
  return { key, name, values: sums === null ? null : valuesOver(sums) }
}

/** Days, weeks or months of which all is known, with what was sold in some. */
function slices(keys: readonly string[], sold: Record<string, MoneySums>): Slice[] {
  return keys.map((key) => slice(key, key, sold[key] ?? NO_MONEY))
}

const DAYS = slices(daysOf(META.window), {
  '2011-11-06': money(1, 20_000),
  '2011-11-07': money(1, 10_000, 1, -5000),
})
const WEEKS = slices(['2011-10-31', '2011-11-07', '2011-11-14', '2011-11-21', '2011-11-28'], {
  '2011-10-31': money(1, 20_000),
  '2011-11-07': money(1, 10_000, 1, -5000),
})
const UNKNOWN_MONTHS = [
  ...['2010-11-01', '2010-12-01', '2011-01-01', '2011-02-01', '2011-03-01', '2011-04-01', '2011-05-01'],
  ...['2011-06-01', '2011-07-01', '2011-08-01', '2011-09-01'],
]

const PARTS: [string, Slice[]][] = [
  ['daily-net', DAYS],
  ['weeks', WEEKS],
  ['countries', [slice('', '(not stated)', money(1, 10_000, 1, -5000)), slice('France', 'France', money(1, 20_000))]],
  [
    'trend',
    [
      ...UNKNOWN_MONTHS.map((month) => slice(month, month, null)),
      slice('2011-10-01', '2011-10-01', money(1, 4000)),
      slice('2011-11-01', '2011-11-01', money(2, 30_000, 1, -5000)),
    ],
  ],
]

/** Two sales and a refund in November; 40.00 in October; nothing known of the year before. */
const TOTAL = money(2, 30_000, 1, -5000)
const DETAILS: PaymentDetails = {
  otherCurrencies: [],
  customers: [
    { customerId: '17850', name: 'Ada', ...money(1, 20_000) },
    { customerId: '13047', name: null, ...money(1, 10_000, 1, -5000) },
  ],
  customersTotal: TOTAL,
  refunds: [{ id: 'C1', paidAt: '2011-11-07T12:00:00Z', customerId: '13047', country: null, amountMinor: -5000 }],
  facts: TOTAL,
}

type Changes = {
  total?: MoneySums | null
  compared?: Period[]
  parts?: [string, Slice[]][]
  own?: Partial<PaymentDetails>
}

function compose(changes: Changes = {}, meta: Partial<DocumentMeta> = {}): Block[] {
  const { total = TOTAL, compared = COMPARED, parts = [], own = {} } = changes
  const all = { ...META, ...meta }
  return monthlyRevenue.compose(
    {
      whole: wholeOf(periodOf(all.window, total), compared),
      parts: new Map([...PARTS, ...parts]),
      narrowing: [],
      own: { ...DETAILS, ...own },
    },
    all,
  )
}

function blockOf(blocks: Block[], id: string): Block {
  const block = blocks.find((candidate) => 'id' in candidate && candidate.id === id)
  if (block === undefined) throw new Error(`no block ${id}`)
  return block
}
const tableOf = (blocks: Block[], id: string) => blockOf(blocks, id) as Table
const chartOf = (blocks: Block[], id: string) => blockOf(blocks, id) as Chart

function notesOf(blocks: Block[]): string[] {
  return blocks.flatMap((block) => (block.kind === 'note' ? [block.text] : []))
}

describe('the monthly revenue report', () => {
  test('opens with gross, refunds, net, orders and average order against the month and the year before', () => {
    const comparisons = (october: number | null) => [
      { label: 'October 2011', value: october },
      { label: 'November 2010', value: null },
    ]
    expect(compose()[0]).toEqual({
      kind: 'figures',
      id: 'summary',
      title: 'Summary',
      figures: [
        { label: 'Gross revenue', type: 'money', value: 30_000, comparisons: comparisons(4000) },
        { label: 'Refunds', type: 'money', value: -5000, comparisons: comparisons(0) },
        { label: 'Net revenue', type: 'money', value: 25_000, comparisons: comparisons(4000) },
        { label: 'Orders', type: 'integer', value: 2, comparisons: comparisons(1) },
        { label: 'Average order', type: 'money', value: 15_000, comparisons: comparisons(4000) },
      ],
    })
    expect(notesOf(compose())).toEqual(['Nothing is known of November 2010, so there is no comparison with it.'])
  })

  test('says that a comparison is provisional and that money of another currency is not in it', () => {
    const incomplete = { missingDays: ['2011-10-30'], dirtyDays: ['2011-10-31'] }
    const compared = [periodOf(OCTOBER, money(1, 4000), incomplete), A_YEAR_AGO]
    const otherCurrencies = [{ currency: 'EUR', ...money(3, 900) }]
    expect(notesOf(compose({ compared, own: { otherCurrencies } }))).toEqual([
      'The comparison with October 2011 is provisional: 2 of its days are missing or incomplete.',
      'Nothing is known of November 2010, so there is no comparison with it.',
      'There are also 3 orders and 0 refunds in EUR. They are not in any number here: this report is in GBP alone.',
    ])
  })

  test('lists ISO weeks cut to the month, those without a sale too', () => {
    const weeks = tableOf(compose(), 'weeks')
    expect(weeks.rows).toEqual([
      {
        week: 'Week 44 (1 Nov – 6 Nov)',
        orders: 1,
        refundCount: 0,
        gross: 20_000,
        refunds: 0,
        net: 20_000,
        averageOrder: 20_000,
      },
      {
        week: 'Week 45 (7 Nov – 13 Nov)',
        orders: 1,
        refundCount: 1,
        gross: 10_000,
        refunds: -5000,
        net: 5000,
        averageOrder: 10_000,
      },
      ...['Week 46 (14 Nov – 20 Nov)', 'Week 47 (21 Nov – 27 Nov)', 'Week 48 (28 Nov – 30 Nov)'].map((week) => ({
        week,
        ...{ orders: 0, refundCount: 0, gross: 0, refunds: 0, net: 0, averageOrder: null },
      })),
    ])
    expect(weeks.columns.map(({ key, total }) => [key, total])).toEqual([
      ['week', undefined],
      ...['orders', 'refundCount', 'gross', 'refunds', 'net'].map((key) => [key, 'sum']),
      ['averageOrder', { value: 15_000 }],
    ])
  })

  test('keeps the weeks of a January apart from those of the December before', () => {
    const window = { from: '2021-01-01', to: '2021-02-01' }
    const weeks = slices(['2020-12-28', '2021-01-04', '2021-01-11', '2021-01-18', '2021-01-25'], {
      '2020-12-28': money(1, 100),
    })
    const { rows } = tableOf(compose({ parts: [['weeks', weeks]] }, { window }), 'weeks')
    expect((rows as Record<string, unknown>[]).map((row) => [row['week'], row['net']])).toEqual([
      ['Week 53 (1 Jan – 3 Jan)', 100],
      ['Week 1 (4 Jan – 10 Jan)', 0],
      ['Week 2 (11 Jan – 17 Jan)', 0],
      ['Week 3 (18 Jan – 24 Jan)', 0],
      ['Week 4 (25 Jan – 31 Jan)', 0],
    ])
  })

  test('orders countries by net, with their share of it', () => {
    const { rows } = tableOf(compose(), 'countries')
    expect((rows as Record<string, unknown>[]).map((row) => [row['country'], row['net'], row['share']])).toEqual([
      ['France', 20_000, 0.8],
      ['(not stated)', 5000, 0.2],
    ])
  })

  test('draws every day, empty ones as nothing and unknown ones as a gap', () => {
    const known = DAYS.map((day) => (day.key >= '2011-11-29' ? { ...day, values: null } : day))
    const { rows } = chartOf(compose({ parts: [['daily-net', known]] }), 'daily-net')
    const net = new Map(rows.map((row) => [row['day'], row['net']]))
    expect([...net.keys()]).toEqual(daysOf(META.window))
    expect([...net.values()].reduce<number>((sum, value) => sum + Number(value), 0)).toBe(25_000)
    expect(['2011-11-05', '2011-11-06', '2011-11-29'].map((day) => net.get(day))).toEqual([0, 20_000, null])
  })

  test('draws 13 months, with no value for those before the first one known', () => {
    const { rows } = chartOf(compose(), 'trend')
    expect(rows).toHaveLength(13)
    expect(rows.slice(-3)).toEqual([
      { month: 'Sept 2011', gross: null, net: null },
      { month: 'Oct 2011', gross: 4000, net: 4000 },
      { month: 'Nov 2011', gross: 30_000, net: 25_000 },
    ])
  })

  test('names the best customers and the largest refunds', () => {
    expect(tableOf(compose(), 'top-customers').rows).toEqual([
      ...[
        {
          rank: 1,
          customer: '17850',
          name: 'Ada',
          orders: 1,
          refundCount: 0,
          gross: 20_000,
          refunds: 0,
          net: 20_000,
          share: 0.8,
        },
      ],
      ...[
        {
          rank: 2,
          customer: '13047',
          name: null,
          orders: 1,
          refundCount: 1,
          gross: 10_000,
          refunds: -5000,
          net: 5000,
          share: 0.2,
        },
      ],
    ])
    const nameless = DETAILS.customers.map((customer) => ({ ...customer, name: null }))
    const columnsOf = (blocks: Block[]) => tableOf(blocks, 'top-customers').columns.map(({ key }) => key)
    expect(columnsOf(compose()).slice(0, 3)).toEqual(['rank', 'customer', 'name'])
    expect(columnsOf(compose({ own: { customers: nameless } })).slice(0, 3)).toEqual(['rank', 'customer', 'orders'])
    expect(tableOf(compose(), 'refunds').rows).toEqual([
      { paidAt: '2011-11-07T12:00:00Z', id: 'C1', customer: '13047', country: null, amount: -5000 },
    ])
    const cut = tableOf(compose({ total: money(2, 30_000, 300, -5000) }), 'refunds')
    expect(cut.note).toMatch(/^The 20 largest of 300\. /)
  })

  test('checks that every breakdown adds up to the total, and that the payments do', () => {
    const checks = blockOf(compose(), 'checks')
    expect(
      checks.kind === 'checks' && checks.checks.map(({ label, left, right, holds }) => [label, left, right, holds]),
    ).toEqual([
      ['Gross revenue + refunds = net revenue', 25_000, 25_000, true],
      ['Net of all weeks = net revenue', 25_000, 25_000, true],
      ['Net of all days = net revenue', 25_000, 25_000, true],
      ['Net of all countries = net revenue', 25_000, 25_000, true],
      ['Net of all customers = net revenue', 25_000, 25_000, true],
      ['Net of the payments, one by one = net revenue', 25_000, 25_000, true],
      ['Orders among the payments = orders', 2, 2, true],
      ['Refunds among the payments = refunds paid', 1, 1, true],
    ])
  })

  test('a breakdown that does not add up is a check that does not hold', () => {
    const checks = blockOf(
      compose({ parts: [['daily-net', DAYS.filter(({ key }) => key !== '2011-11-06')]], own: { facts: null } }),
      'checks',
    )
    const broken = checks.kind === 'checks' ? checks.checks.filter((check) => !check.holds) : []
    expect(broken).toEqual([
      { type: 'money', label: 'Net of all days = net revenue', left: 5000, right: 25_000, holds: false },
    ])
  })

  test('an empty month says so and is no error', () => {
    const parts = PARTS.map(([id]): [string, Slice[]] => [id, []])
    const own = { customers: [], refunds: [], customersTotal: NO_MONEY, facts: NO_MONEY }
    const blocks = compose({ total: NO_MONEY, parts, own })
    expect(notesOf(blocks)[0]).toBe('There were no orders and no refunds in GBP in November 2011.')
    expect(blocks.filter(({ kind }) => kind === 'table' || kind === 'chart')).toEqual([])
    expect(notesOf(compose({ total: null, parts, own: { ...own, facts: null } }, { dataAsOf: null }))[0]).toBe(
      'Nothing of November 2011 has been rolled up yet, so there is nothing to report.',
    )
  })

  test('reads its trend, the month and the year before', () => {
    expect(monthlyRevenue.reads({ from: '2011-11-01', to: '2011-12-01' })).toEqual({
      from: '2010-11-01',
      to: '2011-12-01',
    })
    expect(monthlyRevenue.reads({ from: '2011-01-01', to: '2012-01-01' })).toEqual({
      from: '2010-01-01',
      to: '2012-01-01',
    })
  })
})
