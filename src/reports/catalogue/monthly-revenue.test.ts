import { describe, expect, test } from 'vitest'
import { type MoneySums, NO_MONEY } from '../../analytics/metrics/index.ts'
import { daysOf } from '../../time.ts'
import type { Block, Chart, DocumentMeta, Table } from '../document.ts'
import { monthlyRevenue } from './monthly-revenue.ts'
import type { MonthlyRevenueData } from './monthly-revenue-data.ts'

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

/** Two sales and a refund in November; 40.00 in October; nothing known of the year before. */
const DATA: MonthlyRevenueData = {
  total: money(2, 30_000, 1, -5000),
  otherCurrencies: [],
  previous: { window: { from: '2011-10-01', to: '2011-11-01' }, sums: money(1, 4000), provisionalDays: 0 },
  lastYear: { window: { from: '2010-11-01', to: '2010-12-01' }, sums: null, provisionalDays: 30 },
  days: [
    { key: '2011-11-06', ...money(1, 20_000) },
    { key: '2011-11-07', ...money(1, 10_000, 1, -5000) },
  ],
  weeks: [
    { key: '2011-W44', ...money(1, 20_000) },
    { key: '2011-W45', ...money(1, 10_000, 1, -5000) },
  ],
  countries: [
    { key: '', ...money(1, 10_000, 1, -5000) },
    { key: 'France', ...money(1, 20_000) },
  ],
  months: [
    { key: '2011-10', ...money(1, 4000) },
    { key: '2011-11', ...money(2, 30_000, 1, -5000) },
  ],
  trend: { from: '2010-11-01', to: '2011-12-01' },
  customers: [
    { customerId: '17850', name: 'Ada', ...money(1, 20_000) },
    { customerId: '13047', name: null, ...money(1, 10_000, 1, -5000) },
  ],
  customersTotal: money(2, 30_000, 1, -5000),
  refunds: [{ id: 'C1', paidAt: '2011-11-07T12:00:00Z', customerId: '13047', country: null, amountMinor: -5000 }],
  facts: money(2, 30_000, 1, -5000),
}

function compose(data: Partial<MonthlyRevenueData> = {}, meta: Partial<DocumentMeta> = {}): Block[] {
  return monthlyRevenue.compose({ ...DATA, ...data }, { ...META, ...meta })
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
    const previous = { ...DATA.previous, provisionalDays: 2 }
    expect(notesOf(compose({ previous, otherCurrencies: [{ key: 'EUR', ...money(3, 900) }] }))).toEqual([
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
    const { rows } = tableOf(compose({ weeks: [{ key: '2020-W53', ...money(1, 100) }] }, { window }), 'weeks')
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
    const { rows } = chartOf(compose({}, { provisionalDays: ['2011-11-29', '2011-11-30'] }), 'daily-net')
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
    const nameless = DATA.customers.map((customer) => ({ ...customer, name: null }))
    const columnsOf = (blocks: Block[]) => tableOf(blocks, 'top-customers').columns.map(({ key }) => key)
    expect(columnsOf(compose()).slice(0, 3)).toEqual(['rank', 'customer', 'name'])
    expect(columnsOf(compose({ customers: nameless })).slice(0, 3)).toEqual(['rank', 'customer', 'orders'])
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
    const checks = blockOf(compose({ days: DATA.days.slice(1), facts: null }), 'checks')
    const broken = checks.kind === 'checks' ? checks.checks.filter((check) => !check.holds) : []
    expect(broken).toEqual([
      { type: 'money', label: 'Net of all days = net revenue', left: 5000, right: 25_000, holds: false },
    ])
  })

  test('an empty month says so and is no error', () => {
    const empty = { total: NO_MONEY, days: [], weeks: [], countries: [], customers: [], refunds: [] }
    const blocks = compose({ ...empty, customersTotal: NO_MONEY, facts: NO_MONEY })
    expect(notesOf(blocks)[0]).toBe('There were no orders and no refunds in GBP in November 2011.')
    expect(blocks.filter(({ kind }) => kind === 'table' || kind === 'chart')).toEqual([])
    expect(notesOf(compose({ ...empty, facts: null }, { dataAsOf: null }))[0]).toBe(
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
