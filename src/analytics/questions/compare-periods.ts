import type { DayWindow } from '../../time.ts'
import { changeOf } from './changes.ts'
import type { AskQuestion } from './create-questions.ts'
import type { AskedMetric, Change, MetricQuestion, Period } from './question.ts'

export type PeriodComparison = {
  metrics: AskedMetric[]
  period: Period
  /** What it is compared with. */
  other: Period
  /** From the other to this one. */
  changes: Readonly<Record<string, Change>>
}

/** Metrics of any two ranges, and how they differ. Throws what `askMetrics` does. */
export async function comparePeriods(
  askQuestion: AskQuestion,
  { range, other, ...question }: Omit<MetricQuestion, 'granularity' | 'dimension' | 'compare'> & { other: DayWindow },
): Promise<PeriodComparison> {
  const ask = { ...question, granularity: 'none', dimension: 'client', compare: [] } as const
  const now = await askQuestion({ ...ask, range })
  const then = await askQuestion({ ...ask, range: other })
  const valueIn = ({ total }: Period, name: string) => total?.values[name]?.value ?? null
  const changes = now.metrics.map((metric) => {
    const { name } = metric
    return [name, changeOf(metric, valueIn(now.period, name), valueIn(then.period, name))]
  })
  return { metrics: now.metrics, period: now.period, other: then.period, changes: Object.fromEntries(changes) }
}
