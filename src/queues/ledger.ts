import { sql } from 'kysely'
import type { AnyDatabase, ClientDatabase, ClientTransaction, SystemDatabase } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { ENDED_STATES, OPEN_STATES, type RunState, UNSUCCESSFUL_STATES } from '../run-state.ts'
import { sqlFile } from '../sql.ts'
import {
  type BackfillFilter,
  type BackfillView,
  findBackfillView,
  listBackfillViews,
} from './backfills/backfill-views.ts'
import {
  type BackfillCount,
  type BackfillRequest,
  cancelBackfill,
  countBackfill,
  type FoundWindows,
  startBackfill,
} from './backfills/backfills.ts'
import type { QueueName, RunRequest } from './job.ts'
import type { QueueBackend } from './queue/backend.ts'
import type { ReadyRun } from './queue/dispatch.ts'
import type { Registry } from './registry.ts'
import { type BulkAction, type BulkCount, changeInBulk, countBulk, discardRuns } from './runs/bulk-runs.ts'
import { listRuns, type RunPage, type RunPageRequest } from './runs/list-runs.ts'
import {
  findRun,
  findRuns,
  identityOf,
  type NewRun,
  type Origin,
  type PlanOptions,
  planAgain,
  planRuns,
} from './runs/plan-runs.ts'
import { retryRuns } from './runs/retry-runs.ts'
import type { RunFilter } from './runs/run-filter.ts'
import { findRunView, type RunView } from './runs/run-views.ts'

export type RequestOptions = {
  origin: Origin
  requestedBy: string
  /**
   * What to do when the run exists and has ended: leave it; run it again if it failed or was cancelled; if it succeeded; whatever
   * it did.
   */
  again: 'no' | 'failed' | 'succeeded' | 'all'
}

export type RequestedRun = { runId: string; created: boolean }

/** What people and programs may do to runs; the same from board, API and command line. */
export type Ledger = {
  /** Plans the run (and what it stands on); asking twice gives the same run. */
  request(request: RunRequest, options: RequestOptions): Promise<RequestedRun>
  /**
   * The same for what is put on record with its run: what `write` does and the runs it asks for commit together, or not at all. The queue
   * hears of them afterwards. `db` is the client's own handle, which may plan runs of that client and of no other.
   */
  requestWith<T>(
    db: ClientDatabase,
    options: RequestOptions,
    write: (tx: ClientTransaction, request: (run: RunRequest) => Promise<RequestedRun>) => Promise<T>,
  ): Promise<T>
  /** The same for many at once. Returns how many were planned, anew or again. */
  requestAll(requests: RunRequest[], options: RequestOptions): Promise<number>
  /** Plans a failed or cancelled run again, or what a waiting run waits for in vain. Throws InputError('not-retryable', 409). */
  retry(runId: string, requestedBy: string): Promise<void>
  /**
   * Stops a planned, queued or running run; a running one within seconds. One that had succeeded before it was planned again is succeeded
   * again, with its result of then. Throws InputError('not-cancellable', 409).
   */
  cancel(runId: string, requestedBy: string): Promise<void>
  find(runId: string): Promise<RunView | null>
  list(request: RunPageRequest): Promise<RunPage>
  /** What `changeAll` would change now; changes nothing. */
  countAll(action: BulkAction, filter: RunFilter): Promise<BulkCount>
  /**
   * Retries or discards everything that matches, up to the count that somebody has seen. Returns how many runs changed. Throws
   * InputError('more-match', 409), InputError('too-many', 422).
   */
  changeAll(request: BulkRequest): Promise<number>
  /** Cancels those of the runs that are open, whether or not they have begun. Returns them. */
  cancelAll(runIds: readonly string[], requestedBy: string): Promise<string[]>
  /** Says when runs that wait may begin (null: now), or how urgent they are. Returns those that waited. */
  reorder(runIds: readonly string[], order: RunOrder): Promise<string[]>
  /** What a backfill would do now; plans nothing. Throws InputError where a window cannot be filled. */
  countBackfill(request: BackfillRequest): Promise<BackfillCount>
  /** Plans a backfill whole or not at all; the same while it runs is the same backfill, and `count` is null. */
  startBackfill(
    request: BackfillRequest,
    options: { requestedBy: string; traceParent?: string },
  ): Promise<{ backfill: BackfillView; count: BackfillCount | null; windows: FoundWindows }>
  /** Stops what is left of a backfill; one that has ended stays as it is. Throws InputError('unknown-backfill', 404). */
  cancelBackfill(backfillId: string): Promise<BackfillView>
  findBackfill(backfillId: string): Promise<BackfillView | null>
  listBackfills(filter: BackfillFilter): Promise<{ backfills: BackfillView[]; nextCursor: string | null }>
}

export type BulkRequest = { action: BulkAction; filter: RunFilter; seen: number; requestedBy: string }

