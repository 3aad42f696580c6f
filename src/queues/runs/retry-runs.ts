import type { AnyDatabase } from '../../db/database.ts'
import { isUnsuccessful, type RunState, UNSUCCESSFUL_STATES } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import { systemClock } from '../../time.ts'
import type { Registry } from '../registry.ts'
import { type PlanOptions, planAgain, planRuns } from './plan-runs.ts'

type Needed = { id: string; job: string; state: RunState; payload: unknown; gone: boolean }

const unsuccessfulBelow = sqlFile<Needed>(import.meta.dirname, 'unsuccessful-below.sql')

/**
 * Plans runs again that are in one of the states, and with them everything unsuccessful that they depend on or that a
 * planned one waits for; what retention has deleted below them is planned again. Nothing that succeeded runs again.
 * Returns the ids that are planned again.
 */
export async function retryRuns(
  { db, registry }: { db: AnyDatabase; registry: Registry },
  runIds: readonly string[],
  states: readonly RunState[],
  options: PlanOptions,
): Promise<string[]> {
  const asked = new Set(runIds)
  const needed = await unsuccessfulBelow(db, [runIds])
  // From below: if we die half-way, what was asked for is still as it was and can be asked for again.
  const deleted = needed.filter(({ gone }) => gone).flatMap((run) => standsOn(registry, run))
  const planned = await planRuns(
    db,
    deleted.map((request) => ({ request, options })),
  )
  const below = needed.filter(({ id, state }) => !asked.has(id) && isUnsuccessful(state))
  const revived = await planAgain(db, below, UNSUCCESSFUL_STATES, options)
  const again = await planAgain(
    db,
    runIds.map((id) => ({ id })),
    states,
    options,
  )
  return [...again, ...revived, ...planned.map(({ id }) => id)]
}

/**
 * What a run depends on as its job says now; nothing for a job or payload that this version does not know: it fails by
 * itself.
 */
function standsOn(registry: Registry, { job: name, payload }: Needed) {
  const job = registry.get(name)
  const parsed = job?.payload.safeParse(payload)
  return job && parsed?.success ? job.after(parsed.data, systemClock()) : []
}
