import { expect, test } from 'vitest'
import { AGENT_TIME_METRICS } from './catalogue/agent-time.ts'
import { CAMPAIGN_METRICS } from './catalogue/campaigns.ts'
import { CONTACT_OUTCOME_METRICS } from './catalogue/contact-outcomes.ts'
import { CONTACT_METRICS } from './catalogue/contacts.ts'
import { EVENT_METRICS } from './catalogue/events.ts'
import { METRICS } from './catalogue/index.ts'
import { MARKETPLACE_METRICS } from './catalogue/marketplace.ts'
import type { Metric, Weights } from './catalogue/metric.ts'
import { MONEY_METRICS } from './catalogue/money.ts'
import { QUALITY_METRICS } from './catalogue/quality.ts'
import { SALES_METRICS } from './catalogue/sales.ts'
import { SATISFACTION_METRICS } from './catalogue/satisfaction.ts'
import { SUBSCRIPTION_METRICS } from './catalogue/subscriptions.ts'
import { COMPONENTS, type ComponentSums } from './components.ts'
import { MEASURES } from './histogram.ts'
import { npsInterval, wilsonInterval } from './intervals.ts'
import { NO_CHANGE, retentionChangeOfDay, retentionOf } from './retention.ts'
import { levelOf, valueOf } from './value-of.ts'

const NONE: ComponentSums = Object.fromEntries(COMPONENTS.map((name) => [name, 0]))

function sums(some: ComponentSums): ComponentSums {
  return { ...NONE, ...some }
}

function valuesOf(metrics: readonly Metric[], of: ComponentSums) {
  return Object.fromEntries(metrics.map((metric) => [metric.name, valueOf(metric, of)]))
}

/** Those that need nothing but the sums of a window. */
function ofSums(metrics: Record<string, Metric>): Metric[] {
  return Object.values(metrics).filter(({ kind }) => kind === 'sums' || kind === 'composite')
}

test('every metric of contacts over hand-made sums', () => {
  const hand = sums({
    ...{ offered: 200, answered: 160, abandoned: 30, short_abandoned: 7, missed: 10 },
    answered_in_threshold: 120,
    wait_answered_s: 3200,
    talk_s: 32_000,
    hold_s: 1600,
    wrap_s: 6400,
    resolved: 140,
    resolved_first: 128,
    repeats: 16,
    escalated: 8,
    assistant_contacts: 40,
    automated_resolved: 30,
    messages_in: 300,
    messages_out: 180,
    sentiment_count: 50,
    sentiment_milli_sum: 12_500,
    sentiment_positive: 30,
    sentiment_negative: 5,
    conversions: 4,
    conversion_minor: 9900,
    follow_ups: 6,
    quarantined: 2,
  })
  expect(valuesOf([...ofSums(CONTACT_METRICS), ...ofSums(CONTACT_OUTCOME_METRICS)], hand)).toEqual({
    offered: 200,
    answered: 160,
    abandoned: 30,
    missed: 10,
    'short-abandons': 7,
    abandonment: 0.15,
    'service-level': 0.6,
    'speed-of-answer': 20,
    'handle-time': 250,
    'talk-time': 200,
    'hold-time': 10,
    'wrap-time': 40,
    'first-contact-resolution': 0.8,
    'repeat-rate': 0.1,
    'resolution-rate': 0.875,
    'escalation-rate': 0.05,
    'assistant-contacts': 40,
    'assistant-share': 0.25,
    'automation-rate': 0.75,
    'assistant-effectiveness': 0.75,
    messages: 480,
    'messages-per-contact': 3,
    sentiment: 0.25,
    'positive-sentiment': 0.6,
    'negative-sentiment': 0.1,
    conversions: 4,
    'conversion-rate': 0.025,
    'conversion-value': 9900,
    'follow-ups': 6,
    quarantined: 2,
  })
})