/** 1 a person waits, 2 a night, 3 a backfill. */
export type RunOrder = { priority: 1 | 2 | 3; startAt?: never } | { priority?: never; startAt: Temporal.Instant | null }

export type LedgerTools = {
  db: SystemDatabase
  backend: QueueBackend
  registry: Registry
  /** Takes what is queued as it is planned; null: all waits for the dispatcher. */
  atOnce: { clientRunsMax: number; handOver(runs: ReadyRun[]): void } | null
  /** Called when something may have become ready. */
  onPlanned(): void
}

const REVIVED = { no: [], failed: UNSUCCESSFUL_STATES, succeeded: ['succeeded'], all: ENDED_STATES } as const
const PRIORITIES: Record<Origin, PlanOptions['priority']> = {
  person: 1,
  program: 1,
  schedule: 2,
  'follow-up': 2,
  'late-facts': 2,
  backfill: 3,
}

export function createLedger(tools: LedgerTools): Ledger {
  const { db } = tools
  return {
    request: (request, options) => requestRun(tools, request, options),
    requestWith: (db, options, write) => requestWith(tools, db, options, write),
    requestAll: (requests, options) => requestAll(tools, requests, options),
    retry: (runId, requestedBy) => retryRun(tools, runId, requestedBy),
    cancel: (runId, requestedBy) => cancelRun(tools, runId, requestedBy),
    find: (runId) => findRunView(db, runId),
    list: (request) => listRuns(db, request),
    countAll: (action, filter) => countBulk(db, action, filter),
    changeAll: (request) => changeAll(tools, request),
    cancelAll: (runIds, requestedBy) => cancelAll(tools, runIds, requestedBy),
    reorder: (runIds, order) => reorder(db, runIds, order),
    countBackfill: (request) => countBackfill(db, request),
    startBackfill: (request, options) => startAndShow(tools, request, options),
    cancelBackfill: (backfillId) => cancelAndShow(tools, backfillId),
    findBackfill: (backfillId) => findBackfillView(db, backfillId),
    listBackfills: (filter) => listBackfillViews(db, filter),
  }
}

async function startAndShow({ db, onPlanned }: LedgerTools, ...asked: Parameters<Ledger['startBackfill']>) {
  const { backfillId, ...started } = await startBackfill(db, ...asked)
  onPlanned()
  return { backfill: await backfillOf(db, backfillId), ...started }
}

async function cancelAndShow({ db, backend }: LedgerTools, backfillId: string): Promise<BackfillView> {
  await backfillOf(db, backfillId)
  await removeFromQueues(backend, await cancelBackfill(db, backfillId))
  return backfillOf(db, backfillId)
}

async function backfillOf(db: SystemDatabase, backfillId: string): Promise<BackfillView> {
  const backfill = await findBackfillView(db, backfillId)
  if (backfill) return backfill
  throw new InputError('unknown-backfill', `There is no backfill ${backfillId}.`)
}

async function requestRun(tools: LedgerTools, request: RunRequest, options: RequestOptions): Promise<RequestedRun> {
  const asked = await requestIn(tools, tools.db, request, options)
  tellPlanned(tools, [asked])
  return { runId: asked.runId, created: asked.created }
}

async function requestWith<T>(
  tools: LedgerTools,
  db: ClientDatabase,
  options: RequestOptions,
  write: (tx: ClientTransaction, request: (run: RunRequest) => Promise<RequestedRun>) => Promise<T>,
): Promise<T> {
  const asked: AskedRun[] = []
  const done = await db.transaction().execute((tx) =>
    write(tx, async (run) => {
      const each = await requestIn(tools, tx, run, options)
      asked.push(each)
      return { runId: each.runId, created: each.created }
    }),
  )
  tellPlanned(tools, asked)
  return done
}

/** `planned`: the runs that are new, what it stands on among them. `waits`: the dispatcher has something to do. */
type AskedRun = RequestedRun & { planned: NewRun[]; waits: boolean }

async function requestIn(
  tools: LedgerTools,
  db: AnyDatabase,
  request: RunRequest,
  options: RequestOptions,
): Promise<AskedRun> {
  const plan = planFor(options)
  const { job, key } = identityOf(request)
  const planned = await planAtOnce(tools, db, [request], plan)
  const fresh = planned.find((run) => run.job === job && run.key === key)
  const known = fresh ?? (await findRun(db, request))
  if (!known) throw new Error(`run ${job} ${key} was planned and is gone`)
  const again = fresh ? [] : await planAgain(db, [known], REVIVED[options.again], plan)
  const waits = fresh?.state === 'planned' || again.length > 0
  return { runId: known.id, created: fresh !== undefined, planned, waits }
}

/** After the commit: a queue that heard before might find nothing to claim. */
function tellPlanned(tools: LedgerTools, asked: readonly AskedRun[]): void {
  handOver(
    tools,
    asked.flatMap(({ planned }) => planned),
  )
  if (asked.some(({ waits }) => waits)) tools.onPlanned()
}

