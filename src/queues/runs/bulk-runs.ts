import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import { isOpen, OPEN_STATES, type RunState, UNSUCCESSFUL_STATES } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import type { QueueName } from '../job.ts'
import type { Registry } from '../registry.ts'
import type { PlanOptions } from './plan-runs.ts'
import { retryRuns } from './retry-runs.ts'
import { allOf, conditionsOf, inStates, plannedWithin, type RunFilter, statesWithin } from './run-filter.ts'

/** Plan again what failed or was cancelled; cancel what is open and set aside what failed. */
export const BULK_ACTIONS = ['retry', 'discard'] as const
export type BulkAction = (typeof BULK_ACTIONS)[number]

/** Runs that would change, by the state they are in. */
export type BulkCount = { total: number; byState: Partial<Record<RunState, number>> }

/**
 * What each takes when the filter names no state, and what it can take at all: what was cancelled was so on purpose.
 */
const TAKEN = {
  retry: { unnamed: ['failed'], named: UNSUCCESSFUL_STATES },
  discard: { unnamed: [...OPEN_STATES, 'failed'], named: [...OPEN_STATES, 'failed'] },
} as const satisfies Record<BulkAction, Record<'unnamed' | 'named', readonly RunState[]>>

/** Runs that one call changes; whoever means more says so in several. */
const RUNS_MAX = 100_000
/** Runs that one statement changes. */
const BATCH = 1000

function statesTaken(action: BulkAction, filter: RunFilter): RunState[] {
  const { unnamed, named } = TAKEN[action]
  return filter.states === undefined ? [...unnamed] : statesWithin(filter, named)
}

/**
 * The rows a bulk action takes: a select list over them, put together of those that open and unsuccessful runs have an
 * index for.
 */
function selectTaken(action: BulkAction, filter: RunFilter, columns: string) {
  const states = statesTaken(action, filter)
  const parts = [states.filter(isOpen), states.filter((state) => !isOpen(state))]
  const conditions = [...conditionsOf(filter), ...plannedWithin(filter)]
  const branches = parts.flatMap((part) => {
    if (part.length === 0) return []
    const all = allOf([
      inStates(part),
      sql<boolean>`(r.state <> 'running' or r.cancel_requested_at is null)`,
      ...conditions,
    ])
    return [sql`select ${sql.raw(columns)} from runs r where ${all}`]
  })
  return branches.length === 0 ? null : sql.join(branches, sql` union all `)
}

/** Counts what an action would change now, and changes nothing. */
export async function countBulk(db: AnyDatabase, action: BulkAction, filter: RunFilter): Promise<BulkCount> {
  const taken = selectTaken(action, filter, 'r.state')
  if (taken === null) return { total: 0, byState: {} }
  const { rows } = await sql<{ state: RunState; runs: number }>`
    select state, count(*)::int as runs from (${taken}) r group by state order by state`.execute(db)
  return {
    total: rows.reduce((total, { runs }) => total + runs, 0),
    byState: Object.fromEntries(rows.map(({ state, runs }) => [state, runs])),
  }
}

/** The runs an action takes, oldest first. Throws InputError `more-match` when they are more than somebody has seen. */
async function runsTaken(db: AnyDatabase, action: BulkAction, filter: RunFilter, seen: number): Promise<string[]> {
  const taken = selectTaken(action, filter, 'r.id, r.planned_at')
  if (taken === null) return []
  const { rows } = await sql<{ id: string }>`
    select id from (${taken}) r order by planned_at, id limit ${seen + 1}`.execute(db)
  if (rows.length <= seen) return rows.map(({ id }) => id)
  const { total } = await countBulk(db, action, filter)
  throw new InputError('more-match', `${total} runs match now, more than the ${seen} you saw. Count again.`)
}

type Discarded = { id: string; queue: QueueName; was: RunState }

const setAside = sqlFile<Discarded>(import.meta.dirname, 'discard-runs.sql')

/** Discards those of the runs that are in one of the states. */
export async function discardRuns(
  db: AnyDatabase,
  runIds: readonly string[],
  states: readonly RunState[],
  requestedBy: string,
): Promise<Discarded[]> {
  return runIds.length === 0 ? [] : setAside(db, [runIds, states, requestedBy])
}

export type BulkTools = {
  db: AnyDatabase
  registry: Registry
  /** Called with what is to leave its queue. */
  onDiscarded(runs: readonly Discarded[]): Promise<void>
}

/**
 * Does to everything that matches, batch by batch, what `retry` and `discard` do to one. `seen` is the count somebody
 * agreed to. Twice is the same as once. Returns how many runs changed. Throws InputError `more-match` 409, `too-many`
 * 422.
 */
export async function changeInBulk(
  { db, registry, onDiscarded }: BulkTools,
  request: { action: BulkAction; filter: RunFilter; seen: number; requestedBy: string },
): Promise<number> {
  const { action, filter, seen, requestedBy } = request
  if (seen > RUNS_MAX) {
    throw new InputError('too-many', `At most ${RUNS_MAX} runs are changed at once. Narrow the filter down.`)
  }
  const ids = await runsTaken(db, action, filter, seen)
  const states = statesTaken(action, filter)
  const plan: PlanOptions = { origin: 'person', requestedBy, priority: 1 }
  let changed = 0
  for (let at = 0; at < ids.length; at += BATCH) {
    const batch = ids.slice(at, at + BATCH)
    if (action === 'retry') {
      changed += (await retryRuns({ db, registry }, batch, states, plan)).length
      continue
    }
    const discarded = await discardRuns(db, batch, states, requestedBy)
    await onDiscarded(discarded.filter(({ was }) => was === 'queued'))
    changed += discarded.length
  }
  return changed
}
