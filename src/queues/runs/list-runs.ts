import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import { instantCursor, pageOf, rowsToRead } from '../../page.ts'
import { ENDED_STATES, OPEN_STATES, type RunState, UNSUCCESSFUL_STATES } from '../../run-state.ts'
import {
  allOf,
  type Condition,
  conditionsOf,
  inStates,
  plannedWithin,
  type RunFilter,
  statesWithin,
} from './run-filter.ts'
import { findRunViews, type RunView } from './run-views.ts'

/** A page of a list; `cursor` is the `nextCursor` of the page before. */
export type RunPageRequest = RunFilter & { cursor?: string; limit: number }

export type RunPage = {
  runs: RunView[]
  /** null: there are no more. */
  nextCursor: string | null
  /**
   * How far back a search looked that left off before its page was full; null: the page is full, or there are no more.
   */
  lookedBackTo: string | null
}

/** A place in the list: newest first, the id where two were planned at once. */
type Place = { plannedAt: string; id: string }

/**
 * Finished runs that a filter without an index of its own looks through at once, and for how long it goes on. An index
 * over what people search for would be written with every run: over the words of keys alone it costs half as much again
 * as all the ledger writes. A search looks back this far instead, and is asked to look further.
 */
const BOUNDS = { sliceRuns: 20_000, budgetMs: 200 }
const SLICES_MAX = 200

/** Newest first, in pages: the cursor is opaque and stays good while rows come and go. */
export async function listRuns(db: AnyDatabase, request: RunPageRequest, bounds = BOUNDS): Promise<RunPage> {
  const { cursor, limit, ...filter } = request
  const after = readPlace(cursor)
  // What a whole id means stands first, however old it is, and beside the others.
  const named = after === null ? await runNamed(db, filter) : []
  const { found, end } = await search(db, filter, { after, limit: rowsToRead(limit), ...bounds })
  const page = pageOf(found, limit, writePlace)
  return {
    runs: await findRunViews(db, [...named, ...page.rows.map(({ id }) => id)]),
    nextCursor: page.nextCursor ?? (end && writePlace(end)),
    lookedBackTo: end?.plannedAt ?? null,
  }
}

/** The first `limit` after a place; `end` is where the search left off before it came to the end of the ledger. */
async function search(
  db: AnyDatabase,
  filter: RunFilter,
  { limit, sliceRuns, budgetMs, ...from }: { after: Place | null; limit: number } & typeof BOUNDS,
): Promise<{ found: Place[]; end: Place | null }> {
  const began = performance.now()
  const found: Place[] = []
  let { after } = from
  for (let slice = 0; slice < SLICES_MAX; slice += 1) {
    const end = isSparse(filter) ? await sliceEnd(db, filter, after, Math.ceil(sliceRuns * shareRead(filter))) : null
    found.push(...(await placesBetween(db, filter, { after, end, limit: limit - found.length })))
    if (found.length >= limit || end === null) return { found, end: null }
    after = end
    if (performance.now() - began > budgetMs) break
  }
  return { found, end: after }
}

type Bounds = { after: Place | null; end: Place | null }

async function placesBetween(db: AnyDatabase, filter: RunFilter, bounds: Bounds & { limit: number }): Promise<Place[]> {
  const parts = [statesWithin(filter, ENDED_STATES), statesWithin(filter, OPEN_STATES)].filter(
    (states) => states.length > 0,
  )
  if (parts.length === 0) return []
  const conditions = [...conditionsOf(filter), ...notNamed(filter), ...plannedWithin(filter), ...within(bounds)]
  // A night is found by an index that does not keep the order; without the fence the planner walks the one that does.
  const fence = filter.night === undefined ? sql`` : sql`offset 0`
  const branch = (states: RunState[]) => sql`(
    select id, planned_at from (
      select r.id, r.planned_at from runs r where ${allOf([inStates(states), ...conditions])} ${fence}
    ) r order by planned_at desc, id desc limit ${bounds.limit})`
  const { rows } = await sql<Place>`
    select id, planned_at as "plannedAt" from (${sql.join(parts.map(branch), sql` union all `)}) r
    order by planned_at desc, id desc limit ${bounds.limit}`.execute(db)
  return rows
}

