import { METRICS, type MetricKey, type MoneySums, valueOf } from '../../analytics/metrics/index.ts'
import type { MetricsAnswer } from '../../analytics/questions/index.ts'
import type { Row, Table } from '../document.ts'
import { columnsOf, type MetricColumns, shareOf, totalOf, valueIn } from '../parts/measured.ts'
import { LARGEST_REFUNDS, type PaymentDetails, TOP_CUSTOMERS } from './payment-details.ts'

/** What every table of money shows. */
export const MONEY_COLUMNS = {
  orders: { metric: 'orders' },
  refundCount: { metric: 'refundCount' },
  gross: { metric: 'gross' },
  refunds: { metric: 'refunds' },
  net: { metric: 'net' },
} as const satisfies MetricColumns

export function customersTable({ customers }: PaymentDetails, whole: MetricsAnswer): Table {
  const hasNames = customers.some(({ name }) => name !== null)
  const net = valueIn(totalOf(whole), 'net')
  return {
    kind: 'table',
    id: 'top-customers',
    title: `Top ${TOP_CUSTOMERS} customers`,
    columns: [
      { key: 'rank', label: 'Rank', type: 'integer' },
      { key: 'customer', label: 'Customer', type: 'text' },
      ...(hasNames ? [{ key: 'name', label: 'Name', type: 'text' } as const] : []),
      ...columnsOf(MONEY_COLUMNS, whole).map(({ total: _, ...column }) => column),
      { key: 'share', label: 'Share of net', type: 'percent' },
    ],
    rows: customers.map(({ customerId, name, ...sums }, index) => ({
      rank: index + 1,
      customer: customerId,
      ...(hasNames ? { name } : {}),
      ...moneyOf(sums),
      share: shareOf(valueOf(METRICS.net, sums), net),
    })),
    empty: 'No payment of the period names its customer.',
    note: 'By net revenue. Payments that name no customer are in the totals of this report, not in this table.',
  }
}

function moneyOf(sums: MoneySums): Row {
  const columns = Object.entries(MONEY_COLUMNS) as [string, { metric: MetricKey }][]
  return Object.fromEntries(columns.map(([key, { metric }]) => [key, valueOf(METRICS[metric], sums)]))
}

export function refundsTable({ refunds, facts }: PaymentDetails, whole: MetricsAnswer): Table {
  const count = valueIn(totalOf(whole), 'refundCount') ?? 0
  const shown = refunds.length < count ? `The ${LARGEST_REFUNDS} largest of ${count}. ` : ''
  return {
    kind: 'table',
    id: 'refunds',
    title: 'Largest refunds',
    columns: [
      { key: 'paidAt', label: 'Paid at', type: 'datetime' },
      { key: 'id', label: 'Refund', type: 'text' },
      { key: 'customer', label: 'Customer', type: 'text' },
      { key: 'country', label: 'Country', type: 'text' },
      { key: 'amount', label: 'Amount', type: 'money' },
    ],
    rows: refunds.map(({ id, paidAt, customerId, country, amountMinor }) => ({
      paidAt,
      id,
      customer: customerId,
      country,
      amount: amountMinor,
    })),
    empty: facts === null ? 'The payments of this period are no longer kept one by one.' : 'No refunds.',
    note: `${shown}A refund counts in the month it was paid back, whenever its order was.`,
  }
}
