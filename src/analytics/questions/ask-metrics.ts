import type { ClientDatabase } from '../../db/database.ts'
import { addDays, type Day, dayOf } from '../../time.ts'
import { limitsOf } from '../metrics/index.ts'
import { bucketsOf } from './buckets.ts'
import { changeOf, slopeOf } from './changes.ts'
import { completeCells } from './complete-cells.ts'
import { measureAll } from './measure.ts'
import { daysAfter, ingredientsOf, REPEAT_HOURS } from './metrics-asked.ts'
import type {
  AskedMetric,
  Bucket,
  Compared,
  Group,
  MetricQuestion,
  MetricsAnswer,
  Period,
  Standing,
} from './question.ts'
import { type Cell, type PeriodQuestion, type PeriodRead, readPeriod } from './read-period.ts'
import { type ClientSettings, type RollUpStanding, readStandings } from './read-standings.ts'
import { type ResolvedQuestion, resolveQuestion } from './resolve-question.ts'
import { type Comparison, instantsOfSpan, type Span } from './resolve-range.ts'

/**
 * Answers a question from the cheapest roll-up that holds the answer. Ratios and averages are made of summed
 * components, percentiles of merged histograms, levels of all movements up to the end of a bucket. Nothing is kept: see
 * createQuestions.
 *
 * Throws InputError: `no-such-client`, `unknown-metric`, `range`, `no-such-rollup`, `too-many-groups`.
 */
export async function askMetrics(db: ClientDatabase, question: MetricQuestion): Promise<MetricsAnswer> {
  return composeFrom(db, await findFoundation(db, question, null))
}

/** A question as it is to be answered, and what the answer stands on. */
export type QuestionFoundation = {
  asked: ResolvedQuestion
  settings: ClientSettings
  standings: readonly RollUpStanding[]
}

/** `zone`: the one the client was in when it was last asked about; null: not known. */
export async function findFoundation(
  db: ClientDatabase,
  question: MetricQuestion,
  zone: string | null,
): Promise<QuestionFoundation> {
  const standingIn = async (timeZone: string) => {
    const asked = resolveQuestion(question, timeZone)
    const { before, within } = asked.ingredients
    const foundation = { fromTheBeginning: before.length > 0, daysAfter: daysAfter(within) }
    const spans = [asked.span, ...asked.comparedSpans]
    return { asked, ...(await readStandings(db, question.clientId, spans, foundation)) }
  }
  const found = await standingIn(zone ?? 'UTC')
  const { timeZone } = found.settings
  return found.asked.timeZone === timeZone ? found : standingIn(timeZone)
}

/** Makes the answer of what was found. */
export function composeFrom(
  db: ClientDatabase,
  { asked, settings, standings }: QuestionFoundation,
): Promise<MetricsAnswer> {
  return compose(db, withSettings(asked, settings), standings)
}

function withSettings(asked: ResolvedQuestion, { currency, limits }: ClientSettings): SettledQuestion {
  const metrics = asked.metrics.map((metric) => ({ ...metric, thresholds: limitsOf(metric, limits?.[metric.name]) }))
  return { ...asked, currency, metrics }
}

type SettledQuestion = Omit<ResolvedQuestion, 'metrics'> & { currency: string; metrics: AskedMetric[] }

async function compose(
  db: ClientDatabase,
  asked: SettledQuestion,
  standings: readonly RollUpStanding[],
): Promise<MetricsAnswer> {
  const { clientId, timeZone, currency, granularity, dimension, filters, metrics } = asked
  const main = await readSpan(db, asked, { span: asked.span, granularity, standing: standings[0] })
  const comparisons: Compared[] = []
  for (const [index, to] of asked.compare.entries()) {
    const [span, standing] = [asked.comparedSpans[index], standings[index + 1]]
    if (span !== undefined) comparisons.push(await compareWith(db, asked, main.period, { to, span, standing }))
  }
  return {
    ...{ clientId, timeZone, currency, granularity, dimension, filters, metrics, comparisons },
    ...main,
    slopes: slopesOf(asked, main.groups, main.buckets),
  }
}

