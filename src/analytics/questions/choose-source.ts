import { InputError } from '../../errors.ts'
import { AGENT_COMPONENTS, type Component, type Dimension, dimensionsOf, type Metric } from '../metrics/index.ts'
import { ingredientsOf } from './metrics-asked.ts'
import type { FilterDimension, Filters, Granularity } from './question.ts'

/** Dimensions that agent_metrics keeps together, and their columns. */
const AGENT_COLUMNS = { agent: 'agent_id', sector: 'sector_id', channel: 'channel' } as const

/**
 * Where sums are read: days, weeks and months of one dimension (daily_metrics, performance_trends); hours of the client
 * as a whole (performance_trends); or hours of agents, sectors and channels together (agent_metrics).
 */
export type Source = { kind: 'days'; dimension: Dimension } | { kind: 'client-hours' } | { kind: 'agent-hours' }

/** What a question needs to be read. */
export type Needs = {
  granularity: Granularity
  /** It is about hours of days rather than whole days. */
  ofHours: boolean
  dimension: Dimension
  filters: Filters
  metrics: readonly Metric[]
}

const AGENT_SET: ReadonlySet<Component> = new Set(AGENT_COMPONENTS)
const TOGETHER = 'agent, sector and channel, for contacts, satisfaction, quality, revenue and the time of agents'

/**
 * The cheapest roll-up that holds the answer. Throws InputError `no-such-rollup` that says what there is, when none
 * does.
 */
export function chooseSource(needs: Needs): Source {
  const { dimension, filters, granularity, ofHours } = needs
  const dimensions = [...new Set([dimension, ...(Object.keys(filters) as FilterDimension[])])].filter(isNarrow)
  refuseParts(needs, dimensions)
  const byHour = granularity === 'hour' || ofHours
  if (dimensions.length < 2 && !byHour) {
    const [of = 'client'] = dimensions
    refuseUnkept(needs, of)
    return { kind: 'days', dimension: of }
  }
  refuseByDay(needs, byHour)
  refuseOthers(dimensions, byHour)
  return dimensions.length === 0 ? { kind: 'client-hours' } : { kind: 'agent-hours' }
}

function isNarrow(dimension: Dimension): dimension is FilterDimension {
  return dimension !== 'client'
}

/** What became of customers is known of the client as a whole. */
function refuseParts({ metrics }: Needs, dimensions: readonly FilterDimension[]): void {
  const names = metrics.filter((metric) => ingredientsOf([metric]).retention).map(({ name }) => name)
  if (names.length === 0 || dimensions.length === 0) return
  throw refusal(`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} known of the client as a whole only.`)
}

/** What a dimension has no rows of would look like nothing. */
function refuseUnkept({ metrics }: Needs, dimension: Dimension): void {
  const [first, ...more] = metrics.filter((metric) => !isKeptBy(metric, dimension))
  if (first === undefined) return
  const names = [first, ...more].map(({ name }) => name)
  const kept = `${first.name} is kept by ${dimensionsOf(first).join(', ')}.`
  throw refusal(`${names.join(', ')} ${more.length === 0 ? 'is' : 'are'} not kept by ${dimension}. ${kept}`)
}

/** Whether a metric can be broken down by a dimension, or narrowed to its members. */
export function isKeptBy(metric: Metric, dimension: Dimension): boolean {
  return dimensionsOf(metric).includes(dimension)
}

function refuseByDay({ metrics }: Needs, byHour: boolean): void {
  const names = metrics.filter((metric) => !isByHour(metric)).map(({ name }) => name)
  if (names.length === 0) return
  const words = `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} kept by day and for one dimension at a time.`
  throw refusal(`${words} ${byHour ? 'By hour' : 'Together'} there are ${TOGETHER}.`)
}

/** Levels and percentiles are kept by day, and so are sums of what agents do not do. */
function isByHour(metric: Metric): boolean {
  const { within, before, measures } = ingredientsOf([metric])
  return before.length === 0 && measures.length === 0 && within.every((component) => AGENT_SET.has(component))
}

function refuseOthers(dimensions: readonly FilterDimension[], byHour: boolean): void {
  const others = dimensions.filter((dimension) => !(dimension in AGENT_COLUMNS))
  if (others.length === 0) return
  throw refusal(
    byHour
      ? `Nothing is kept by hour and ${others.join(', ')}. By hour there are the client as a whole, and ${TOGETHER}.`
      : `No roll-up holds ${dimensions.join(' and ')} together. Ask for one of them at a time; together there are ${TOGETHER}.`,
  )
}

function refusal(message: string): InputError {
  return new InputError('no-such-rollup', message)
}

/** The column of agent_metrics that holds a dimension; a question about another one was refused before. */
export function agentColumn(dimension: Dimension): AgentColumn {
  const columns: Partial<Record<Dimension, AgentColumn>> = AGENT_COLUMNS
  const column = columns[dimension]
  if (column === undefined) throw new TypeError(`agent_metrics has no ${dimension}`)
  return column
}

type AgentColumn = (typeof AGENT_COLUMNS)[keyof typeof AGENT_COLUMNS]
