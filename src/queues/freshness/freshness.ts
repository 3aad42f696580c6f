import { z } from 'zod'
import type { AnyDatabase } from '../../db/database.ts'
import { messageOf } from '../../errors.ts'
import { cursorWord, defineCursor, pageOf, rowsToRead } from '../../page.ts'
import { sqlFile } from '../../sql.ts'
import { addDays, type Day, dayOf, HOUR_MS, startOfDay } from '../../time.ts'
import type { AnyJob } from '../job.ts'
import { jobOfRun, type Registry } from '../registry.ts'
import { firesBetween } from '../schedules/cron.ts'
import { zoneOf } from '../schedules/schedule-row.ts'

export const WINDOW_STATES = ['done', 'waiting', 'late', 'failed', 'cancelled', 'missing'] as const

/**
 * waiting: to be done, and not yet late. late: past its deadline and not done. missing: it was due, and nobody planned
 * it (the schedule was paused, nobody planned and missed windows are left out, the run was deleted).
 */
export type WindowState = (typeof WINDOW_STATES)[number]

/** One window a schedule is answerable for: local days of the client, half-open. */
export type WindowFreshness = {
  from: Day
  to: Day
  dueAt: string
  lateAt: string | null
  state: WindowState
  /** How long after its deadline it was first done, or now is; null: in time, or without a deadline. */
  lateByS: number | null
  runId: string | null
}

/** How far one schedule of one client has come, window by window, oldest first. */
export type ScheduleFreshness = {
  scheduleId: string
  clientId: string
  clientName: string
  job: string
  /** What the schedule adds to its job's payload: which report, for one. */
  extra: Record<string, unknown>
  timeZone: string
  pausedUntil: string | null
  /**
   * The end of the newest window that is done, as an instant and as the day after its last; older windows may be
   * missing: see gaps.
   */
  freshUntil: string | null
  freshTo: Day | null
  /** Windows behind freshTo that are not done. */
  gaps: number
  counts: Record<WindowState, number>
  windows: WindowFreshness[]
  /** Why its windows cannot be told; null: they can. */
  problem: string | null
}

export type FreshnessQuery = {
  at: Temporal.Instant
  /** Windows whose last day is among the client's last so many days before today. */
  days: number
  clientId?: string | undefined
  job?: string | undefined
  cursor?: string | undefined
  limit: number
  /** Runs and facts older than so many days are deleted: nothing older is missing. */
  keptDays: number
  /** The first day a client has facts of; null: none, so nothing is owed. */
  factsSince(clientIds: readonly string[]): Promise<ReadonlyMap<string, Day>>
}

type Schedule = Awaited<ReturnType<typeof schedulesOf>>[number]
type Owed = { from: Day; to: Day; key: string; dueAt: string; lateAt: string | null; owed: boolean }
type Found = { n: number; runId: string | null; lateAt: string | null; state: WindowState; lateByS: number | null }

const windowStates = sqlFile<Found>(import.meta.dirname, 'freshness.sql')
type NewestWindow = { id: string; clientId: string; job: string; freshTo: Day | null; lagSeconds: number | null }

const newestWindows = sqlFile<NewestWindow>(import.meta.dirname, 'newest-windows.sql')

/** Fire times looked at per cron expression and zone; of one that fires every minute the newest days only. */
const FIRES_MAX = 5000

const scheduleCursor = defineCursor(z.tuple([cursorWord, cursorWord]))

/**
 * How the windows of every schedule in sight stand, in the order of client and schedule. Throws InputError
 * `invalid-cursor`.
 */
export async function readFreshness(
  db: AnyDatabase,
  registry: Registry,
  query: FreshnessQuery,
): Promise<{ schedules: ScheduleFreshness[]; nextCursor: string | null }> {
  const { rows: page, nextCursor } = pageOf(await schedulesOf(db, query), query.limit, ({ clientId, id }) =>
    scheduleCursor.write([clientId, id]),
  )
  const since = await query.factsSince([...new Set(page.map((row) => row.clientId))])
  const firesOf = rememberFires(query)
  const told = page.map((row) => owedBy(row, registry, firesOf, query, since.get(row.clientId) ?? null))
  const found = await stateOf(
    db,
    told.flatMap(({ row, windows }) => windows.map((each) => ({ ...each, job: row.job }))),
    query.at,
  )
  const newest = new Map(
    (await newestWindows(db, [page.map((row) => row.id)])).map((row) => [row.id, row.freshTo] as const),
  )
  let first = 0
  const schedules = told
    .map((each) => {
      const windows = each.windows.flatMap((window, index) => describe(window, found.get(first + index)))
      first += each.windows.length
      return summarise(each, windows, newest.get(each.row.id) ?? null)
    })
    .filter(isAboutWindows)
  return { schedules, nextCursor }
}

/** The newest window of every schedule that is done, and how long ago it ended. */
export function readNewestWindows(db: AnyDatabase): Promise<NewestWindow[]> {
  return newestWindows(db, [null])
}

function schedulesOf(db: AnyDatabase, { clientId, job, cursor, limit }: FreshnessQuery) {
  let rows = db
    .selectFrom('schedules as s')
    .innerJoin('clients as c', 'c.id', 's.client_id')
    .select(['s.id', 'c.id as clientId', 'c.name as clientName', 'c.time_zone as client_zone', 's.job', 's.cron'])
    .select(['s.zone', 's.payload as extra', 's.late_after_s as lateAfterS', 's.paused_until as pausedUntil'])
    .select('s.in_force_since as inForceSince')
    .orderBy('c.id')
    .orderBy('s.id')
    .limit(rowsToRead(limit))
  if (clientId !== undefined) rows = rows.where('s.client_id', '=', clientId)
  if (job !== undefined) rows = rows.where('s.job', '=', job)
  const after = scheduleCursor.read(cursor)
  if (after !== null) {
    const [client, schedule] = after
    rows = rows.where((is) =>
      is.or([is('c.id', '>', client), is.and([is('c.id', '=', client), is('s.id', '>', schedule)])]),
    )
  }
  return rows.execute()
}

