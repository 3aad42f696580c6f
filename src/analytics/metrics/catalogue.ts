import type { Component, Sums } from './components.ts'

/** What a metric's value is: a count, a number with digits, a share (0.5 is 50 %), minor units of the client's currency, seconds. */
export type MetricType = 'integer' | 'decimal' | 'percent' | 'money' | 'duration'

/** Components times their weights, added up. */
export type Weights = Partial<Record<Component, number>>

/** A named number. Its value is always made of summed components, never of other values. */
export type Metric = {
  name: string
  label: string
  type: MetricType
  /** After the point, for decimals. */
  digits?: number
  numerator: Weights
  /** null: a plain sum. */
  denominator: Weights | null
  /** Which way is better; null: neither. */
  direction: 'up' | 'down' | null
  /** At the target is met; beyond `warning` and `critical` on the bad side it is a warning or critical. */
  target: number | null
  warning: number | null
  critical: number | null
  /** In words, for people. */
  formula: string
  /** What counts at the edges. */
  note: string
  /** Where the definition or its thresholds come from. */
  source: string
}

const NO_LIMITS = { direction: null, target: null, warning: null, critical: null } as const

/** Definitions and targets that are this product's choice, after the custom of the trade. */
const OURS = 'Daybreak'
const COUNT = { type: 'integer', denominator: null, ...NO_LIMITS, source: OURS } as const
const MONEY = { type: 'money', denominator: null, ...NO_LIMITS, source: OURS } as const

function declare<Names extends string>(metrics: Record<Names, Metric>): Record<Names, Metric> {
  return metrics
}