/** From after one place to another, which is part of it. */
function within({ after, end }: Bounds): Condition[] {
  return [
    ...(after === null
      ? []
      : [sql<boolean>`(r.planned_at, r.id) < (${after.plannedAt}::timestamptz, ${after.id}::uuid)`]),
    ...(end === null ? [] : [sql<boolean>`(r.planned_at, r.id) >= (${end.plannedAt}::timestamptz, ${end.id}::uuid)`]),
  ]
}

/** Whether a page of finished runs may lie far apart in the index that holds them in order. */
function isSparse(filter: RunFilter): boolean {
  const { clientId, job, origin, night, windowFrom, windowTo, text } = filter
  if (night !== undefined || statesWithin(filter, ENDED_STATES).length === 0) return false
  const others = [origin, windowFrom, windowTo, text, ...(asksForUnsuccessful(filter) ? [clientId, job] : [])]
  return others.some((value) => value !== undefined) || (clientId !== undefined && job !== undefined)
}

/**
 * Of what lies together many rows come with one read; of what lies apart each is one read, unless the index says it
 * all.
 */
function shareRead(filter: RunFilter): number {
  const { clientId, job, origin, windowFrom, windowTo, text } = filter
  if (asksForUnsuccessful(filter))
    return [origin, windowFrom, windowTo, text].some((value) => value !== undefined) ? 0.1 : 1
  return clientId === undefined && job === undefined ? 1 : 0.5
}

function asksForUnsuccessful(filter: RunFilter): boolean {
  return !statesWithin(filter, ENDED_STATES).includes('succeeded')
}

/**
 * The last of the next finished runs to look through; null: they are the last of all. Reads runs_finished,
 * runs_of_client or runs_of_job and no row.
 */
async function sliceEnd(db: AnyDatabase, filter: RunFilter, after: Place | null, runs: number): Promise<Place | null> {
  const { clientId, job } = filter
  const driver = asksForUnsuccessful(filter)
    ? [inStates(UNSUCCESSFUL_STATES)]
    : [
        inStates(ENDED_STATES),
        ...conditionsOf(clientId !== undefined ? { clientId } : job !== undefined ? { job } : {}),
      ]
  const { rows } = await sql<Place>`
    select r.id, r.planned_at as "plannedAt" from runs r
    where ${allOf([...driver, ...plannedWithin(filter), ...within({ after, end: null })])}
    order by r.planned_at desc, r.id desc offset ${runs - 1} limit 1`.execute(db)
  return rows[0] ?? null
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

async function runNamed(db: AnyDatabase, { text, ...rest }: RunFilter): Promise<string[]> {
  if (text === undefined || !UUID.test(text)) return []
  const states = statesWithin(rest, [...ENDED_STATES, ...OPEN_STATES])
  if (states.length === 0) return []
  const conditions = [
    sql<boolean>`r.id = ${text}::uuid`,
    inStates(states),
    ...conditionsOf(rest),
    ...plannedWithin(rest),
  ]
  const { rows } = await sql<{ id: string }>`select r.id from runs r where ${allOf(conditions)}`.execute(db)
  return rows.map(({ id }) => id)
}

function notNamed({ text }: RunFilter): Condition[] {
  return text !== undefined && UUID.test(text) ? [sql`r.id <> ${text}::uuid`] : []
}

function writePlace({ plannedAt, id }: Place): string {
  return instantCursor.write([plannedAt, id])
}

function readPlace(cursor: string | undefined): Place | null {
  const place = instantCursor.read(cursor)
  return place && { plannedAt: place[0], id: place[1] }
}