type SpanRead = { period: Period; buckets: Bucket[]; groups: Group[] }

async function readSpan(
  db: ClientDatabase,
  asked: SettledQuestion,
  {
    span,
    granularity,
    standing,
  }: Pick<PeriodQuestion, 'span' | 'granularity'> & { standing: RollUpStanding | undefined },
): Promise<SpanRead> {
  if (standing === undefined) throw new TypeError('every span has a standing')
  const { clientId, source, groupsMax, dimension, filters, ingredients, metrics, timeZone } = asked
  const waiting = standing.waitingDays
  const question = { clientId, source, span, granularity, dimension, filters, ingredients, waiting, groupsMax }
  const read = await readPeriod(db, question)
  const unsettled = new Set([...standing.dirtyDays, asked.today])
  const buckets = bucketsOf(span, granularity, timeZone, { unrolled: new Set(standing.unrolledDays), unsettled })
  const isKnown = standing.dataAsOf !== null
  const total = { sums: read.total.sums, values: measureAll(metrics, read.total) }
  const cells = isKnown ? completeCells(question, read, buckets) : []
  return {
    period: { ...span, standing: standingOf(asked, span, standing, read), total: isKnown ? total : null },
    buckets,
    groups: cells.map((cell) => groupOf(asked, cell)),
  }
}

function groupOf({ metrics }: SettledQuestion, cell: Cell): Group {
  return { member: cell.member, bucket: cell.bucket, sums: cell.sums, values: measureAll(metrics, cell) }
}

/** The first day on which nothing can repeat a contact of the span any more. */
export function settledFrom(span: Span, timeZone: string): Day {
  const end = Temporal.Instant.from(instantsOfSpan(span, timeZone).to)
  return addDays(dayOf(end.add({ hours: REPEAT_HOURS }).subtract({ nanoseconds: 1 }), timeZone), 1)
}

function standingOf(
  { today, metrics, timeZone }: SettledQuestion,
  span: Span,
  { dataAsOf, dirtyDays, waitingDays, unrolledDays, unsettledDaysAfter }: RollUpStanding,
  { quarantined }: PeriodRead,
): Standing {
  const earlier = waitingDays.filter((day) => day < span.from)
  const missingDays = [...earlier, ...unrolledDays].filter((day) => day < today)
  const settled = settledFrom(span, timeZone)
  const isSettled = settled <= today && unsettledDaysAfter.every((day) => day >= settled)
  const mayChange = metrics.filter((metric) => daysAfter(ingredientsOf([metric]).within) > 0)
  return {
    dataAsOf,
    missingDays,
    dirtyDays,
    provisional: missingDays.length + dirtyDays.length > 0 || span.to > today,
    provisionalMetrics: isSettled ? [] : mayChange.map(({ name }) => name),
    quarantined,
  }
}

async function compareWith(
  db: ClientDatabase,
  asked: SettledQuestion,
  now: Period,
  { to, span, standing }: { to: Comparison; span: Span; standing: RollUpStanding | undefined },
): Promise<Compared> {
  const { period, groups } = await readSpan(db, asked, { span, granularity: 'none', standing })
  const changes = asked.metrics.map((metric) => {
    const valueIn = ({ total }: Period) => total?.values[metric.name]?.value ?? null
    return [metric.name, changeOf(metric, valueIn(now), valueIn(period))]
  })
  return { to, period, groups, changes: Object.fromEntries(changes) }
}

function slopesOf({ metrics, dimension }: SettledQuestion, groups: readonly Group[], buckets: readonly Bucket[]) {
  if (dimension !== 'client') return Object.fromEntries(metrics.map(({ name }) => [name, null]))
  const byBucket = new Map(groups.map((group) => [group.bucket, group]))
  function* valuesOf(name: string) {
    for (const { key, whole } of buckets) yield whole ? (byBucket.get(key)?.values[name]?.value ?? null) : null
  }
  return Object.fromEntries(metrics.map(({ name }) => [name, slopeOf(valuesOf(name))]))
}
