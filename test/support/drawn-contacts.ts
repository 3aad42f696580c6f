import fc from 'fast-check'

const DAYS = 12
const MINUTES = DAYS * 24 * 60
const WEEK = 7 * 24 * 60
export const CUSTOMERS = Array.from({ length: 20 }, (_, n) => `c${n}`)
/**
 * Who keeps the role they have: a day on which somebody only answered a survey tells of the role that they had when it
 * was rolled up.
 */
const STEADY = CUSTOMERS.slice(0, 6)
const CHANGING = CUSTOMERS.slice(6)

/** Zones with the first day of a world, chosen so that clocks change within it. */
const ZONES = [
  ['UTC', '2026-03-20'],
  ['Europe/Zurich', '2026-03-22'],
  ['Europe/London', '2026-10-18'],
  ['America/Havana', '2026-03-02'],
  ['America/Santiago', '2026-08-30'],
  ['Asia/Kolkata', '2026-02-20'],
  ['Asia/Kathmandu', '2026-02-20'],
  ['Pacific/Chatham', '2026-03-30'],
] as const

const maybe = (...names: string[]) => fc.option(fc.constantFrom(...names), { nil: null })
/** Minutes after the start, close together and at the edges of hours and days more often than chance has it. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: MINUTES }),
  fc.integer({ min: 0, max: DAYS * 24 }).map((hours) => hours * 60),
)

const call = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  customer_id: maybe(...CUSTOMERS),
  topic: maybe('bill', 'move'),
  /** The same customer calls about the same thing so many minutes later. */
  again: fc.option(fc.constantFrom(0, 1, WEEK - 60, WEEK - 1, WEEK, WEEK + 1), { nil: null }),
  channel: fc.constantFrom('voice', 'web'),
  status: fc.constantFrom('answered', 'answered', 'abandoned', 'missed'),
  campaign_id: maybe('spring'),
  location: maybe('Bern', 'Basel'),
  sentiment: fc.option(fc.constantFrom(-1, -0.2001, -0.2, 0, 0.2, 0.2001, 0.5), { nil: null }),
  messages_in: fc.integer({ min: 0, max: 3 }),
  messages_out: fc.integer({ min: 0, max: 3 }),
  conversion_type: maybe('sale'),
  conversion_value_minor: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null }),
  follow_up_at: maybe('2026-12-01T10:00:00Z'),
  /** What is known of its instants: nothing, as the seconds say, a rounded second less, or what cannot be. */
  known: fc.constantFrom('nothing', 'nothing', 'all', 'all', 'rounded', 'too-short', 'answered-before', 'ended-before'),
  wait_s: fc.integer({ min: 0, max: 40 }),
  talk_s: fc.integer({ min: 0, max: 600 }),
  hold_s: fc.integer({ min: 0, max: 60 }),
  wrap_s: fc.integer({ min: 0, max: 60 }),
  resolved: fc.boolean(),
  escalated: fc.boolean(),
  automated: fc.boolean(),
})
const survey = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  channel: fc.constantFrom('voice', 'web'),
  csat: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
  nps: fc.option(fc.integer({ min: 0, max: 10 }), { nil: null }),
  would_recommend: fc.option(fc.boolean(), { nil: null }),
  campaign_id: maybe('spring'),
  customer_id: maybe(...STEADY),
})
const score = fc.option(fc.integer({ min: 1, max: 5 }), { nil: null })
const percent = fc.integer({ min: 0, max: 10_000 }).map((centi) => centi / 100)
const review = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  sector_id: maybe('sales'),
  channel: fc.constantFrom('voice', 'web'),
  ...{ professionalism: score, empathy: score, resolution: score, clarity: score, responsiveness: score },
  overall: percent,
  audio_clarity: fc.option(percent, { nil: null }),
  background_noise: fc.option(percent, { nil: null }),
})
const issue = fc.record({
  minute,
  agent_id: maybe('anna', 'ben'),
  channel: fc.constantFrom('voice', 'web'),
  category: fc.constantFrom('compliance', 'tone', 'procedure', 'documentation'),
  severity: fc.constantFrom('critical', 'major', 'minor'),
  /** Settled so many minutes later; a negative number cannot be. */
  settled: fc.option(fc.constantFrom(-5, 0, 30, 24 * 60), { nil: null }),
})
const status = fc.record({
  minute,
  second: fc.integer({ min: 0, max: 59 }),
  agent_id: fc.constantFrom('anna', 'ben'),
  sector_id: maybe('sales'),
  status: fc.constantFrom('available', 'handling', 'break', 'training', 'offline'),
})
const payment = fc.record({
  minute,
  kind: fc.constantFrom('charge', 'refund', 'fee'),
  amount: fc.integer({ min: 0, max: 10_000 }),
  currency: fc.constantFrom('EUR', 'EUR', 'USD'),
  agent_id: maybe('anna'),
  customer_id: maybe('c1', 'c2'),
  channel: maybe('voice', 'web'),
  country: maybe('CH', 'DE'),
})
export const world = fc.record({
  zone: fc.constantFrom(...ZONES),
  service_level_s: fc.integer({ min: 1, max: 40 }),
  short_abandon_s: fc.integer({ min: 0, max: 20 }),
  calls: fc.array(call, { maxLength: 30 }),
  surveys: fc.array(survey, { maxLength: 15 }),
  payments: fc.array(payment, { maxLength: 25 }),
  reviews: fc.array(review, { maxLength: 8 }),
  issues: fc.array(issue, { maxLength: 8 }),
  statuses: fc.array(status, { maxLength: 15 }),
  /** This many facts of each kind come after every day was rolled up once: few, so that most days stay as they are. */
  late: fc.integer({ min: 0, max: 3 }),
  newestFirst: fc.boolean(),
  /**
   * Before the late facts, who is known late or has another role, or none any more, and which agents turn out to be
   * what.
   */
  roles: fc.dictionary(fc.constantFrom(...CHANGING), fc.constantFrom('buyer', 'guest', 'vip', null), { maxKeys: 5 }),
  kinds: fc.dictionary(fc.constantFrom('anna', 'ben'), fc.constantFrom('person', 'assistant', null), { maxKeys: 2 }),
  /** So many calls are deleted in the end, and the client may have moved. */
  gone: fc.integer({ min: 0, max: 4 }),
  movesTo: fc.option(fc.constantFrom('America/Havana', 'Asia/Tokyo'), { nil: null, freq: 3 }),
})
type WorldOf<T> = T extends fc.Arbitrary<infer V> ? V : never
export type Drawn = WorldOf<typeof world>
export type World = Drawn & { clientId: string; start: Temporal.Instant }
