import { METRICS, type MetricKey } from '../../analytics/metrics/index.ts'
import { type MetricsAnswer, settledFrom } from '../../analytics/questions/index.ts'
import { addDays } from '../../time.ts'
import type { Block, DocumentMeta } from '../document.ts'
import { windowLabel } from '../period.ts'
import { measuredIn, totalOf } from './measured.ts'

export function note(tone: 'info' | 'warning', text: string): Block {
  return { kind: 'note', tone, text }
}

/** That nothing happened, or that nothing is known. `nothing` in words: "no orders". */
export function emptyNote(nothing: string, { dataAsOf, windowLabel }: DocumentMeta): Block {
  const text =
    dataAsOf === null
      ? `Nothing of ${windowLabel} has been rolled up yet, so there is nothing to report.`
      : `There were ${nothing} in ${windowLabel}.`
  return note('info', text)
}

/** The metrics that are critical by the limits of the client. */
export function criticalNotes(keys: readonly MetricKey[], whole: MetricsAnswer): Block[] {
  const values = totalOf(whole)
  const critical = values === null ? [] : keys.filter((key) => measuredIn(values, key).level === 'critical')
  const names = critical.map((key) => METRICS[key].label).join(', ')
  return critical.length === 0 ? [] : [note('warning', `Critical: ${names}.`)]
}

/** The metrics that repeats in the days after the period can still change, and until when they can. */
export function provisionalNotes(
  keys: readonly MetricKey[],
  { period, timeZone }: MetricsAnswer,
  locale: string,
): Block[] {
  const settled = settledFrom(period, timeZone)
  const until = windowLabel({ from: addDays(settled, -1), to: settled }, locale)
  return keys
    .map((key) => METRICS[key])
    .filter(({ name }) => period.standing.provisionalMetrics.includes(name))
    .map(({ label, direction }) => {
      const change = direction === 'up' ? 'lower' : 'raise'
      const name = label.replace(/ \([^)]*\)$/, '')
      return note(
        'info',
        `${name} is provisional: customers may come back until ${until}, which can only ${change} it.`,
      )
    })
}

/** What to know about comparisons: that there is none, or that it may still change. */
export function comparisonNotes({ comparisons }: MetricsAnswer, locale: string): Block[] {
  return comparisons.flatMap(({ period }) => {
    const label = windowLabel(period, locale)
    if (period.total === null) return [note('info', `Nothing is known of ${label}, so there is no comparison with it.`)]
    const count = period.standing.missingDays.length + period.standing.dirtyDays.length
    if (count === 0) return []
    const days = count === 1 ? '1 of its days is' : `${count} of its days are`
    return [note('info', `The comparison with ${label} is provisional: ${days} missing or incomplete.`)]
  })
}
