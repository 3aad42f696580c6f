/** The face of metrics: what other folders may use of it. */
export { levelOf, METRICS, type Metric, type MetricKey, valueOf } from './catalogue.ts'
export { type MoneySums, NO_MONEY, NO_SUMS, type Sums } from './components.ts'
export { type ClientDay, dirtyDays, gapDays } from './dirty-days.ts'
export { firstFactDays } from './first-fact-days.ts'
export { type Interval, npsInterval, wilsonInterval } from './intervals.ts'
export { metricsMarkdown } from './metrics-markdown.ts'
export { largestRefunds, type Refund, revenueOfPayments } from './payment-facts.ts'
export {
  type CustomerRevenue,
  contactsBy,
  contactsTotal,
  customersTotal,
  type Group,
  revenueBy,
  revenueByCurrency,
  topCustomers,
} from './questions.ts'
export { type RolledDay, rollUpDay } from './roll-up-day.ts'
export { type Freshness, windowFreshness } from './window-freshness.ts'
