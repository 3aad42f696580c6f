import type { Weights } from './metric.ts'
import { COUNT, declareMetrics, MONEY, NO_LIMITS, OURS } from './metric.ts'

/** Every movement of the run rate there is: their sum is what it has become. */
const MRR: Weights = { mrr_new_minor: 1, mrr_expansion_minor: 1, mrr_contraction_minor: -1, mrr_churned_minor: -1 }
const SUBSCRIBERS: Weights = { subscribers_new: 1, subscribers_churned: -1 }

const MOVEMENT =
  'Per customer and day: the run rate at the day’s end against that at its beginning. What is changed and changed back within a day is no movement.'

export const SUBSCRIPTION_METRICS = declareMetrics({
  mrr: {
    kind: 'level',
    name: 'mrr',
    label: 'Monthly recurring revenue (MRR)',
    type: 'money',
    numerator: { before: MRR, within: MRR },
    denominator: null,
    ...NO_LIMITS,
    direction: 'up',
    formula: 'start + new + expansion − contraction − churned',
    note:
      'The run rate at the end of the window: each subscription’s amount over the months of its billing interval, rounded once to the minor ' +
      'unit. What begins or ends at midnight sharp belongs to the day that begins. Other currencies are left out.',
    source: OURS,
  },
  mrrAtStart: {
    kind: 'level',
    name: 'mrr-at-start',
    label: 'MRR at the beginning',
    type: 'money',
    numerator: { before: MRR, within: {} },
    denominator: null,
    ...NO_LIMITS,
    formula: 'the run rate at the beginning of the window',
    note: 'That at the end of the window before it, to the cent.',
    source: OURS,
  },
  mrrNew: {
    ...MONEY,
    name: 'mrr-new',
    label: 'New MRR',
    numerator: { mrr_new_minor: 1 },
    direction: 'up',
    formula: 'run rate of customers who had none',
    note: `A customer who comes back after a day or more without any is new again. ${MOVEMENT}`,
  },
  mrrExpansion: {
    ...MONEY,
    name: 'mrr-expansion',
    label: 'Expansion MRR',
    numerator: { mrr_expansion_minor: 1 },
    direction: 'up',
    formula: 'what customers pay more than they did',
    note: MOVEMENT,
  },
  mrrContraction: {
    ...MONEY,
    name: 'mrr-contraction',
    label: 'Contraction MRR',
    numerator: { mrr_contraction_minor: 1 },
    direction: 'down',
    formula: 'what customers who stay pay less than they did',
    note: MOVEMENT,
  },
  mrrChurned: {
    ...MONEY,
    name: 'mrr-churned',
    label: 'Churned MRR',
    numerator: { mrr_churned_minor: 1 },
    direction: 'down',
    formula: 'run rate of customers who have none left',
    note: MOVEMENT,
  },
  subscribers: {
    kind: 'level',
    name: 'subscribers',
    label: 'Subscribers',
    type: 'integer',
    numerator: { before: SUBSCRIBERS, within: SUBSCRIBERS },
    denominator: null,
    ...NO_LIMITS,
    direction: 'up',
    formula: 'at the beginning + new − lost',
    note: 'Customers with a run rate above zero at the end of the window; a free plan is none.',
    source: OURS,
  },
  subscribersNew: {
    ...COUNT,
    name: 'subscribers-new',
    label: 'New subscribers',
    numerator: { subscribers_new: 1 },
    direction: 'up',
    formula: 'customers who began to pay',
    note: `Those who came back are counted again. ${MOVEMENT}`,
  },
  subscribersLost: {
    ...COUNT,
    name: 'subscribers-lost',
    label: 'Lost subscribers',
    numerator: { subscribers_churned: 1 },
    direction: 'down',
    formula: 'customers who pay nothing any more',
    note: `Counted each time, also of those who came within the window. ${MOVEMENT}`,
  },
  revenuePerSubscriber: {
    kind: 'level',
    name: 'revenue-per-subscriber',
    label: 'MRR per subscriber',
    type: 'money',
    numerator: { before: MRR, within: MRR },
    denominator: { before: SUBSCRIBERS, within: SUBSCRIBERS },
    ...NO_LIMITS,
    direction: 'up',
    formula: 'MRR / subscribers',
    note: 'Both at the end of the window; no value without subscribers.',
    source: OURS,
  },
})
