import { printTable } from '../../src/main/print.ts'

/** One measured figure. `held` null: there is no mark, it is there to compare with. */
export type Measure = { work: string; figure: string; mark: string; held: boolean | null }

/** Prints what was measured; returns the exit code: 1 when a mark was missed. */
export function closeBench(measures: readonly Measure[]): number {
  printTable([
    ['work', 'figure', 'mark', ''],
    ...measures.map(({ work, figure, mark, held }) => [
      work,
      figure,
      mark,
      held === null ? '' : held ? 'held' : 'MISSED',
    ]),
  ])
  return measures.some(({ held }) => held === false) ? 1 : 0
}

/** Progress goes where it does not get into a table somebody keeps. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** The value below which the share `p` of the values lies (nearest rank). */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)
