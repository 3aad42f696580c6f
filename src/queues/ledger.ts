import { sql } from 'kysely'
import type { ClientDatabase, ClientTransaction, SystemDatabase } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { OPEN_STATES, type RunState, UNSUCCESSFUL_STATES } from '../run-state.ts'
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
import type { Registry } from './registry.ts'
import { type BulkAction, type BulkCount, changeInBulk, countBulk, discardRuns } from './runs/bulk-runs.ts'
import { listRuns, type RunPage, type RunPageRequest } from './runs/list-runs.ts'
import type { PlanOptions } from './runs/plan-runs.ts'
import {
  type RequestedRun,
  type RequestOptions,
  type RequestTools,
  requestAll,
  requestRun,
  requestWith,
} from './runs/request-runs.ts'
import { retryRuns } from './runs/retry-runs.ts'
import type { RunFilter } from './runs/run-filter.ts'
import { findRunView, type RunView } from './runs/run-views.ts'

/** What people and programs may do to runs; the same from board, API and command line. */
export type Ledger = {
  /** Plans the run (and what it stands on); asking twice gives the same run. */
  request(request: RunRequest, options: RequestOptions): Promise<RequestedRun>
  /**
   * The same for what is put on record with its run: what `write` does and the runs it asks for commit together, or not
   * at all. The queue hears of them afterwards. `db` is the client's own handle, which may plan runs of that client and
   * of no other.
   */
  requestWith<T>(
    db: ClientDatabase,
    options: RequestOptions,
    write: (tx: ClientTransaction, request: (run: RunRequest) => Promise<RequestedRun>) => Promise<T>,
  ): Promise<T>
  /** The same for many at once. Returns how many were planned, new or again. */
  requestAll(requests: RunRequest[], options: RequestOptions): Promise<number>
  /**
   * Plans a failed or cancelled run again, or what a waiting run waits for in vain. Throws InputError('not-retryable',
   * 409).
   */
  retry(runId: string, requestedBy: string): Promise<void>
  /**
   * Stops a planned, queued or running run; a running one within seconds. One that had succeeded before it was planned
   * again is succeeded again, with its result of then. Throws InputError('not-cancellable', 409).
   */
  cancel(runId: string, requestedBy: string): Promise<void>
  find(runId: string): Promise<RunView | null>
  list(request: RunPageRequest): Promise<RunPage>
  /** What `changeAll` would change now; changes nothing. */
  countAll(action: BulkAction, filter: RunFilter): Promise<BulkCount>
  /**
   * Retries or discards everything that matches, up to the count that somebody has seen. Returns how many runs changed.
   * Throws InputError('more-match', 409), InputError('too-many', 422).
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
  /**
   * Stops what is left of a backfill; one that has ended stays as it is. Throws InputError('unknown-backfill', 404).
   */
  cancelBackfill(backfillId: string): Promise<BackfillView>
  findBackfill(backfillId: string): Promise<BackfillView | null>
  listBackfills(filter: BackfillFilter): Promise<{ backfills: BackfillView[]; nextCursor: string | null }>
}

export type BulkRequest = { action: BulkAction; filter: RunFilter; seen: number; requestedBy: string }

/** 1 a person waits, 2 a night, 3 a backfill. */
export type RunOrder = { priority: 1 | 2 | 3; startAt?: never } | { priority?: never; startAt: Temporal.Instant | null }

export type LedgerTools = RequestTools & { backend: QueueBackend; registry: Registry }

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
