import {
  type CustomerRevenue,
  customersTotal,
  type Group,
  largestRefunds,
  type MoneySums,
  NO_MONEY,
  type Refund,
  revenueBy,
  revenueByCurrency,
  revenueOfPayments,
  topCustomers,
  windowFreshness,
} from '../../analytics/metrics/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type DayWindow, previousWindow, windowLastYear } from '../../time.ts'
import type { ReportClient, ReportParams } from '../report.ts'
import type { Earlier } from './metric-blocks.ts'

export const TOP_CUSTOMERS = 20
export const LARGEST_REFUNDS = 20
const TREND_MONTHS = 13

export type MonthlyRevenueData = {
  /** Asked for without grouping; every breakdown must add up to it. */
  total: MoneySums
  otherCurrencies: Group<MoneySums>[]
  previous: Earlier<MoneySums>
  lastYear: Earlier<MoneySums>
  days: Group<MoneySums>[]
  weeks: Group<MoneySums>[]
  countries: Group<MoneySums>[]
  /** Months of the trend, the window's last one included; those without a row are not there. */
  months: Group<MoneySums>[]
  trend: DayWindow
  customers: CustomerRevenue[]
  customersTotal: MoneySums
  refunds: Refund[]
  /** Added up from the payments themselves; null when they are no longer kept. */
  facts: MoneySums | null
}

/** The months of the trend chart: those before the window's last month, and that one as far as the window goes. */
export function trendWindow(window: DayWindow): DayWindow {
  const lastMonth = Temporal.PlainDate.from(addDays(window.to, -1)).with({ day: 1 })
  return { from: lastMonth.subtract({ months: TREND_MONTHS - 1 }).toString(), to: window.to }
}

export async function loadMonthlyRevenue(
  db: ClientDatabase,
  { client, window, signal }: ReportParams,
): Promise<MonthlyRevenueData> {
  const ask = { clientId: client.id, timeZone: client.timeZone, currency: client.currency, window }
  const trend = trendWindow(window)
  const currencies = await revenueByCurrency(db, ask)
  const data = {
    total: currencies.find(({ key }) => key === client.currency) ?? NO_MONEY,
    otherCurrencies: currencies.filter(({ key }) => key !== client.currency),
    previous: await loadEarlier(db, client, previousWindow(window)),
    lastYear: await loadEarlier(db, client, windowLastYear(window)),
    days: await revenueBy(db, ask, 'day'),
    weeks: await revenueBy(db, ask, 'week'),
    countries: await revenueBy(db, ask, 'country'),
    months: await revenueBy(db, { ...ask, window: trend }, 'month'),
    trend,
  }
  signal.throwIfAborted()
  return {
    ...data,
    customers: await topCustomers(db, { ...ask, limit: TOP_CUSTOMERS }),
    customersTotal: await customersTotal(db, ask),
    refunds: await largestRefunds(db, { ...ask, limit: LARGEST_REFUNDS }),
    facts: await revenueOfPayments(db, ask),
  }
}

async function loadEarlier(db: ClientDatabase, client: ReportClient, window: DayWindow): Promise<Earlier<MoneySums>> {
  const { dataAsOf, provisionalDays } = await windowFreshness(db, client.id, window)
  const currencies = await revenueByCurrency(db, { clientId: client.id, window })
  const sums = currencies.find(({ key }) => key === client.currency) ?? NO_MONEY
  return { window, sums: dataAsOf === null ? null : sums, provisionalDays: provisionalDays.length }
}
