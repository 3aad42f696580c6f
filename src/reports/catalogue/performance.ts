import type { MetricKey } from '../../analytics/metrics/index.ts'
import type { Breakdown } from '../parts/breakdown.ts'
import type { MetricColumns } from '../parts/measured.ts'
import { metricsReport } from '../parts/metrics-report.ts'
import { contactSettings } from './contact-settings.ts'

const COUNTS = ['offered', 'answered', 'abandoned', 'missed', 'shortAbandons'] as const satisfies MetricKey[]
const RATIOS = [
  'abandonment',
  'serviceLevel',
  'speedOfAnswer',
  'handleTime',
  'firstContactResolution',
] as const satisfies MetricKey[]

/** What every breakdown shows of its groups. */
const COLUMNS = {
  offered: { metric: 'offered' },
  answered: { metric: 'answered' },
  abandoned: { metric: 'abandoned' },
  missed: { metric: 'missed' },
  serviceLevel: { metric: 'serviceLevel' },
  speedOfAnswer: { metric: 'speedOfAnswer', label: 'ASA' },
  handleTime: { metric: 'handleTime', label: 'AHT' },
  firstContactResolution: { metric: 'firstContactResolution', label: 'FCR' },
  csat: { metric: 'csat', label: 'CSAT' },
  csatAnswers: { metric: 'csatAnswers', label: 'Ratings' },
} as const satisfies MetricColumns

const BREAKDOWN = {
  kind: 'breakdown',
  key: 'name',
  columns: COLUMNS,
  largest: 'offered',
  share: null,
  chart: null,
  empty: 'No contacts.',
  note: 'Totals of shares and times are computed from the sums of all rows, not averaged.',
} as const satisfies Partial<Breakdown>

const HOURS_CHART = {
  id: 'hours-chart',
  title: 'Contacts by hour of day',
  key: 'hour',
  metrics: ['offered', 'answered'],
  description: 'Offered and answered contacts of the whole period, by the hour of the local day in which they came in.',
} as const satisfies Breakdown['chart']

const PARTS = [
  { id: 'agents', called: 'agents' },
  { id: 'sectors', called: 'sectors' },
  { id: 'channels', called: 'channels' },
  { id: 'hours', called: 'hours' },
  { id: 'trend', called: 'days' },
]

export const performance = metricsReport({
  name: 'performance',
  title: 'Performance',
  summary: 'Offered, answered, abandoned, service level, ASA, AHT, FCR and CSAT, by agent, sector, channel and hour.',
  filters: ['agent', 'sector', 'channel'],
  compare: ['previous'],
  nothing: {
    counts: ['offered', 'shortAbandons', 'csatAnswers', 'npsAnswers'],
    called: () => 'no contacts and no survey answers',
  },
  figures: {
    kind: 'figures',
    id: 'summary',
    title: 'Summary',
    metrics: [...COUNTS, ...RATIOS, 'csatMean'],
    intervals: [],
  },
  critical: RATIOS,
  body: [
    {
      kind: 'figures',
      id: 'satisfaction',
      title: 'Satisfaction',
      metrics: ['csat', 'csatAnswers', 'nps', 'npsAnswers'],
      intervals: ['csat', 'nps'],
    },
    {
      kind: 'trend',
      id: 'trend',
      title: 'Contacts and service level by day',
      shape: 'line',
      metrics: ['offered', 'answered', 'serviceLevel'],
      granularity: 'day',
      // So that a report of one day has something to stand against.
      reach: { days: 28 },
      description: ({ length }) =>
        `Offered and answered contacts and the service level of each of the ${length} days up to the end of the period.`,
    },
    { ...BREAKDOWN, id: 'agents', title: 'By agent', by: 'agent' },
    { ...BREAKDOWN, id: 'sectors', title: 'By sector', by: 'sector' },
    { ...BREAKDOWN, id: 'channels', title: 'By channel', by: 'channel' },
    { ...BREAKDOWN, id: 'hours', title: 'By hour of day', by: 'hour-of-day', largest: null, chart: HOURS_CHART },
  ],
  sums: {
    equations: [{ parts: ['answered', 'abandoned', 'missed'], whole: 'offered' }],
    addUp: [
      { metric: 'offered', as: 'Offered', over: PARTS },
      { metric: 'answered', as: 'Answered', over: PARTS },
    ],
  },
  defined: [...COUNTS, ...RATIOS, 'csat', 'csatMean', 'nps'],
  own: contactSettings,
})