type FiresOf = (cron: string, zone: string) => Temporal.Instant[]

/** Clients share zones and jobs their expressions: each pair is worked out once. */
function rememberFires({ at, days }: FreshnessQuery): FiresOf {
  const known = new Map<string, Temporal.Instant[]>()
  return (cron, zone) => {
    const name = `${cron}|${zone}`
    const fires = known.get(name) ?? firesBefore(cron, zone, at, days + 2)
    known.set(name, fires)
    return fires
  }
}

/** Fire times of the last days, oldest first. */
function firesBefore(cron: string, zone: string, at: Temporal.Instant, days: number): Temporal.Instant[] {
  const fires: Temporal.Instant[][] = []
  let count = 0
  for (let back = 0; back < days && count < FIRES_MAX; back += 1) {
    const until = at.subtract({ hours: 24 * back })
    const day = firesBetween(cron, zone, until.subtract({ hours: 24 }), until)
    fires.push(day)
    count += day.length
  }
  return fires.reverse().flat()
}

type Told = { row: Schedule; windows: Owed[]; problem: string | null }

function owedBy(row: Schedule, registry: Registry, firesOf: FiresOf, query: FreshnessQuery, since: Day | null): Told {
  try {
    const job = jobOfRun(registry, row.job)
    return { row, windows: windowsOf(row, job, firesOf(row.cron, zoneOf(row)), query, since), problem: null }
  } catch (error) {
    return { row, windows: [], problem: messageOf(error) }
  }
}

function windowsOf(row: Schedule, job: AnyJob, fires: Temporal.Instant[], query: FreshnessQuery, since: Day | null) {
  const firstDay = addDays(dayOf(query.at, row.client_zone), -query.days)
  const keptSince = query.at.subtract({ milliseconds: query.keptDays * 24 * HOUR_MS })
  const windows = new Map<string, Owed>()
  for (const dueAt of fires) {
    const target = targetOf(row, job, dueAt)
    if (target === null || windows.has(target.key) || addDays(target.to, -1) < firstDay) continue
    const isOwed =
      since !== null &&
      addDays(target.to, -1) >= since &&
      Temporal.Instant.compare(dueAt, row.inForceSince) > 0 &&
      Temporal.Instant.compare(dueAt, keptSince) > 0
    const lateAt = row.lateAfterS === null ? null : dueAt.add({ seconds: row.lateAfterS }).toString()
    windows.set(target.key, { ...target, dueAt: dueAt.toString(), lateAt, owed: isOwed })
  }
  return [...windows.values()].sort((a, b) => (a.to < b.to ? -1 : 1))
}

/** What a fire of the schedule is about; null: about no days. */
function targetOf(row: Schedule, job: AnyJob, dueAt: Temporal.Instant): { key: string; from: Day; to: Day } | null {
  if (job.schedule === null) throw new Error(`job ${job.name} cannot be scheduled`)
  const client = { id: row.clientId, timeZone: row.client_zone }
  const payload: unknown = job.payload.parse(job.schedule.payload(dueAt, client, row.extra as Record<string, unknown>))
  const window = job.window(payload)
  return window && { key: job.key(payload), from: window.from, to: window.to }
}

async function stateOf(
  db: AnyDatabase,
  windows: (Owed & { job: string })[],
  at: Temporal.Instant,
): Promise<Map<number, Found>> {
  if (windows.length === 0) return new Map()
  const given = windows.map(({ job, key, dueAt, lateAt, owed }, n) => ({ n, job, key, dueAt, lateAt, owed }))
  const rows = await windowStates(db, [JSON.stringify(given), at.toString()])
  return new Map(rows.map((row) => [row.n, row]))
}

function describe({ from, to, dueAt }: Owed, found: Found | undefined): WindowFreshness[] {
  if (!found) return []
  const { state, runId, lateAt, lateByS } = found
  return [
    { from, to, dueAt, lateAt, state, lateByS: lateByS !== null && lateByS > 0 ? Math.round(lateByS) : null, runId },
  ]
}

function summarise({ row, problem }: Told, windows: WindowFreshness[], newest: Day | null): ScheduleFreshness {
  const done = windows.filter(({ state }) => state === 'done').map(({ to }) => to)
  const freshTo = [...done, ...(newest === null ? [] : [newest])].reduce<Day | null>(
    (last, to) => (last === null || to > last ? to : last),
    null,
  )
  const count = (state: WindowState) => windows.filter((window) => window.state === state).length
  return {
    scheduleId: row.id,
    clientId: row.clientId,
    clientName: row.clientName,
    job: row.job,
    extra: row.extra as Record<string, unknown>,
    timeZone: row.client_zone,
    pausedUntil: row.pausedUntil,
    freshUntil: freshTo === null ? null : startOfDay(freshTo, row.client_zone).toString(),
    freshTo,
    gaps: windows.filter(({ state, to }) => state !== 'done' && freshTo !== null && to <= freshTo).length,
    counts: Object.fromEntries(WINDOW_STATES.map((state) => [state, count(state)])) as Record<WindowState, number>,
    windows,
    problem,
  }
}

/** Jobs about no days have no windows to be fresh. */
function isAboutWindows({ windows, freshTo, problem }: ScheduleFreshness): boolean {
  return windows.length > 0 || freshTo !== null || problem !== null
}