test('every metric of satisfaction, quality and the time of agents over hand-made sums', () => {
  const hand = sums({
    ...{ csat_count: 40, csat_sum: 168, csat_satisfied: 34, nps_count: 50, nps_promoters: 30, nps_detractors: 5 },
    ...{ recommend_count: 20, recommend_yes: 15 },
    ...{ reviews: 4, quality_centi_sum: 36_000, professionalism_sum: 17, professionalism_count: 4, empathy_sum: 9 },
    ...{ empathy_count: 2, resolution_sum: 5, resolution_count: 1, clarity_sum: 7, clarity_count: 2 },
    ...{ responsiveness_sum: 3, responsiveness_count: 1, audio_clarity_centi_sum: 19_000, audio_clarity_count: 2 },
    ...{ noise_centi_sum: 2500, noise_count: 2, issues_critical: 1, issues_major: 2, issues_minor: 3 },
    ...{ issues_compliance: 1, issues_tone: 2, issues_procedure: 2, issues_documentation: 1, issues_resolved: 4 },
    ...{ available_s: 3600, handling_s: 14_400, break_s: 1800, training_s: 3600, paid_s: 23_400 },
    ...{ answered: 10, talk_s: 3000, hold_s: 500, wrap_s: 500 },
  })
  const metrics = [...ofSums(SATISFACTION_METRICS), ...ofSums(QUALITY_METRICS), ...ofSums(AGENT_TIME_METRICS)]
  expect(valuesOf(metrics, hand)).toEqual({
    ...{ 'csat-answers': 40, csat: 0.85, 'csat-mean': 4.2, 'nps-answers': 50, nps: 50, recommend: 0.75 },
    ...{ reviews: 4, 'quality-score': 90, professionalism: 4.25, empathy: 4.5, 'resolution-score': 5 },
    ...{ 'clarity-score': 3.5, responsiveness: 3, 'audio-clarity': 0.95, 'background-noise': 12.5 },
    ...{ 'critical-issues': 1, 'major-issues': 2, 'minor-issues': 3, 'compliance-issues': 1, 'tone-issues': 2 },
    ...{ 'procedure-issues': 2, 'documentation-issues': 1, 'issues-per-review': 1.5, 'resolved-issues': 4 },
    ...{
      'available-time': 3600,
      'handling-time': 14_400,
      'break-time': 1800,
      'training-time': 3600,
      'paid-time': 23_400,
    },
    // 14,400 of 18,000 and of 23,400; 100 × 300 s / 400 s; 0.6 × 90 + 0.4 × 75.
    ...{ occupancy: 0.8, utilisation: 14_400 / 23_400, efficiency: 75, productivity: 84 },
  })
})

