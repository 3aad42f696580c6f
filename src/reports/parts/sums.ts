import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import type { MetricsAnswer } from '../../analytics/questions/index.ts'
import type { Check, Format, Value } from '../document.ts'
import { formatOf, type Slice, totalOf, valueIn } from './measured.ts'

/** The sums that must hold in a report. */
export type Sums = {
  /** Metrics of the whole period that add up to another one. */
  equations: { parts: readonly MetricKey[]; whole: MetricKey }[]
  /**
   * Metrics that everything named in `over`, by the ids of the parts of the report, adds up to. `as`: what it is called
   * in short.
   */
  addUp: { metric: MetricKey; as: string; over: readonly { id: string; called: string }[] }[]
}

export function checkOf(label: string, left: Value, right: Value, format: Format): Check {
  return { ...format, label, left, right, holds: left === right }
}

/**
 * Both sides are read by themselves: the whole from the roll-up of the client, its parts from those of members, hours
 * and days. `parts`: those within the period.
 */
export function sumChecks(sums: Sums, whole: MetricsAnswer, parts: ReadonlyMap<string, readonly Slice[]>): Check[] {
  return [...sums.equations.map((equation) => equationCheck(equation, whole)), ...partChecks(sums, whole, parts)]
}

function equationCheck({ parts, whole: key }: Sums['equations'][number], whole: MetricsAnswer): Check {
  const values = totalOf(whole)
  const [first = '', ...others] = parts.map((part) => METRICS[part].label)
  const left = [first, ...others.map(lowerCase)].join(' + ')
  const sum = parts.reduce((total, part) => total + (valueIn(values, part) ?? 0), 0)
  return checkOf(`${left} = ${lowerCase(METRICS[key].label)}`, sum, valueIn(values, key), formatOf(METRICS[key]))
}

function partChecks({ addUp }: Sums, whole: MetricsAnswer, parts: ReadonlyMap<string, readonly Slice[]>): Check[] {
  return addUp.flatMap(({ metric, as, over }) =>
    over.map(({ id, called }) => {
      const slices = parts.get(id)
      if (slices === undefined) throw new TypeError(`the report has no part ${id}`)
      const sum = slices.reduce((total, { values }) => total + (valueIn(values, metric) ?? 0), 0)
      const label = `${as} of all ${called} = ${lowerCase(METRICS[metric].label)}`
      return checkOf(label, sum, valueIn(totalOf(whole), metric), formatOf(METRICS[metric]))
    }),
  )
}

function lowerCase(label: string): string {
  return label.toLowerCase()
}
