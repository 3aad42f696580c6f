import type { AnyDatabase } from '../../db/database.ts'
import { instantCursor, pageOf, rowsToRead } from '../../page.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'
import type { Reprocess } from './backfills.ts'

/**
 * `blocked`: all that is left waits for runs that failed. `cancelling`: told to stop, and something still runs.
 * `failed`: it has ended and some of its runs failed.
 */
export type BackfillState = 'running' | 'blocked' | 'cancelling' | 'cancelled' | 'failed' | 'done'

/** How many of its runs are in each state; `blocked` are those of `planned` that wait for one that failed. */
export type BackfillRuns = {
  planned: number
  blocked: number
  queued: number
  running: number
  succeeded: number
  failed: number
  cancelled: number
  total: number
}

/** A backfill as people and programs see it: local days, half-open; times are ISO 8601 instants. */
export type BackfillView = {
  id: string
  clientId: string
  job: string
  scheduleId: string | null
  from: Day
  to: Day
  reprocess: Reprocess
  newestFirst: boolean
  runsMax: number
  requestedBy: string
  createdAt: string
  cancelledAt: string | null
  /** Its last run ended then; null while something is open, and when there was nothing to do. */
  endedAt: string | null
  state: BackfillState
  runs: BackfillRuns
  /** 0…1: what has ended, of all. */
  share: number
}

export type BackfillFilter = { clientId?: string; cursor?: string; limit: number }

type Row = Omit<BackfillView, 'state' | 'runs' | 'share'> & BackfillRuns & { going: number }

const backfillViews = sqlFile<Row>(import.meta.dirname, 'backfill-views.sql')

export async function findBackfillView(db: AnyDatabase, id: string): Promise<BackfillView | null> {
  const [row] = await backfillViews(db, [null, id, null, null, 1])
  return row ? viewOf(row) : null
}

/** Newest first, in pages. Throws InputError('invalid-cursor'). */
export async function listBackfillViews(
  db: AnyDatabase,
  { clientId, cursor, limit }: BackfillFilter,
): Promise<{ backfills: BackfillView[]; nextCursor: string | null }> {
  const [at, id] = instantCursor.read(cursor) ?? [null, null]
  const rows = await backfillViews(db, [clientId ?? null, null, at, id, rowsToRead(limit)])
  const page = pageOf(rows, limit, ({ createdAt, id: last }) => instantCursor.write([createdAt, last]))
  return { backfills: page.rows.map(viewOf), nextCursor: page.nextCursor }
}

function viewOf({
  going,
  planned,
  blocked,
  queued,
  running,
  succeeded,
  failed,
  cancelled,
  total,
  ...row
}: Row): BackfillView {
  const runs = { planned, blocked, queued, running, succeeded, failed, cancelled, total }
  const ended = succeeded + failed + cancelled
  return {
    ...row,
    endedAt: ended === total ? row.endedAt : null,
    state: stateOf(runs, going, row.cancelledAt !== null),
    runs,
    share: total === 0 ? 1 : ended / total,
  }
}

function stateOf(runs: BackfillRuns, going: number, isCancelled: boolean): BackfillState {
  if (isCancelled) return going > 0 ? 'cancelling' : 'cancelled'
  if (going > 0) return runs.queued + runs.running === 0 && runs.blocked === runs.planned ? 'blocked' : 'running'
  return runs.failed > 0 ? 'failed' : 'done'
}
