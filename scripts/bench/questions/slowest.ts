import { type Measure, percentile } from '../table.ts'

export const ms = (value: number) => `${value.toFixed(1)} ms`
export const p95 = (values: readonly number[]) => percentile(values, 0.95)

/** The p95 of one question. */
export type Slowest = { work: { name: string }; p95Ms: number }

/** A mark is held when the slowest question holds it. */
export function slowest(work: string, questions: readonly Slowest[], maxMs: number): Measure {
  const [worst] = questions.toSorted((a, b) => b.p95Ms - a.p95Ms)
  if (worst === undefined) throw new Error('no question was asked')
  const figure = `${ms(worst.p95Ms)} (${worst.work.name})`
  return { work, figure, mark: `≤ ${maxMs} ms`, held: worst.p95Ms <= maxMs }
}
