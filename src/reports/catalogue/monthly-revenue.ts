import { METRICS, type MetricKey, type MoneySums, NO_MONEY, valueOf } from '../../analytics/metrics/index.ts'
import { type DayWindow, daysOf, previousWindow, windowLastYear } from '../../time.ts'
import type { Block, Chart, Check, DocumentMeta, Row, Table, Value } from '../document.ts'
import { shortDay, windowLabel } from '../period.ts'
import { defineReport } from '../report.ts'
import {
  addUp,
  type Compared,
  checkOf,
  columnsOf,
  comparisonNote,
  definitionsOf,
  figureOf,
  type MetricColumns,
  valuesOf,
} from './metric-blocks.ts'
import {
  LARGEST_REFUNDS,
  loadMonthlyRevenue,
  type MonthlyRevenueData,
  TOP_CUSTOMERS,
  trendWindow,
} from './monthly-revenue-data.ts'

const FIGURES = ['gross', 'refunds', 'net', 'orders', 'averageOrder'] as const satisfies MetricKey[]
const MONEY = { type: 'money' } as const

/** What every breakdown shows of its groups. */
const COLUMNS = {
  orders: { metric: 'orders' },
  refundCount: { metric: 'refundCount' },
  gross: { metric: 'gross' },
  refunds: { metric: 'refunds' },
  net: { metric: 'net' },
} as const satisfies MetricColumns
const AVERAGE = { averageOrder: { metric: 'averageOrder' } } as const satisfies MetricColumns

export const monthlyRevenue = defineReport<MonthlyRevenueData>({
  name: 'monthly-revenue',
  title: 'Monthly revenue',
  summary: 'Gross, refunds, net, orders and average order, by week and country, against the month and the year before.',
  reads: (window) => ({
    from: [trendWindow(window), previousWindow(window), windowLastYear(window)]
      .map(({ from }) => from)
      .sort()[0] as string,
    to: window.to,
  }),
  load: loadMonthlyRevenue,
  compose(data, meta) {
    const isEmpty = data.total.orders === 0 && data.total.refunds === 0
    return [
      summary(data, meta),
      ...notes(data, meta),
      ...(isEmpty ? [] : breakdowns(data, meta)),
      { kind: 'checks', id: 'checks', title: 'Checks', checks: checks(data) },
      ...definitionsOf([...FIGURES, 'refundCount']),
    ]
  },
})

function summary(data: MonthlyRevenueData, { locale }: DocumentMeta): Block {
  const compared: Compared[] = [data.previous, data.lastYear].map(({ window, sums }) => ({
    label: windowLabel(window, locale),
    sums,
  }))
  const figures = FIGURES.map((name) => figureOf(METRICS[name], data.total, compared))
  return { kind: 'figures', id: 'summary', title: 'Summary', figures }
}

function notes(data: MonthlyRevenueData, meta: DocumentMeta): Block[] {
  const texts = [
    ...emptyNote(data, meta),
    ...[data.previous, data.lastYear].flatMap((earlier) => comparisonNote(earlier, meta.locale)),
    ...data.otherCurrencies.map(
      ({ key, orders, refunds }) =>
        `There are also ${orders} orders and ${refunds} refunds in ${key}. They are not in any number here: this report is in ${meta.currency} alone.`,
    ),
  ]
  return texts.map((text) => ({ kind: 'note', tone: 'info', text }))
}

function emptyNote({ total }: MonthlyRevenueData, { dataAsOf, windowLabel, currency }: DocumentMeta): string[] {
  if (total.orders > 0 || total.refunds > 0) return []
  if (dataAsOf === null) return [`Nothing of ${windowLabel} has been rolled up yet, so there is nothing to report.`]
  return [`There were no orders and no refunds in ${currency} in ${windowLabel}.`]
}

function breakdowns(data: MonthlyRevenueData, meta: DocumentMeta): Block[] {
  return [
    dailyChart(data, meta),
    weeksTable(data, meta),
    countriesTable(data),
    trendChart(data, meta),
    customersTable(data),
    refundsTable(data),
  ]
}

function dailyChart({ days }: MonthlyRevenueData, { window, provisionalDays }: DocumentMeta): Chart {
  const sums = new Map(days.map((group) => [group.key, group]))
  const unknown = new Set(provisionalDays)
  const rows = daysOf(window).map((day) => {
    const group = sums.get(day) ?? (unknown.has(day) ? null : NO_MONEY)
    return { day, net: group === null ? null : valueOf(METRICS.net, group) }
  })
  return {
    kind: 'chart',
    id: 'daily-net',
    title: 'Net revenue by day',
    shape: 'bar',
    category: { key: 'day', label: 'Day', type: 'date' },
    series: [{ key: 'net', label: METRICS.net.label, type: 'money' }],
    rows,
    description: `Net revenue of each day of the period.${highestOf(rows, 'day')}`,
  }
}

function weeksTable({ total, weeks }: MonthlyRevenueData, { window, locale }: DocumentMeta): Table {
  const columns = { ...COLUMNS, ...AVERAGE }
  const sums = new Map(weeks.map((group) => [group.key, group]))
  return {
    kind: 'table',
    id: 'weeks',
    title: 'By week',
    columns: [{ key: 'week', label: 'Week', type: 'text' }, ...columnsOf(columns, total)],
    rows: weeksOf(window).map(({ key, number, from, last }) => ({
      week: `Week ${number} (${from === last ? shortDay(from, locale) : `${shortDay(from, locale)} – ${shortDay(last, locale)}`})`,
      ...valuesOf(columns, sums.get(key) ?? NO_MONEY),
    })),
    empty: 'No weeks.',
    note: 'ISO weeks, Monday to Sunday; the first and the last are cut to the period.',
  }
}

