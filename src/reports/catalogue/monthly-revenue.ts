import type { MetricKey } from '../../analytics/metrics/index.ts'
import type { Row } from '../document.ts'
import type { MetricColumns } from '../parts/measured.ts'
import { metricsReport } from '../parts/metrics-report.ts'
import { paymentDetails } from './payment-details.ts'
import { customersTable, MONEY_COLUMNS, refundsTable } from './payment-tables.ts'

const FIGURES = ['gross', 'refunds', 'net', 'orders', 'averageOrder'] as const satisfies MetricKey[]
const WEEK_COLUMNS = { ...MONEY_COLUMNS, averageOrder: { metric: 'averageOrder' } } as const satisfies MetricColumns

export const monthlyRevenue = metricsReport({
  name: 'monthly-revenue',
  title: 'Monthly revenue',
  summary: 'Gross, refunds, net, orders and average order, by week and country, against the month and the year before.',
  // Customers, refunds and payments one by one are those of the client as a whole.
  filters: [],
  compare: ['previous', 'last-year'],
  nothing: {
    counts: ['orders', 'refundCount'],
    called: ({ currency }) => `no orders and no refunds in ${currency}`,
  },
  figures: { kind: 'figures', id: 'summary', title: 'Summary', metrics: FIGURES, intervals: [] },
  critical: [],
  body: [
    {
      kind: 'trend',
      id: 'daily-net',
      title: 'Net revenue by day',
      shape: 'bar',
      metrics: ['net'],
      granularity: 'day',
      reach: 'period',
      description: (rows) => `Net revenue of each day of the period.${highestOf(rows, 'day')}`,
    },
    {
      kind: 'breakdown',
      id: 'weeks',
      title: 'By week',
      by: 'week',
      key: 'week',
      columns: WEEK_COLUMNS,
      largest: null,
      share: null,
      chart: null,
      empty: 'No weeks.',
      note: 'ISO weeks, Monday to Sunday; the first and the last are cut to the period.',
    },
    {
      kind: 'breakdown',
      id: 'countries',
      title: 'By country',
      by: 'location',
      key: 'country',
      columns: MONEY_COLUMNS,
      largest: 'net',
      share: { metric: 'net', label: 'Share of net' },
      chart: null,
      empty: 'No countries.',
      note: null,
    },
    {
      kind: 'trend',
      id: 'trend',
      title: 'Revenue of 13 months',
      shape: 'line',
      metrics: ['gross', 'net'],
      granularity: 'month',
      reach: { months: 13 },
      description: (rows) => `Gross and net revenue by month, up to the end of the period.${highestOf(rows, 'month')}`,
    },
    { kind: 'own', blocks: ({ whole, own }) => [customersTable(own, whole), refundsTable(own, whole)] },
  ],
  sums: {
    equations: [{ parts: ['gross', 'refunds'], whole: 'net' }],
    addUp: [
      {
        metric: 'net',
        as: 'Net',
        over: [
          { id: 'weeks', called: 'weeks' },
          { id: 'daily-net', called: 'days' },
          { id: 'countries', called: 'countries' },
        ],
      },
    ],
  },
  defined: [...FIGURES, 'refundCount'],
  own: paymentDetails,
})

/** " Net revenue is highest at …", for those who cannot see the picture. */
function highestOf(rows: readonly Row[], category: string): string {
  const known = rows.filter((row) => row['net'] !== null)
  const highest = known.reduce<Row | null>(
    (best, row) => (best === null || Number(row['net']) > Number(best['net']) ? row : best),
    null,
  )
  return highest === null ? '' : ` Net revenue is highest at ${highest[category]}.`
}
