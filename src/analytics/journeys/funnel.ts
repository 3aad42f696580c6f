import type { ClientDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, type Day, type DayWindow, dayOf, instantsOf } from '../../time.ts'
import { type Interval, wilsonInterval } from '../metrics/index.ts'
import type { KeptRows } from '../questions/index.ts'
import { type JourneyQuestion, type KeptFrom, type Trust, trustIn } from './journey-question.ts'
import { EVERY_DAY, readKept } from './read-kept.ts'

/**
 * What a customer does to take a step, and when that is:
 * - event: an analytics event of that name; `property`: only those with exactly this value of one property, compared as
 * text.
 * - interaction: a contact, on one channel or (null) on any, however it ended; when it started.
 * - lead-stage: a lead changes to the stage; for `new` also when the lead is made.
 * - booking: `scheduled` is any booking, when it was made; `completed` when it ends, `no-show` when it would have
 * begun, `cancelled` when
 *   it was called off. The state is the one the booking has now.
 * - payment: a charge of more than nothing, in whatever currency.
 */
export type FunnelStep =
  | { kind: 'event'; name: string; property: { key: string; value: string } | null }
  | { kind: 'interaction'; channel: string | null }
  | { kind: 'lead-stage'; stage: string }
  | { kind: 'booking'; state: BookingStep }
  | { kind: 'payment' }

export const BOOKING_STEPS = ['scheduled', 'completed', 'no-show', 'cancelled'] as const
type BookingStep = (typeof BOOKING_STEPS)[number]

/** role: the customer's; channel, campaign: those of the fact that was the first step. */
export const FUNNEL_SPLITS = ['none', 'role', 'channel', 'campaign'] as const
export type FunnelSplit = (typeof FUNNEL_SPLITS)[number]

/**
 * The first step is taken within the window, and all others within `conversionDays` times 24 hours after it
 * (half-open).
 */
export type FunnelQuestion = JourneyQuestion & {
  steps: readonly FunnelStep[]
  conversionDays: number
  split: FunnelSplit
  keptFrom: KeptFrom
}

/** A share with its Wilson interval at 95 %. */
export type Share = { share: number } & Interval

export type FunnelStage = {
  customers: number
  /** Of those who took the first step, and of those who took the one before; null where nobody did. */
  ofFirst: Share | null
  ofPrevious: Share | null
  /** Median seconds until the next step, of those who took it; null where nobody did. */
  medianToNextS: number | null
}

/** `key` is the role, channel or campaign; '' stands for none. */
export type FunnelGroup = { key: string; stages: FunnelStage[] }
export type Funnel = { stages: FunnelStage[]; groups: FunnelGroup[]; trust: Trust }

type Row = { is_total: boolean; group_key: string; step: number; customers: number; median_next_s: number | null }

const walkFunnel = sqlFile<Row>(import.meta.dirname, 'funnel.sql')

/**
 * How many customers take every step in order, and how long they take. Each step must come strictly later than the one
 * before: two facts at the same instant are in no order, and the second does not count as after the first. A customer
 * counts once, with the entry that leads furthest, the earliest of several; from it, each next step is the first there
 * is. Facts of unknown customers are left out. Groups add up to the whole; those with the most customers come first.
 * Wilson: see wilsonInterval. A funnel is read from facts, which are dropped when past their time (EVENTS_TTL_DAYS,
 * FACTS_TTL_DAYS): it cannot see steps older than that, and `trust` says so.
 */
export async function measureFunnel(
  db: ClientDatabase,
  question: FunnelQuestion,
  keptRows: KeptRows | null = null,
): Promise<Funnel> {
  const { clientId, timeZone, window, steps, conversionDays, split } = question
  const hours = conversionDays * 24
  const { from, to } = instantsOf(window, timeZone)
  const parameters = [clientId, from.toString(), to.toString(), hours, JSON.stringify(steps.map(stepRow)), split]
  const days = readDays(question, to.add({ hours }))
  const walk = () => walkFunnel(db, parameters)
  const standsOn = { kind: 'facts', days: liesWithin(steps) ? days : EVERY_DAY } as const
  // A role may change and no day know of it.
  const { rows, asOf } =
    split === 'role'
      ? { rows: await walk(), asOf: null }
      : await readKept(db, { clientId, question: ['funnel', ...parameters], standsOn }, walk, keptRows)
  const stagesOf = (own: readonly Row[]) => stagesFrom(own, steps.length)
  const groups = [...Map.groupBy(rows.filter(isOfGroup), (row) => row.group_key)].map(([key, own]) => ({
    key,
    stages: stagesOf(own),
  }))
  return {
    stages: stagesOf(rows.filter((row) => !isOfGroup(row))),
    groups: groups.sort((a, b) => entrants(b) - entrants(a)),
    trust: await trustIn(db, clientId, { window: days, asOf }, { first: days.from, kept: stepsKeptFrom(question) }),
  }
}

/**
 * A step is taken on the day of its fact; but bookings are made before theirs, and a stage is that of a lead of long
 * ago.
 */
function liesWithin(steps: readonly FunnelStep[]): boolean {
  return steps.every(({ kind }) => kind !== 'booking' && kind !== 'lead-stage')
}

/** The first day from which all facts of the steps are kept; leads and payments are books, and always are. */
function stepsKeptFrom({ steps, keptFrom }: FunnelQuestion): Day | null {
  const kinds = new Set(steps.map(({ kind }) => kind))
  const events = kinds.has('event') ? keptFrom.events : null
  const facts = kinds.has('interaction') || kinds.has('booking') ? keptFrom.facts : null
  return events !== null && facts !== null && events < facts ? facts : (events ?? facts)
}

/** A step as funnel.sql reads it. */
function stepRow(step: FunnelStep, index: number) {
  const row = { step: index + 1, kind: step.kind }
  switch (step.kind) {
    case 'event':
      return { ...row, name: step.name, property_key: step.property?.key, property_value: step.property?.value }
    case 'interaction':
      return { ...row, name: step.channel }
    case 'lead-stage':
      return { ...row, name: step.stage }
    case 'booking':
      return { ...row, name: step.state }
    case 'payment':
      return row
  }
}

function isOfGroup(row: Row): boolean {
  return !row.is_total
}

function entrants({ stages }: FunnelGroup): number {
  return stages[0]?.customers ?? 0
}

function stagesFrom(rows: readonly Row[], steps: number): FunnelStage[] {
  const byStep = new Map(rows.map((row) => [row.step, row]))
  const customersAt = (step: number) => byStep.get(step)?.customers ?? 0
  return Array.from({ length: steps }, (_, index) => {
    const customers = customersAt(index + 1)
    return {
      customers,
      ofFirst: shareOf(customers, customersAt(1)),
      ofPrevious: shareOf(customers, customersAt(Math.max(index, 1))),
      medianToNextS: byStep.get(index + 1)?.median_next_s ?? null,
    }
  })
}

function shareOf(customers: number, n: number): Share | null {
  const interval = wilsonInterval(customers, n)
  return interval && { share: customers / n, ...interval }
}

/** The local days on which a step may be taken, to the last one before `end`. */
function readDays({ timeZone, window }: FunnelQuestion, end: Temporal.Instant): DayWindow {
  return { from: window.from, to: addDays(dayOf(end.subtract({ nanoseconds: 1 }), timeZone), 1) }
}