/** What is ready as it is planned does not wait for the dispatcher when somebody waits for it; it is to be handed over. */
function planAtOnce(
  { atOnce }: LedgerTools,
  db: AnyDatabase,
  requests: RunRequest[],
  plan: PlanOptions,
): Promise<NewRun[]> {
  const isUrgent = atOnce !== null && plan.priority === 1
  return planRuns(
    db,
    requests.map((request) => ({ request, options: plan })),
    isUrgent ? atOnce.clientRunsMax : null,
  )
}

function handOver({ atOnce }: LedgerTools, planned: readonly NewRun[]): void {
  const queued = planned.filter(({ state }) => state === 'queued')
  if (queued.length > 0) atOnce?.handOver(queued.map((run) => ({ ...run, attempt: 0 })))
}

/** Requests handled by one statement. */
const PAGE = 500

async function requestAll(tools: LedgerTools, requests: RunRequest[], options: RequestOptions): Promise<number> {
  const plan = planFor(options)
  let changed = 0
  for (let at = 0; at < requests.length; at += PAGE) {
    const page = requests.slice(at, at + PAGE)
    const planned = await planAtOnce(tools, tools.db, page, plan)
    handOver(tools, planned)
    const fresh = new Set(planned.map((run) => `${run.job} ${run.key}`))
    const known = page.map(identityOf).filter((run) => !fresh.has(`${run.job} ${run.key}`))
    const again = await planAgain(tools.db, await findRuns(tools.db, known), REVIVED[options.again], plan)
    changed += planned.length + again.length
  }
  if (changed > 0) tools.onPlanned()
  return changed
}

function planFor({ origin, requestedBy }: RequestOptions): PlanOptions {
  return { origin, requestedBy, priority: PRIORITIES[origin] }
}

async function stateOf(db: SystemDatabase, runId: string) {
  const run = await db.selectFrom('runs').select(['state', 'job', 'key']).where('id', '=', runId).executeTakeFirst()
  if (!run) throw unknownRun(runId)
  return run
}

function unknownRun(runId: string): InputError {
  return new InputError('unknown-run', `There is no run ${runId}.`)
}

async function retryRun(tools: LedgerTools, runId: string, requestedBy: string): Promise<void> {
  const run = await stateOf(tools.db, runId)
  const plan: PlanOptions = { origin: 'person', requestedBy, priority: 1 }
  const changed = await retryRuns(tools, [runId], UNSUCCESSFUL_STATES, plan)
  if (changed.length === 0) {
    throw new InputError(
      'not-retryable',
      `${run.job} ${run.key} is ${run.state}; only what failed or was cancelled can be retried.`,
    )
  }
  tools.onPlanned()
}

async function changeAll(tools: LedgerTools, request: BulkRequest): Promise<number> {
  const changed = await changeInBulk(
    { ...tools, onDiscarded: (runs) => removeFromQueues(tools.backend, runs) },
    request,
  )
  tools.onPlanned()
  return changed
}

type Stop = { job: string; key: string; queue: QueueName; was: RunState; stopped: boolean }

const stopRun = sqlFile<Stop>(import.meta.dirname, 'stop-run.sql')

async function cancelRun({ db, backend }: LedgerTools, runId: string, requestedBy: string): Promise<void> {
  const [run] = await stopRun(db, [runId, requestedBy])
  if (!run) throw unknownRun(runId)
  if (!run.stopped) {
    throw new InputError('not-cancellable', `${run.job} ${run.key} is ${run.was}; there is nothing to stop.`)
  }
  if (run.was !== 'running') await removeFromQueues(backend, [{ id: runId, queue: run.queue }])
}

/** Tidiness only: a worker that picks up a cancelled run finds nothing to claim. A job at work stays. */
async function removeFromQueues(
  { queues }: QueueBackend,
  runs: readonly { id: string; queue: QueueName }[],
): Promise<void> {
  for (const { id, queue } of runs) await queues.get(queue)?.remove(id)
}

async function cancelAll(
  { db, backend }: LedgerTools,
  runIds: readonly string[],
  requestedBy: string,
): Promise<string[]> {
  const cancelled = await discardRuns(db, runIds, OPEN_STATES, requestedBy)
  // One at work is told by its node; the queue hears of it from there.
  await removeFromQueues(
    backend,
    cancelled.filter(({ was }) => was !== 'running'),
  )
  return cancelled.map(({ id }) => id)
}

async function reorder(db: SystemDatabase, runIds: readonly string[], order: RunOrder): Promise<string[]> {
  const { priority, startAt } = order
  const when = startAt === null ? sql<string>`now()` : startAt?.toString()
  const changed = await db
    .updateTable('runs')
    .set({ ...(priority && { priority }), ...(when !== undefined && { not_before: when }) })
    .where(sql<boolean>`id = any(${runIds}::uuid[])`)
    .where('state', 'in', ['planned', 'queued'])
    .returning('id')
    .execute()
  return changed.map(({ id }) => id)
}
