import type { BackendKind } from '../support/test-engine.ts'
import type { World } from './world.ts'

/**
 * What a fault showed: figures for the table, and every mark that did not hold, as a sentence that says what was found
 * instead. `late`: marks of time, which only a machine that has time for it can hold. `npm run faults` judges them;
 * where tests run, others do too.
 */
export type Verdict = { figures: Record<string, string | number>; missed: string[]; late: string[] }

/** One thing that a year in production brings, and what must hold all the same. */
export type Fault = {
  /** Kebab-case, after its file. */
  name: string
  /** What goes wrong, as a person would say it. */
  title: string
  /** What must hold. */
  mark: string
  backends: readonly BackendKind[]
  /** `own`: it breaks its servers, and gets a PostgreSQL and a Redis of its own. */
  servers: 'shared' | 'own'
  /** It compares times: nothing else may run beside it. */
  alone: boolean
  run(world: World, length: Length): Promise<Verdict>
}

/** `short` is part of ./scripts/test, `long` is `npm run faults`. */
export type Length = 'short' | 'long'

/** Declares a fault. It is the same fault in both lengths: only its sizes differ. */
export function defineFault<Size>(
  fault: Omit<Fault, 'run'> & { short: Size; long: Size; run(world: World, size: Size): Promise<Verdict> },
): Fault {
  const { short, long, run, ...about } = fault
  return { ...about, run: (world, length) => run(world, length === 'short' ? short : long) }
}

/** A condition, and what to say when it does not hold. */
export type Mark = [holds: boolean, otherwise: string]

/** The verdict on what was measured. `times`: the marks of time. */
export function verdict(figures: Verdict['figures'], marks: Mark[], times: Mark[] = []): Verdict {
  return { figures, missed: notHeld(marks), late: notHeld(times) }
}

function notHeld(marks: Mark[]): string[] {
  return marks.filter(([holds]) => !holds).map(([, otherwise]) => otherwise)
}

/** The value that `share` of all values do not exceed; null for none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
}

/** Milliseconds as seconds for a figure. */
export function seconds(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`
}
