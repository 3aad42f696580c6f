import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import type { RunAttempts } from '../../db/schema.ts'
import type { RunState } from '../../run-state.ts'
import type { DayWindow } from '../../time.ts'
import type { Origin } from './plan-runs.ts'

/** A run as people and programs see it. Times are ISO 8601 instants. */
export type RunView = {
  id: string
  job: string
  key: string
  queue: string
  clientId: string | null
  night: string | null
  /** What it is about, whenever it runs: local days of the client, half-open. */
  window: DayWindow | null
  payload: unknown
  state: RunState
  origin: Origin
  requestedBy: string | null
  dueAt: string | null
  /** Not done by then, it is late. */
  lateAt: string | null
  backfillId: string | null
  priority: number
  /** The next try is not before this. */
  notBefore: string
  attempt: number
  failures: number
  crashes: number
  node: string | null
  progress: number | null
  plannedAt: string
  startedAt: string | null
  finishedAt: string | null
  cancelRequestedAt: string | null
  errorCode: string | null
  errorMessage: string | null
  /** What it stands on, with the state each is in; null: never planned. */
  waitsFor: { job: string; key: string; runId: string | null; state: RunState | null }[]
  /** Oldest first, the last ATTEMPTS_MAX of them; only where one run is asked for. */
  attempts?: AttemptView[]
}

export type AttemptView = {
  attempt: number
  node: string
  startedAt: string
  finishedAt: string | null
  outcome: RunAttempts['outcome'] | null
  errorCode: string | null
  errorMessage: string | null
  errorStack: string | null
  lines: { at: string; level: string; message: string }[]
}

function runViews(db: AnyDatabase) {
  return db
    .selectFrom('runs as r')
    .select([
      'r.id',
      'r.job',
      'r.key',
      'r.queue',
      'r.client_id as clientId',
      'r.night',
      'r.payload',
      'r.origin',
      'r.requested_by as requestedBy',
      'r.due_at as dueAt',
      'r.late_at as lateAt',
      'r.backfill_id as backfillId',
      'r.priority',
      'r.not_before as notBefore',
      'r.attempt',
      'r.failures',
      'r.crashes',
      'r.node',
      'r.progress',
      'r.planned_at as plannedAt',
      'r.started_at as startedAt',
      'r.finished_at as finishedAt',
      'r.cancel_requested_at as cancelRequestedAt',
      'r.error_code as errorCode',
      'r.error_message as errorMessage',
    ])
    .select(sql<RunState>`r.state`.as('state'))
    .select(
      sql<DayWindow | null>`
        case when r.window_from is not null then jsonb_build_object('from', r.window_from, 'to', r.window_to) end`.as(
        'window',
      ),
    )
    .select(
      sql<RunView['waitsFor']>`(
        select coalesce(jsonb_agg(jsonb_build_object('job', d.job, 'key', d.key, 'runId', n.id, 'state', n.state) order by d.job, d.key), '[]')
        from run_dependencies d left join runs n on n.job = d.job and n.key = d.key where d.run_id = r.id)`.as(
        'waitsFor',
      ),
    )
}

/** The runs of these ids, in the order of the ids; one that is gone is left out. */
export async function findRunViews(db: AnyDatabase, ids: readonly string[]): Promise<RunView[]> {
  if (ids.length === 0) return []
  const rows = (await runViews(db).where(sql<boolean>`r.id = any(${ids}::uuid[])`).execute()) as RunView[]
  const byId = new Map(rows.map((run) => [run.id, run]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

export async function findRunView(db: AnyDatabase, runId: string): Promise<RunView | null> {
  const [run] = await findRunViews(db, [runId])
  return run ? { ...run, attempts: [...(await attemptsOf(db, runId)), ...(await underWay(db, run))] } : null
}

/** The attempt a worker is at now, which goes on record when it ends; its lines arrive every few seconds. */
async function underWay(db: AnyDatabase, { id, state, attempt, node, startedAt }: RunView): Promise<AttemptView[]> {
  if (state !== 'running' || node === null || startedAt === null) return []
  const lines = await db
    .selectFrom('run_logs')
    .select(['at', 'level', 'message'])
    .where('run_id', '=', id)
    .where('attempt', '=', attempt)
    .orderBy('line')
    .execute()
  const open = { finishedAt: null, outcome: null, errorCode: null, errorMessage: null, errorStack: null }
  return [{ attempt, node, startedAt, ...open, lines }]
}

/** A run that waits for something outside is tried every few minutes, for as long as it takes. */
const ATTEMPTS_MAX = 100

async function attemptsOf(db: AnyDatabase, runId: string): Promise<AttemptView[]> {
  const newestFirst = await db
    .selectFrom('run_attempts as a')
    .select([
      'a.attempt',
      'a.node',
      'a.started_at as startedAt',
      'a.finished_at as finishedAt',
      'a.outcome',
      'a.error_code as errorCode',
      'a.error_message as errorMessage',
      'a.error_stack as errorStack',
    ])
    .select(
      sql<AttemptView['lines']>`(
        select coalesce(jsonb_agg(jsonb_build_object('at', l.at, 'level', l.level, 'message', l.message) order by l.line), '[]')
        from run_logs l where l.run_id = a.run_id and l.attempt = a.attempt)`.as('lines'),
    )
    .where('a.run_id', '=', runId)
    .orderBy('a.attempt', 'desc')
    .limit(ATTEMPTS_MAX)
    .execute()
  return newestFirst.toReversed()
}
