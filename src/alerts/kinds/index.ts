import type { AlertKind } from '../alert-kind.ts'
import { queueOld } from './queue-old.ts'
import { runFailed } from './run-failed.ts'
import { runStalled } from './run-stalled.ts'
import { windowLate } from './window-late.ts'

/** Every kind of thing that a person should know, in the order of docs/alerts.md. */
export const alertKinds = [runFailed, windowLate, runStalled, queueOld] as const satisfies readonly AlertKind[]

/** undefined for a kind that only another version knows, whose alerts are shown and told all the same. */
export function alertKindNamed(name: string): AlertKind | undefined {
  return alertKinds.find((kind) => kind.name === name)
}