test('every metric of money, subscriptions, sales, campaigns, bookings and events over hand-made sums', () => {
  const hand = sums({
    ...{ orders: 3, refunds: 1, gross_minor: 1000, refunded_minor: -250, payouts_minor: -100, fees_minor: -20 },
    ...{ cost_labour_minor: 80, cost_technology_minor: 30, cost_infrastructure_minor: 12, cost_training_minor: 8 },
    ...{ mrr_new_minor: 50, mrr_expansion_minor: 20, mrr_contraction_minor: 10, mrr_churned_minor: 30 },
    ...{ subscribers_new: 5, subscribers_churned: 2, leads: 4, leads_minor: 900, stage_changes: 6, deals_opened: 7 },
    ...{ deals_won: 3, deals_won_minor: 1000, deals_lost: 1, deals_lost_minor: 10, cycle_days_sum: 40, cycle_count: 3 },
    ...{ spend_minor: 50, impressions: 1000, clicks: 20, contacted: 10, responded: 4, touchpoints: 9 },
    ...{ requests: 8, requests_completed: 5, requests_cancelled: 2, bookings: 12, bookings_completed: 6 },
    ...{ bookings_no_show: 2, bookings_cancelled: 3, bookings_cancelled_in_time: 1, bookings_moved: 1 },
    ...{ booked_s: 3600, provider_available_s: 14_400, events: 70, customers_new: 2, answered: 6 },
  })
  const families = [MONEY_METRICS, SUBSCRIPTION_METRICS, SALES_METRICS, CAMPAIGN_METRICS, MARKETPLACE_METRICS]
  const metrics = [...families, EVENT_METRICS].flatMap((each) =>
    Object.values(each).filter(({ kind }) => kind === 'sums'),
  )
  // Net 750; costs 100 + 20 + 80 + 30 + 12 + 8 + 50 = 300; 450 are left. Of 12 bookings 10 stood.
  expect(valuesOf(metrics, hand)).toEqual({
    ...{ orders: 3, 'refund-count': 1, gross: 1000, refunds: -250, net: 750, 'average-order': 333, payouts: -100 },
    ...{ fees: -20, 'labour-costs': 80, 'technology-costs': 30, 'infrastructure-costs': 12, 'training-costs': 8 },
    ...{ costs: 300, 'gross-profit': 450, margin: 0.6, roi: 1.5, 'revenue-per-interaction': 125 },
    ...{ 'cost-per-interaction': 50, 'mrr-new': 50, 'mrr-expansion': 20, 'mrr-contraction': 10, 'mrr-churned': 30 },
    ...{ 'subscribers-new': 5, 'subscribers-lost': 2, leads: 4, 'lead-value': 900, 'stage-changes': 6 },
    ...{ 'deals-opened': 7, 'deals-won': 3, 'deals-lost': 1, 'won-value': 1000, 'win-rate': 0.75, 'average-deal': 333 },
    ...{ 'sales-cycle-mean': 40 / 3, spend: 50, impressions: 1000, clicks: 20, 'click-through-rate': 0.02 },
    ...{ contacted: 10, 'response-rate': 0.4, touchpoints: 9, 'cost-per-lead': 13, 'cost-per-acquisition': 17 },
    ...{ 'campaign-roi': 14, requests: 8, 'requests-completed': 5, 'requests-cancelled': 2, bookings: 12 },
    ...{ 'bookings-cancelled': 3, 'appointment-completion': 0.6, 'no-show': 0.2, 'provider-utilisation': 0.25 },
    ...{ events: 70, 'new-customers': 2 },
  })
})

test('to be faster than the target of handle time earns no more than 100', () => {
  const fast = sums({ answered: 10, talk_s: 1000 })
  expect(valueOf(AGENT_TIME_METRICS.efficiency, fast)).toBe(100)
})

test('a ratio over nothing has no value, nor has what is made of one; a sum of nothing is zero', () => {
  const histograms = Object.fromEntries(MEASURES.map((measure) => [measure, { buckets: [], counts: [] }]))
  const isPlain = (metric: Metric) => 'denominator' in metric && metric.denominator === null
  const valueOfNothing = (metric: Metric) =>
    valueOf(metric, NONE, { before: NONE, histograms, retention: retentionOf(NONE, NO_CHANGE) })
  const wrong = Object.values(METRICS).filter((metric) => valueOfNothing(metric) !== (isPlain(metric) ? 0 : null))
  expect(wrong).toEqual([])
  const moreGivenBack = sums({ gross_minor: 1000, refunded_minor: -3000, fees_minor: -100 })
  expect([METRICS.net, METRICS.margin, METRICS.roi].map((metric) => valueOf(metric, moreGivenBack))).toEqual([
    ...[-2000, null, -21],
  ])
})

test('a level is made of all movements there ever were, a percentile of the histogram of its measure', () => {
  const about = { ...METRICS.offered, name: 'mrr' }
  const level: Weights = { mrr_new_minor: 1, mrr_churned_minor: -1 }
  const start: Metric = { ...about, kind: 'level', numerator: { before: level, within: {} }, denominator: null }
  const end: Metric = { ...about, kind: 'level', numerator: { before: level, within: level }, denominator: null }
  const lost: Metric = {
    ...about,
    kind: 'level',
    numerator: { before: {}, within: { mrr_churned_minor: 1 } },
    denominator: { before: level, within: {} },
  }
  const window = sums({ mrr_new_minor: 50, mrr_churned_minor: 20 })
  const before = { before: sums({ mrr_new_minor: 300, mrr_churned_minor: 100 }) }
  expect([start, end, lost].map((metric) => valueOf(metric, window, before))).toEqual([200, 230, 0.1])
  const histograms = { wait: { buckets: [0], counts: [3] } }
  expect(valueOf(METRICS.waitMedian, NONE, { histograms })).toBeCloseTo(1, 1)
  expect(() => valueOf(METRICS.waitMedian, NONE)).toThrow('wait-median needs the histogram of wait, which was not read')
  expect(() => valueOf(end, window)).toThrow('mrr needs the sums of everything before the window, which was not read')
})

