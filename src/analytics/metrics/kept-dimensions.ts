import type { Metric, Weights } from './catalogue/metric.ts'
import { type Component, componentsOf, type FamilyName } from './components.ts'
import { DIMENSIONS, type Dimension } from './dimensions.ts'
import type { Measure } from './histogram.ts'

/** What the hours of agents are added up to. */
const OF_AGENTS = ['client', 'agent', 'sector', 'channel'] as const

/**
 * The dimensions that the roll-up of a day writes each family by; of the others there is no row, which is not the same
 * as a row of zeros. Where facts of a family never say whom they belong to (a subscription and its agent), all of them
 * are in the member ''.
 */
const OF_FAMILY: Record<FamilyName, readonly Dimension[]> = {
  contacts: [...OF_AGENTS, 'campaign', 'customer-role', 'location'],
  satisfaction: [...OF_AGENTS, 'campaign', 'customer-role'],
  quality: OF_AGENTS,
  agentTime: OF_AGENTS,
  money: DIMENSIONS,
  subscriptions: DIMENSIONS,
  sales: DIMENSIONS,
  campaigns: DIMENSIONS,
  marketplace: DIMENSIONS,
  events: DIMENSIONS,
  dataQuality: ['client'],
}

/** The same of metric_histograms. */
const OF_MEASURE: Record<Measure, readonly Dimension[]> = {
  wait: OF_AGENTS,
  handle: OF_AGENTS,
  talk: OF_AGENTS,
  'sales-cycle': DIMENSIONS,
}

const OF_COMPONENT: ReadonlyMap<Component, readonly Dimension[]> = new Map(
  (Object.keys(OF_FAMILY) as FamilyName[]).flatMap((family) =>
    componentsOf(family).map((component) => [component, OF_FAMILY[family]] as const),
  ),
)

/** The dimensions that a metric can be asked for by, of which all that it is made of is kept. */
export function dimensionsOf(metric: Metric): Dimension[] {
  const parts = partsOf(metric)
  return DIMENSIONS.filter((dimension) => parts.every((kept) => kept.includes(dimension)))
}

function partsOf(metric: Metric): (readonly Dimension[])[] {
  switch (metric.kind) {
    case 'sums':
      return [metric.numerator, metric.denominator ?? {}].flatMap(ofWeights)
    case 'level':
      return [metric.numerator, ...(metric.denominator === null ? [] : [metric.denominator])].flatMap(
        ({ before, within }) => [...ofWeights(before), ...ofWeights(within)],
      )
    case 'percentile':
      return [OF_MEASURE[metric.measure]]
    case 'retention':
      return [['client']]
    case 'composite':
      return metric.parts.map(dimensionsOf)
  }
}

function ofWeights(weights: Weights): (readonly Dimension[])[] {
  return (Object.keys(weights) as Component[]).flatMap((component) => [OF_COMPONENT.get(component) ?? []])
}
