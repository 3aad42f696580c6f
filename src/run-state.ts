/** The states of a run, in the order it goes through them; a run that failed or was cancelled can be planned again. */
export const RUN_STATES = ['planned', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type RunState = (typeof RUN_STATES)[number]

/** It has not ended: something of it is still to come. */
export const OPEN_STATES = ['planned', 'queued', 'running'] as const satisfies RunState[]
export const ENDED_STATES = ['succeeded', 'failed', 'cancelled'] as const satisfies RunState[]
/** It ended without success: what depends on it waits, and it can be retried. */
export const UNSUCCESSFUL_STATES = ['failed', 'cancelled'] as const satisfies RunState[]

export function isOpen(state: RunState): boolean {
  return (OPEN_STATES as readonly RunState[]).includes(state)
}

export function isUnsuccessful(state: RunState): boolean {
  return (UNSUCCESSFUL_STATES as readonly RunState[]).includes(state)
}
