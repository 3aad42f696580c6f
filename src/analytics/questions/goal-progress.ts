import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type Day, dayOf, daysBetween } from '../../time.ts'
import { isSum, type Metric } from '../metrics/index.ts'
import type { AskQuestion } from './create-questions.ts'
import type { Bound, Goal } from './goals.ts'
import { metricNamed } from './metrics-asked.ts'
import type { MetricQuestion, MetricsAnswer } from './question.ts'

/** Where a goal stood at the end of one day. */
export type GoalDay = {
  day: Day
  /**
   * A plain sum: all there was since the goal began. A level: as it was then. Anything else: that of the day alone.
   * null: not known.
   */
  value: number | null
  /** Where the straight way to the target was. */
  expected: number | null
}

export type GoalProgress = {
  /** The day after the last that counts: days that are not over do not. */
  asOf: Day
  /** Over the days of the goal so far; null: nothing is known of them. */
  value: number | null
  /**
   * Where the value would be on the straight way to the target: a plain sum from nothing, a level from where it was
   * when the goal began. A ratio is expected at its target all the time, and so is a level that held it before the goal
   * began.
   */
  expected: number | null
  /**
   * How much of the way is done; null where there is none: for ratios, and levels that held the target before the goal
   * began.
   */
  share: number | null
  onPace: boolean | null
  /** met and missed: its days are over. unknown: they are, and nothing is known of them. */
  state: 'not-started' | 'running' | 'met' | 'missed' | 'unknown'
  provisional: boolean
  history: GoalDay[]
}

/** How far a goal has got. Throws what `askMetrics` does. */
export async function goalProgress(
  db: ClientDatabase,
  goal: Goal,
  { at, ask: askQuestion }: { at: Temporal.Instant; ask: AskQuestion },
): Promise<GoalProgress> {
  const metric = metricNamed(goal.metric)
  const today = await localDay(db, goal.clientId, at)
  const asOf = goal.to < today ? goal.to : today
  if (goal.from >= asOf) return notStarted(goal)
  const ask = questionOf(goal, at)
  const answer = await askQuestion({ ...ask, range: { from: goal.from, to: asOf }, granularity: 'day' })
  const start = await startOfWay(askQuestion, goal, metric, ask)
  const history = historyOf(goal, metric, answer, start)
  const value = valueIn(answer, metric)
  const expected = expectedAt(goal, start, asOf)
  return {
    asOf,
    value,
    expected,
    share: value === null || start === null || goal.target === start ? null : (value - start) / (goal.target - start),
    onPace: value === null || expected === null ? null : isHeld(goal.bound, value, expected),
    state: stateOf(goal, asOf, value),
    provisional: answer.period.standing.provisional,
    history,
  }
}

async function localDay(db: ClientDatabase, clientId: string, at: Temporal.Instant): Promise<Day> {
  const row = await db.selectFrom('clients').select('time_zone').where('id', '=', clientId).executeTakeFirstOrThrow()
  return dayOf(at, row.time_zone)
}

function notStarted({ from }: Goal): GoalProgress {
  const nothing = { value: null, expected: null, share: null, onPace: null, provisional: true, history: [] }
  return { asOf: from, state: 'not-started', ...nothing }
}

function questionOf(goal: Goal, at: Temporal.Instant): Omit<MetricQuestion, 'range' | 'granularity'> {
  const { clientId, metric, dimension, member } = goal
  const filters = dimension === 'client' ? {} : { [dimension]: [member] }
  return { clientId, metrics: [metric], dimension: 'client', filters, compare: [], at }
}

/** Where the straight way to the target begins; null: there is no way, the target is to hold from the first day. */
async function startOfWay(
  askQuestion: AskQuestion,
  goal: Goal,
  metric: Metric,
  ask: Omit<MetricQuestion, 'range' | 'granularity'>,
): Promise<number | null> {
  if (isSum(metric)) return 0
  if (metric.kind !== 'level' || metric.denominator !== null) return null
  const dayBefore = { from: addDays(goal.from, -1), to: goal.from }
  const answer = await askQuestion({ ...ask, range: dayBefore, granularity: 'none' })
  const start = valueIn(answer, metric)
  return start === null || isHeld(goal.bound, start, goal.target) ? null : start
}

function valueIn({ period }: MetricsAnswer, { name }: Metric): number | null {
  return period.total?.values[name]?.value ?? null
}

function historyOf(goal: Goal, metric: Metric, { buckets, groups }: MetricsAnswer, start: number | null): GoalDay[] {
  const ofDay = new Map(groups.map((group) => [group.bucket, group.values[metric.name]?.value ?? null]))
  let running = 0
  return buckets.map(({ key: day, known }) => {
    const value = ofDay.get(day) ?? null
    running += value ?? 0
    const shown = isSum(metric) ? running : value
    return { day, value: known ? shown : null, expected: expectedAt(goal, start, addDays(day, 1)) }
  })
}

function expectedAt({ from, to, target }: Goal, start: number | null, asOf: Day): number | null {
  if (start === null) return target
  return start + ((target - start) * daysBetween(from, asOf)) / daysBetween(from, to)
}

function isHeld(bound: Bound, value: number, limit: number): boolean {
  return bound === 'at-least' ? value >= limit : value <= limit
}

function stateOf({ to, bound, target }: Goal, asOf: Day, value: number | null): GoalProgress['state'] {
  if (asOf < to) return 'running'
  if (value === null) return 'unknown'
  return isHeld(bound, value, target) ? 'met' : 'missed'
}
