import { CONTACT_METRICS } from './contacts.ts'
import { type CompositeMetric, declareMetrics, NO_LIMITS, OURS } from './metric.ts'
import { QUALITY_METRICS } from './quality.ts'

/** What efficiency is measured against: the target of handle time. */
const HANDLE_TIME_TARGET_S = 300

const NOTE = 'A status holds until the agent’s next one, for 24 hours at most.'
const TIME = { kind: 'sums', type: 'duration', denominator: null, ...NO_LIMITS, source: OURS, note: NOTE } as const

const EFFICIENCY: CompositeMetric = {
  kind: 'composite',
  name: 'efficiency',
  label: 'Efficiency (0–100)',
  type: 'decimal',
  digits: 1,
  parts: [CONTACT_METRICS.handleTime],
  combine: (handleTimeS) => (handleTimeS === 0 ? null : Math.min(100, (100 * HANDLE_TIME_TARGET_S) / handleTimeS)),
  ...NO_LIMITS,
  direction: 'up',
  formula: `100 × ${HANDLE_TIME_TARGET_S} s / handle time, at most 100`,
  note: 'How near handle time comes to its target of five minutes: to be faster than that earns nothing more.',
  source: OURS,
}

/** How agents spend the time they are paid for, and what comes of it. */
export const AGENT_TIME_METRICS = declareMetrics({
  availableTime: {
    ...TIME,
    name: 'available-time',
    label: 'Available time',
    numerator: { available_s: 1 },
    formula: 'time in status available',
  },
  handlingTime: {
    ...TIME,
    name: 'handling-time',
    label: 'Handling time',
    numerator: { handling_s: 1 },
    formula: 'time in status handling',
  },
  breakTime: {
    ...TIME,
    name: 'break-time',
    label: 'Break time',
    numerator: { break_s: 1 },
    formula: 'time in status break',
  },
  trainingTime: {
    ...TIME,
    name: 'training-time',
    label: 'Training time',
    numerator: { training_s: 1 },
    formula: 'time in status training',
  },
  paidTime: {
    ...TIME,
    name: 'paid-time',
    label: 'Paid time',
    numerator: { paid_s: 1 },
    formula: 'time in any status but offline',
  },
  occupancy: {
    kind: 'sums',
    name: 'occupancy',
    label: 'Occupancy',
    type: 'percent',
    numerator: { handling_s: 1 },
    denominator: { handling_s: 1, available_s: 1 },
    direction: 'down',
    target: 0.85,
    warning: 0.88,
    critical: 0.92,
    formula: 'handling / (handling + available)',
    note: 'A ceiling: above it agents have no breath between contacts. Breaks and training are in neither.',
    source: OURS,
  },
  utilisation: {
    kind: 'sums',
    name: 'utilisation',
    label: 'Utilisation',
    type: 'percent',
    numerator: { handling_s: 1 },
    denominator: { paid_s: 1 },
    direction: 'up',
    target: 0.85,
    warning: 0.85,
    critical: 0.75,
    formula: 'handling / paid time',
    note: 'Breaks and training are paid. High is good only as far as occupancy stays below its ceiling.',
    source: OURS,
  },
  efficiency: EFFICIENCY,
  productivity: {
    kind: 'composite',
    name: 'productivity',
    label: 'Productivity (0–100)',
    type: 'decimal',
    digits: 1,
    parts: [QUALITY_METRICS.qualityScore, EFFICIENCY],
    combine: (quality, efficiency) => 0.6 * quality + 0.4 * efficiency,
    ...NO_LIMITS,
    direction: 'up',
    formula: '60 % quality score + 40 % efficiency',
    note: 'Both from 0 to 100. No value without a review or without an answered contact.',
    source: OURS,
  },
})