type Week = { key: string; number: number; from: string; last: string }

/** The ISO weeks that a window touches, cut to it. */
function weeksOf(window: DayWindow): Week[] {
  const weeks = new Map<string, Week>()
  for (const day of daysOf(window)) {
    const { weekOfYear = 0, yearOfWeek = 0 } = Temporal.PlainDate.from(day)
    const key = `${yearOfWeek}-W${String(weekOfYear).padStart(2, '0')}`
    weeks.set(key, { key, number: weekOfYear, from: weeks.get(key)?.from ?? day, last: day })
  }
  return [...weeks.values()]
}

function countriesTable({ total, countries }: MonthlyRevenueData): Table {
  const net = valueOf(METRICS.net, total)
  const rows: Row[] = countries.map(({ key, ...sums }) => ({
    country: key === '' ? '(not stated)' : key,
    ...valuesOf(COLUMNS, sums),
    share: shareOf(sums, net),
  }))
  return {
    kind: 'table',
    id: 'countries',
    title: 'By country',
    columns: [
      { key: 'country', label: 'Country', type: 'text' },
      ...columnsOf(COLUMNS, total),
      { key: 'share', label: 'Share of net', type: 'percent', total: { value: net === 0 ? null : 1 } },
    ],
    rows: rows.sort((a, b) => Number(b['net']) - Number(a['net'])),
    empty: 'No countries.',
  }
}

function shareOf(sums: MoneySums, net: number | null): Value {
  const part = valueOf(METRICS.net, sums)
  return part === null || net === null || net === 0 ? null : part / net
}

function trendChart({ months, trend }: MonthlyRevenueData, { locale }: DocumentMeta): Chart {
  const sums = new Map(months.map((group) => [group.key, group]))
  const firstKnown = months[0]?.key ?? ''
  const keys = [...new Set(daysOf(trend).map((day) => day.slice(0, 7)))]
  const rows = keys.map((key) => {
    const group = sums.get(key) ?? (key < firstKnown ? null : NO_MONEY)
    return {
      month: monthLabel(key, locale),
      gross: group === null ? null : valueOf(METRICS.gross, group),
      net: group === null ? null : valueOf(METRICS.net, group),
    }
  })
  return {
    kind: 'chart',
    id: 'trend',
    title: `Revenue of ${keys.length} months`,
    shape: 'line',
    category: { key: 'month', label: 'Month', type: 'text' },
    series: [
      { key: 'gross', label: METRICS.gross.label, type: 'money' },
      { key: 'net', label: METRICS.net.label, type: 'money' },
    ],
    rows,
    description: `Gross and net revenue by month, up to the end of the period.${highestOf(rows, 'month')}`,
  }
}

/** " The highest net stands at …", for those who cannot see the picture. */
function highestOf(rows: Row[], category: string): string {
  const known = rows.filter((row) => row['net'] !== null)
  const highest = known.reduce<Row | null>(
    (best, row) => (best === null || Number(row['net']) > Number(best['net']) ? row : best),
    null,
  )
  return highest === null ? '' : ` Net revenue is highest at ${highest[category]}.`
}

function monthLabel(key: string, locale: string): string {
  const first = `${key}-01`
  const format = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', timeZone: 'UTC' })
  return format.format(Temporal.PlainDate.from(first).toZonedDateTime('UTC').epochMilliseconds)
}

function customersTable({ total, customers }: MonthlyRevenueData): Table {
  const hasNames = customers.some(({ name }) => name !== null)
  const net = valueOf(METRICS.net, total)
  return {
    kind: 'table',
    id: 'top-customers',
    title: `Top ${TOP_CUSTOMERS} customers`,
    columns: [
      { key: 'rank', label: 'Rank', type: 'integer' },
      { key: 'customer', label: 'Customer', type: 'text' },
      ...(hasNames ? [{ key: 'name', label: 'Name', type: 'text' } as const] : []),
      ...columnsOf(COLUMNS, total).map(({ total: _, ...column }) => column),
      { key: 'share', label: 'Share of net', type: 'percent' },
    ],
    rows: customers.map(({ customerId, name, ...sums }, index) => ({
      rank: index + 1,
      customer: customerId,
      ...(hasNames ? { name } : {}),
      ...valuesOf(COLUMNS, sums),
      share: shareOf(sums, net),
    })),
    empty: 'No payment of the period names its customer.',
    note: 'By net revenue. Payments that name no customer are in the totals of this report, not in this table.',
  }
}

function refundsTable({ total, refunds, facts }: MonthlyRevenueData): Table {
  const shown = refunds.length < total.refunds ? `The ${LARGEST_REFUNDS} largest of ${total.refunds}. ` : ''
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

function checks(data: MonthlyRevenueData): Check[] {
  const { total, weeks, days, countries, facts } = data
  const net = (sums: MoneySums) => valueOf(METRICS.net, sums)
  const parts = (label: string, groups: MoneySums[]) =>
    checkOf(`Net of all ${label} = net revenue`, net(addUp(NO_MONEY, groups)), net(total), MONEY)
  return [
    checkOf('Gross revenue + refunds = net revenue', total.gross_minor + total.refunded_minor, net(total), MONEY),
    parts('weeks', weeks),
    parts('days', days),
    parts('countries', countries),
    parts('customers', [data.customersTotal]),
    ...(facts === null
      ? []
      : [
          checkOf('Net of the payments, one by one = net revenue', net(facts), net(total), MONEY),
          checkOf('Orders among the payments = orders', facts.orders, total.orders, { type: 'integer' }),
          checkOf('Refunds among the payments = refunds paid', facts.refunds, total.refunds, { type: 'integer' }),
        ]),
  ]
}
