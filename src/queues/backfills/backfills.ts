import { sql } from 'kysely'
import type { AnyDatabase, AnyTransaction } from '../../db/database.ts'
import { ENDED_STATES, isOpen, isUnsuccessful, type RunState, UNSUCCESSFUL_STATES } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import type { DayWindow } from '../../time.ts'
import type { QueueName } from '../job.ts'
import {
  findRuns,
  identityOf,
  type PlanOptions,
  type PlanRequest,
  planAgain,
  planRuns,
  withDependencies,
} from '../runs/plan-runs.ts'
import { findBackfillView } from './backfill-views.ts'
import { type BackfillRange, type BackfillWindow, backfillWindows } from './backfill-windows.ts'

/**
 * What to do with windows that ran before: leave them; run those again that failed or were cancelled; run all again.
 */
export const REPROCESS = ['none', 'failed', 'all'] as const
export type Reprocess = (typeof REPROCESS)[number]

/** Runs of one backfill in flight unless somebody says otherwise: few enough that nobody notices. */
export const BACKFILL_RUNS_DEFAULT = 4
export const BACKFILL_RUNS_MAX = 1000

export type BackfillRequest = BackfillRange & {
  reprocess: Reprocess
  newestFirst: boolean
  /** Its runs in the queue or at work at once. */
  runsMax: number
}

/** What a backfill would do. windows = fresh + again + left + open. */
export type BackfillCount = {
  windows: number
  /** Never ran. */
  fresh: number
  /** Ran before and would be run once more. */
  again: number
  /** Ran before and would be left as they are. */
  left: number
  /** Planned, queued or at work already. */
  open: number
  /** Runs that the windows depend on and that would be planned with them. */
  dependencies: number
  /** The oldest and the newest window that would run. */
  first: DayWindow | null
  last: DayWindow | null
}

/** What a backfill found when it was asked for, or asked for once more. */
export type FoundWindows = {
  /** It has planned them just now. */
  new: number
  /** Planned, queued or at work already. */
  inProgress: number
  done: number
  /** The runs of those in progress that are not its own: an earlier backfill's, a night's, a person's. */
  elsewhere: string[]
}

const REVIVED: Record<Reprocess, readonly RunState[]> = { none: [], failed: UNSUCCESSFUL_STATES, all: ENDED_STATES }

type Plan = {
  standing: Standing[]
  count: BackfillCount
  wanted: PlanRequest[]
  again: { id: string; position: number }[]
}

/** Counts what `startBackfill` would do now, and does nothing. */
export async function countBackfill(db: AnyDatabase, request: BackfillRequest): Promise<BackfillCount> {
  const options = optionsOf('nobody yet')
  return (await planOf(db, request, options)).count
}

/**
 * Plans a backfill and all its runs, or nothing of it. The same asked for while it still runs is the same backfill:
 * `count` is then null. `windows` is what it found either way.
 */
export async function startBackfill(
  db: AnyDatabase,
  request: BackfillRequest,
  { requestedBy, traceParent }: { requestedBy: string; traceParent?: string },
): Promise<{ backfillId: string; count: BackfillCount | null; windows: FoundWindows }> {
  return db.transaction().execute(async (tx) => {
    const lock = `backfill ${request.clientId} ${request.job.name}`
    await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(tx)
    const known = await findRunning(tx, request)
    if (known !== null) {
      const standing = await standingOf(tx, await backfillWindows(tx, request))
      return { backfillId: known, count: null, windows: found(standing, known, () => false) }
    }
    const options = optionsOf(requestedBy, traceParent)
    const plan = await planOf(tx, request, options)
    const backfillId = await insertBackfill(tx, request, requestedBy)
    await planAgain(tx, plan.again, REVIVED.all, { ...options, backfillId })
    await planRuns(
      tx,
      plan.wanted.map((each) => ({ ...each, options: { ...each.options, backfillId } })),
    )
    const windows = found(plan.standing, backfillId, wantedBy(request))
    return { backfillId, count: plan.count, windows }
  })
}

function optionsOf(requestedBy: string, traceParent?: string): PlanOptions {
  const trace = traceParent === undefined ? {} : { traceParent }
  return { origin: 'backfill', requestedBy, priority: 3, ...trace }
}

/** The backfill of the same parameters that is still in progress. */
async function findRunning(tx: AnyTransaction, request: BackfillRequest): Promise<string | null> {
  const same = await tx
    .selectFrom('backfills')
    .select('id')
    .where('client_id', '=', request.clientId)
    .where('job', '=', request.job.name)
    .where(sql<boolean>`schedule_id is not distinct from ${request.scheduleId}`)
    .where('window_from', '=', request.from)
    .where('window_to', '=', request.to)
    .where('reprocess', '=', request.reprocess)
    .where('newest_first', '=', request.newestFirst)
    .where('runs_max', '=', request.runsMax)
    .where('cancelled_at', 'is', null)
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  const view = same && (await findBackfillView(tx, same.id))
  return view?.state === 'running' ? view.id : null
}

