import type { ComponentSums } from '../metrics/index.ts'
import { measureAll } from './measure.ts'
import type { MetricsAnswer, Values } from './question.ts'
import { addTo } from './sums.ts'

/**
 * What answers by hour to one question about one window after the other say of each hour of the local clock, 00 to 23,
 * in that order: the same hour of all days together, and both of the same name when clocks go back. Hours that no day
 * has are not there.
 */
export function hoursOfDay(answers: readonly MetricsAnswer[]): { hour: string; values: Values }[] {
  const [first] = answers
  if (first === undefined) return []
  const { metrics, timeZone } = first
  const hours = new Map<number, ComponentSums>()
  for (const { bucket, sums } of answers.flatMap(({ groups }) => groups)) {
    if (bucket === null) throw new TypeError('only an answer by hour has hours')
    const { hour } = Temporal.Instant.from(bucket).toZonedDateTimeISO(timeZone)
    const total = hours.get(hour) ?? {}
    addTo(total, sums)
    hours.set(hour, total)
  }
  return [...hours]
    .sort(([a], [b]) => a - b)
    .map(([hour, sums]) => ({
      hour: String(hour).padStart(2, '0'),
      values: measureAll(metrics, { sums, before: {}, histograms: {} }),
    }))
}
