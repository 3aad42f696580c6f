import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { RunState } from '../../run-state.ts'
import type { Day } from '../../time.ts'
import type { Origin } from './plan-runs.ts'

/** Which runs; what is not named does not select. */
export type RunFilter = {
  clientId?: string
  job?: string
  states?: readonly RunState[]
  origin?: Origin
  /** The local day whose night they belong to. */
  night?: Day
  /** Local days, half-open: runs whose window overlaps them. */
  windowFrom?: Day
  windowTo?: Day
  /** Instants, half-open. */
  plannedFrom?: string
  plannedTo?: string
  /** Anywhere in key, error code, error message or id, in whatever case. */
  text?: string
}

export type Condition = RawBuilder<SqlBool>

/** The states a filter leaves of these. */
export function statesWithin({ states }: RunFilter, of: readonly RunState[]): RunState[] {
  return of.filter((state) => states === undefined || states.includes(state))
}

/** `r.state in (…)` with the states written out, so that the planner sees which of the partial indexes holds them. */
export function inStates(states: readonly RunState[]): Condition {
  const flying = states.filter((state) => state === 'queued' || state === 'running')
  const isMixed = states.includes('planned') && flying.length > 0
  // runs_planned holds the one, runs_in_flight the others: only an `or` lets it use both.
  if (isMixed) return sql`(r.state = 'planned' or ${inStates(states.filter((state) => state !== 'planned'))})`
  return sql`r.state in (${sql.join(states.map((state) => sql.lit(state)))})`
}

/** What a filter asks of a row `r` of runs, but for its state and when it was planned. */
export function conditionsOf(filter: RunFilter): Condition[] {
  const { clientId, job, origin, night, windowFrom, windowTo, text } = filter
  const conditions: Condition[] = []
  if (clientId !== undefined) conditions.push(sql`r.client_id = ${clientId}`)
  if (job !== undefined) conditions.push(sql`r.job = ${job}`)
  if (origin !== undefined) conditions.push(sql`r.origin = ${origin}`)
  if (night !== undefined) conditions.push(nightIs(night, clientId))
  if (windowFrom !== undefined) conditions.push(sql`r.window_to > ${windowFrom}::date`)
  if (windowTo !== undefined) conditions.push(sql`r.window_from < ${windowTo}::date`)
  if (text !== undefined) conditions.push(mentions(text))
  return conditions
}

/** Whether a row was planned within the filter's time. */
export function plannedWithin({ plannedFrom, plannedTo }: RunFilter): Condition[] {
  return [
    ...(plannedFrom === undefined ? [] : [sql<SqlBool>`r.planned_at >= ${plannedFrom}::timestamptz`]),
    ...(plannedTo === undefined ? [] : [sql<SqlBool>`r.planned_at < ${plannedTo}::timestamptz`]),
  ]
}

/** runs_night begins with the client: naming every client reads it once for each instead of reading all runs. */
function nightIs(night: Day, clientId: string | undefined): Condition {
  if (clientId !== undefined) return sql`r.night = ${night}::date`
  return sql`r.night = ${night}::date and (r.client_id = any(array(select id from clients)) or r.client_id is null)`
}

function mentions(text: string): Condition {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const byId = mayBeId(text) ? sql` or r.id::text like ${pattern.toLowerCase()}` : sql``
  return sql`(r.key ilike ${pattern} or r.error_message ilike ${pattern} or r.error_code ilike ${pattern}${byId})`
}

function mayBeId(text: string): boolean {
  return /^[0-9a-f-]{4,36}$/i.test(text)
}

export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`
}