async function insertBackfill(tx: AnyTransaction, request: BackfillRequest, requestedBy: string): Promise<string> {
  const { id } = await tx
    .insertInto('backfills')
    .values({
      client_id: request.clientId,
      job: request.job.name,
      schedule_id: request.scheduleId,
      window_from: request.from,
      window_to: request.to,
      reprocess: request.reprocess,
      newest_first: request.newestFirst,
      runs_max: request.runsMax,
      requested_by: requestedBy,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

type Standing = BackfillWindow & { known: { id: string; state: RunState; backfillId: string | null } | undefined }

/** The windows that are planned: never ran, or ran and are to run again. */
function wantedBy({ reprocess }: BackfillRequest): (window: Standing) => boolean {
  return ({ known }) => known === undefined || REVIVED[reprocess].includes(known.state)
}

/** `isPlanned`: which of the windows as they stood have been planned since. */
function found(standing: Standing[], backfillId: string, isPlanned: (window: Standing) => boolean): FoundWindows {
  const others = standing.flatMap((window) => (isPlanned(window) ? [] : (window.known ?? [])))
  const open = others.filter(({ state }) => isOpen(state))
  return {
    new: standing.filter(isPlanned).length,
    inProgress: open.length,
    done: others.filter(({ state }) => state === 'succeeded').length,
    elsewhere: open.filter((run) => run.backfillId !== backfillId).map(({ id }) => id),
  }
}

async function planOf(db: AnyDatabase, request: BackfillRequest, options: PlanOptions): Promise<Plan> {
  const standing = await standingOf(db, await backfillWindows(db, request))
  const wanted = standing.filter(wantedBy(request))
  const ordered = request.newestFirst ? wanted.toReversed() : wanted
  const plans = ordered.map((window, position) => ({ request: window.request, options: { ...options, position } }))
  const below = await standOn(db, standing, plans, request.reprocess)
  const again = ordered.flatMap(({ known }, position) => (known === undefined ? [] : [{ id: known.id, position }]))
  const open = standing.filter(({ known }) => known !== undefined && isOpen(known.state))
  return {
    standing,
    count: {
      windows: standing.length,
      fresh: wanted.length - again.length,
      again: again.length,
      left: standing.length - wanted.length - open.length,
      open: open.length,
      dependencies: below.fresh + below.again.length,
      first: wanted.at(0)?.days ?? null,
      last: wanted.at(-1)?.days ?? null,
    },
    wanted: plans,
    again: [...again, ...below.again],
  }
}

async function standingOf(db: AnyDatabase, windows: BackfillWindow[]): Promise<Standing[]> {
  const runs = await findRuns(
    db,
    windows.map(({ request }) => identityOf(request)),
  )
  const known = new Map(runs.map((run) => [run.key, run]))
  return windows.map((window) => ({ ...window, known: known.get(identityOf(window.request).key) }))
}

/**
 * What the windows stand on: how many of those nobody has planned yet, and which failed and are to be run again with
 * them.
 */
async function standOn(db: AnyDatabase, standing: Standing[], plans: PlanRequest[], reprocess: Reprocess) {
  const waiting = standing
    .filter(({ known }) => known?.state === 'planned')
    .map(({ request }) => ({ request, options: { ...NOBODY, position: plans.length } }))
  const windows = new Set(standing.map(({ request }) => nameOf(identityOf(request))))
  const all = withDependencies([...plans, ...waiting]).filter((run) => !windows.has(nameOf(run)))
  const known = new Map((await findRuns(db, all)).map((run) => [nameOf(run), run]))
  const again = all.flatMap((run) => {
    const { id, state } = known.get(nameOf(run)) ?? {}
    const isWanted = id !== undefined && state !== undefined && reprocess !== 'none' && isUnsuccessful(state)
    return isWanted ? [{ id, position: run.position ?? 0 }] : []
  })
  return { fresh: all.length - known.size, again }
}

const NOBODY: PlanOptions = optionsOf('nobody')

function nameOf({ job, key }: { job: string; key: string }): string {
  return `${job}|${key}`
}

const cancelRuns = sqlFile<{ id: string; queue: QueueName; was: RunState }>(import.meta.dirname, 'cancel-backfill.sql')

/**
 * Cancels what of a backfill has not begun and asks what runs to stop. Once it has ended, or was cancelled before,
 * nothing changes. Returns the runs that were in a queue.
 */
export async function cancelBackfill(db: AnyDatabase, backfillId: string): Promise<{ id: string; queue: QueueName }[]> {
  const stopped = await cancelRuns(db, [backfillId])
  return stopped.filter(({ was }) => was === 'queued')
}
