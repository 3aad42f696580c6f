import type { ClaimedRun, Outcome, StopError } from '../work/attempt.ts'

/** What a worker says to a child process of its own, over IPC: no setting or secret stands on a command line. */
export type ToChild =
  | { kind: 'open'; settings: unknown }
  | { kind: 'run'; run: ClaimedRun }
  | { kind: 'stop'; why: StopError['why'] }
  | { kind: 'end' }

/** What a child answers. `unwritten`: the attempt ended, and the ledger could not be told. */
export type FromChild = { kind: 'ready' } | { kind: 'ended'; outcome: Outcome } | { kind: 'unwritten'; message: string }

/**
 * An outcome that can be sent: of its error only message and stack, because what else hangs on an error may be
 * anything.
 */
export function portable(outcome: Outcome): Outcome {
  if (!('error' in outcome)) return outcome
  const error = new Error(outcome.error.message)
  error.stack = outcome.error.stack ?? error.message
  return { ...outcome, error }
}