/** Every metric there is. A new one is declared here and nowhere else. */
export const METRICS = declare({
  offered: {
    ...COUNT,
    name: 'offered',
    label: 'Offered',
    numerator: { offered: 1 },
    formula: 'answered + abandoned + missed',
    note: 'Every contact that came in, except short abandons.',
  },
  answered: {
    ...COUNT,
    name: 'answered',
    label: 'Answered',
    numerator: { answered: 1 },
    formula: 'contacts that an agent took',
    note: 'Persons and assistants alike. Handled is another word for it.',
  },
  abandoned: {
    ...COUNT,
    name: 'abandoned',
    label: 'Abandoned',
    numerator: { abandoned: 1 },
    formula: 'contacts whose customer gave up waiting',
    note: 'Short abandons are left out and counted apart.',
  },
  missed: {
    ...COUNT,
    name: 'missed',
    label: 'Missed',
    numerator: { missed: 1 },
    formula: 'contacts that nobody took and that the customer did not give up',
    note: 'Rang out at an agent, or came outside opening hours. They are offered contacts, but no abandoned ones.',
  },
  shortAbandons: {
    ...COUNT,
    name: 'short-abandons',
    label: 'Short abandons',
    numerator: { short_abandoned: 1 },
    formula: 'abandoned before the client’s threshold (5 s unless set otherwise)',
    note: 'Wrong numbers and second thoughts: in neither offered nor abandoned.',
  },
  abandonment: {
    name: 'abandonment',
    label: 'Abandonment',
    type: 'percent',
    numerator: { abandoned: 1 },
    denominator: { offered: 1 },
    direction: 'down',
    target: 0.05,
    warning: 0.05,
    critical: 0.1,
    formula: 'abandoned / offered',
    note: 'Short abandons are left out of both.',
    source: OURS,
  },
  serviceLevel: {
    name: 'service-level',
    label: 'Service level',
    type: 'percent',
    numerator: { answered_in_threshold: 1 },
    denominator: { offered: 1 },
    direction: 'up',
    target: 0.8,
    warning: 0.8,
    critical: 0.7,
    formula: 'answered within the client’s threshold (20 s unless set otherwise) / offered',
    note: 'Exactly at the threshold is within it. Abandoned and missed contacts count against it; short abandons do not.',
    source: OURS,
  },
  speedOfAnswer: {
    name: 'speed-of-answer',
    label: 'Speed of answer (ASA)',
    type: 'duration',
    numerator: { wait_answered_s: 1 },
    denominator: { answered: 1 },
    ...NO_LIMITS,
    direction: 'down',
    formula: 'wait of answered contacts / answered',
    note: 'The wait of those who gave up is not in it.',
    source: OURS,
  },
  handleTime: {
    name: 'handle-time',
    label: 'Handle time (AHT)',
    type: 'duration',
    numerator: { talk_s: 1, hold_s: 1, wrap_s: 1 },
    denominator: { answered: 1 },
    direction: 'down',
    target: 300,
    warning: 300,
    critical: 600,
    formula: '(talk + hold + wrap) / answered',
    note: 'No value when nothing was answered.',
    source: OURS,
  },
  firstContactResolution: {
    name: 'first-contact-resolution',
    label: 'First contact resolution (FCR)',
    type: 'percent',
    numerator: { resolved_first: 1 },
    denominator: { answered: 1 },
    direction: 'up',
    target: 0.85,
    warning: 0.85,
    critical: 0.75,
    formula: 'answered, resolved and not repeated within 7 days / answered',
    note:
      'Repeated: the same customer came back on the same topic, on any channel and whatever became of it, within 168 hours. ' +
      'A contact of an unknown customer counts as not repeated. Provisional until the 7 days have passed.',
    source: OURS,
  },
  csatAnswers: {
    ...COUNT,
    name: 'csat-answers',
    label: 'CSAT answers',
    numerator: { csat_count: 1 },
    formula: 'surveys with a rating of 1 to 5',
    note: 'Counted in the hour of the answer, not in that of the contact.',
  },
  csat: {
    name: 'csat',
    label: 'CSAT (4–5 of 5)',
    type: 'percent',
    numerator: { csat_satisfied: 1 },
    denominator: { csat_count: 1 },
    ...NO_LIMITS,
    direction: 'up',
    formula: 'ratings of 4 or 5 / ratings',
    note: 'Shown with the number of answers and its 95 % Wilson interval.',
    source: `${OURS}; interval: E. B. Wilson, JASA 22 (1927)`,
  },
  csatMean: {
    name: 'csat-mean',
    label: 'CSAT mean (1–5)',
    type: 'decimal',
    digits: 2,
    numerator: { csat_sum: 1 },
    denominator: { csat_count: 1 },
    direction: 'up',
    target: 4.5,
    warning: 4.5,
    critical: 4,
    formula: 'sum of ratings / ratings',
    note: 'The mean of all answers, not of the means of agents or days.',
    source: OURS,
  },
  npsAnswers: {
    ...COUNT,
    name: 'nps-answers',
    label: 'NPS answers',
    numerator: { nps_count: 1 },
    formula: 'surveys with an answer of 0 to 10',
    note: 'Counted in the hour of the answer, not in that of the contact.',
  },
  nps: {
    name: 'nps',
    label: 'NPS',
    type: 'decimal',
    digits: 0,
    numerator: { nps_promoters: 100, nps_detractors: -100 },
    denominator: { nps_count: 1 },
    direction: 'up',
    target: 50,
    warning: 50,
    critical: 0,
    formula: '100 × (answers of 9–10 − answers of 0–6) / answers',
    note: 'From −100 to 100. Shown with the number of answers and its 95 % adjusted Wald interval.',
    source: `${OURS}; interval: J. Sauro and J. R. Lewis, Quantifying the User Experience (2016), from Bonett and Price (2012)`,
  },
  orders: {
    ...COUNT,
    name: 'orders',
    label: 'Orders',
    numerator: { orders: 1 },
    formula: 'charges above zero',
    note: 'A charge of nothing moves no money and is no order.',
  },
  refundCount: {
    ...COUNT,
    name: 'refund-count',
    label: 'Refunds paid',
    numerator: { refunds: 1 },
    formula: 'refunds of more than nothing',
    note: 'Counted on the day of the refund, not on that of its order.',
  },
  gross: {
    ...MONEY,
    name: 'gross',
    label: 'Gross revenue',
    numerator: { gross_minor: 1 },
    formula: 'sum of charges',
    note: 'In the client’s currency; other currencies are never added to it.',
  },
  refunds: {
    ...MONEY,
    name: 'refunds',
    label: 'Refunds',
    numerator: { refunded_minor: 1 },
    formula: 'sum of refunds, zero or negative',
    note: 'Counted on the day of the refund, not on that of its order.',
  },
  net: {
    ...MONEY,
    name: 'net',
    label: 'Net revenue',
    numerator: { gross_minor: 1, refunded_minor: 1 },
    formula: 'gross revenue + refunds (which are negative)',
    note: 'Payouts and fees are costs and not in it.',
  },
  averageOrder: {
    name: 'average-order',
    label: 'Average order',
    type: 'money',
    numerator: { gross_minor: 1 },
    denominator: { orders: 1 },
    ...NO_LIMITS,
    formula: 'gross revenue / orders',
    note: 'Before refunds, rounded to the minor unit.',
    source: OURS,
  },
})

export type MetricKey = keyof typeof METRICS

/** The value of a metric over sums; null is "no value": a ratio over nothing. Money is rounded to whole minor units. */
export function valueOf(metric: Metric, sums: Partial<Sums>): number | null {
  const numerator = weigh(metric, metric.numerator, sums)
  if (metric.denominator === null) return numerator
  const denominator = weigh(metric, metric.denominator, sums)
  if (denominator === 0) return null
  return metric.type === 'money' ? Math.round(numerator / denominator) : numerator / denominator
}

function weigh(metric: Metric, weights: Weights, sums: Partial<Sums>): number {
  let total = 0
  for (const [component, weight] of Object.entries(weights) as [Component, number][]) {
    const sum = sums[component]
    if (sum === undefined) throw new TypeError(`${metric.name} needs the sum of ${component}, which was not read`)
    total += weight * sum
  }
  return total
}

export type Level = 'met' | 'warning' | 'critical'

/** How a value stands against the metric's thresholds; null when there is no value or no target. */
export function levelOf(metric: Metric, value: number | null): Level | null {
  if (value === null || metric.direction === null || metric.target === null) return null
  const sign = metric.direction === 'up' ? 1 : -1
  const isBeyond = (limit: number | null) => limit !== null && sign * value < sign * limit
  if (isBeyond(metric.critical)) return 'critical'
  return isBeyond(metric.target) ? 'warning' : 'met'
}
