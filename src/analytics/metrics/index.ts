/** The face of metrics: what other folders may use of it. */
export { addUpPeriods } from './add-up-periods.ts'
export { METRICS, type MetricKey } from './catalogue/index.ts'
export type { Metric, MetricType, SpanWeights, Thresholds, Weights } from './catalogue/metric.ts'
export {
  AGENT_COMPONENTS,
  type AgentComponent,
  COMPONENTS,
  type Component,
  type ComponentSums,
  componentsOf,
  type MoneySums,
  NO_MONEY,
  NO_SUMS,
  type Sums,
} from './components.ts'
export { type CustomerRevenue, customersTotal, topCustomers } from './customer-revenue.ts'
export { DIMENSIONS, type Dimension } from './dimensions.ts'
export { firstFactDays } from './first-fact-days.ts'
export { gapDays } from './gap-days.ts'
export { type Histogram, MEASURES, type Measure, mergeHistograms, percentileOf } from './histogram.ts'
export { type Interval, npsInterval, wilsonInterval } from './intervals.ts'
export { dimensionsOf } from './kept-dimensions.ts'
export { lateDays } from './late-days.ts'
export { metricsMarkdown } from './metrics-markdown.ts'
export { largestRefunds, type Refund, revenueOfPayments } from './payment-facts.ts'
export { refreshSummaries } from './refresh-summaries.ts'
export {
  NO_CHANGE,
  type Retention,
  type RetentionChange,
  retentionChangeOfDay,
  retentionChanges,
  retentionOf,
} from './retention.ts'
export { revenueByCurrency } from './revenue-by-currency.ts'
export { type RolledDay, rollUpDay } from './roll-up-day.ts'
export { clientThresholds, limitsOf } from './thresholds.ts'
export { type Beside, isSum, type Level, levelOf, valueOf, weigh } from './value-of.ts'