test('churn and retention are of those who were there at the beginning', () => {
  const retention = { subscribers: 8, lost: 2, startMinor: 10_000, endMinor: 11_000, lostMinor: 2500 }
  const metrics = [METRICS.customerChurn, METRICS.revenueChurn, METRICS.netRevenueRetention]
  expect(metrics.map((metric) => valueOf(metric, NONE, { retention }))).toEqual([0.25, 0.25, 1.1])
  expect(() => valueOf(METRICS.customerChurn, NONE)).toThrow(
    'customer-churn needs what became of customers, which was not read',
  )
})

test('what became of customers within a day is in its movements', () => {
  const before = sums({
    mrr_new_minor: 900,
    mrr_expansion_minor: 200,
    mrr_churned_minor: 100,
    subscribers_new: 9,
    subscribers_churned: 1,
  })
  const within = sums({
    ...{ mrr_new_minor: 70, mrr_expansion_minor: 40, mrr_contraction_minor: 30, mrr_churned_minor: 150 },
    ...{ subscribers_new: 1, subscribers_churned: 2 },
  })
  expect(retentionOf(before, retentionChangeOfDay(within))).toEqual({
    ...{ subscribers: 8, lost: 2, startMinor: 1000, endMinor: 860, lostMinor: 180 },
  })
})

test('a metric whose components were not read is refused, not taken for zero', () => {
  expect(() => valueOf(METRICS.abandonment, { abandoned: 1 })).toThrow(
    'abandonment needs the sum of offered, which was not read',
  )
})

test('at the target is met; beyond its limits is a warning or critical, and between target and warning is neither', () => {
  const levels = (metric: Metric, values: (number | null)[]) => values.map((value) => levelOf(metric, value))
  expect(levels(METRICS.serviceLevel, [0.81, 0.8, 0.79, 0.7, 0.69, null])).toEqual([
    ...['met', 'met', 'warning', 'warning', 'critical', null],
  ])
  expect(levels(METRICS.abandonment, [0.04, 0.05, 0.06, 0.1, 0.11])).toEqual([
    ...['met', 'met', 'warning', 'warning', 'critical'],
  ])
  expect(levels(METRICS.occupancy, [0.85, 0.86, 0.88, 0.89, 0.92, 0.93])).toEqual([
    ...['met', null, null, 'warning', 'warning', 'critical'],
  ])
  expect(levels(METRICS.offered, [5])).toEqual([null])
})

test('every metric has a name of its own', () => {
  const names = Object.values(METRICS).map((metric) => metric.name)
  expect(new Set(names).size).toBe(names.length)
})

test('Wilson’s interval is the one of the textbooks', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  const rounded = (successes: number, n: number) => {
    const interval = wilsonInterval(successes, n)
    return interval && [interval.low, interval.high].map((end) => Number(end.toFixed(4)))
  }
  expect(rounded(81, 263)).toEqual([0.2553, 0.3662])
  expect(rounded(15, 148)).toEqual([0.0624, 0.1605])
  expect(rounded(0, 20)).toEqual([0, 0.1611])
  expect(rounded(1, 29)).toEqual([0.0061, 0.1718])
  expect(rounded(0, 0)).toBe(null)
})

test('the interval of NPS holds the score, is wider for fewer answers and never a point', () => {
  const few = npsInterval(5, 0, 5)
  const many = npsInterval(500, 0, 500)
  expect(few && many && few.low < many.low).toBe(true)
  expect(few?.high).toBeLessThanOrEqual(100)
  // 64 promoters and 18 detractors of 100: (64.75 − 18.75) / 103 ± 1.96 × 0.0770, by hand.
  const interval = npsInterval(64, 18, 100)
  expect([interval?.low.toFixed(1), interval?.high.toFixed(1)]).toEqual(['29.6', '59.8'])
  expect(npsInterval(0, 0, 0)).toBe(null)
})
