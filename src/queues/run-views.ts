import { type Kysely, sql } from 'kysely'
import type { DB } from '../db/schema.ts'
import { InputError } from '../errors.ts'
import type { Origin } from './plan-runs.ts'

export type RunState = 'planned' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** A run as people and programs see it. Times are ISO 8601 instants. */
export type RunView = {
  id: string
  job: string
  key: string
  queue: string
  clientId: string | null
  night: string | null
  payload: unknown
  state: RunState
  origin: Origin
  requestedBy: string | null
  dueAt: string | null
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
  /** Oldest first; only where one run is asked for. */
  attempts?: AttemptView[]
}

export type AttemptView = {
  attempt: number
  node: string
  startedAt: string
  finishedAt: string | null
  outcome: string | null
  errorCode: string | null
  errorMessage: string | null
  errorStack: string | null
  lines: { at: string; level: string; message: string }[]
}

export type RunFilter = {
  clientId?: string
  job?: string
  night?: string
  state?: string
  cursor?: string
  limit: number
}

function runViews(db: Kysely<DB>) {
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
      sql<RunView['waitsFor']>`(
        select coalesce(jsonb_agg(jsonb_build_object('job', d.job, 'key', d.key, 'runId', n.id, 'state', n.state) order by d.job, d.key), '[]')
        from run_dependencies d left join runs n on n.job = d.job and n.key = d.key where d.run_id = r.id)`.as(
        'waitsFor',
      ),
    )
}

export async function findRunView(db: Kysely<DB>, runId: string): Promise<RunView | null> {
  const run = await runViews(db).where('r.id', '=', runId).executeTakeFirst()
  if (!run) return null
  const view = run as RunView
  return { ...view, attempts: [...(await attemptsOf(db, runId)), ...underWay(view)] }
}

/** The attempt a worker is at now, which goes on record when it ends. */
function underWay({ state, attempt, node, startedAt }: RunView): AttemptView[] {
  if (state !== 'running' || node === null || startedAt === null) return []
  const open = { finishedAt: null, outcome: null, errorCode: null, errorMessage: null, errorStack: null, lines: [] }
  return [{ attempt, node, startedAt, ...open }]
}

async function attemptsOf(db: Kysely<DB>, runId: string): Promise<AttemptView[]> {
  return db
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
    .orderBy('a.attempt')
    .execute()
}

/** Newest first, in pages: the cursor is opaque and stays good while rows come and go. */
export async function listRuns(
  db: Kysely<DB>,
  filter: RunFilter,
): Promise<{ runs: RunView[]; nextCursor: string | null }> {
  let query = runViews(db)
    .orderBy('r.planned_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit(filter.limit + 1)
  if (filter.clientId !== undefined) query = query.where('r.client_id', '=', filter.clientId)
  if (filter.job !== undefined) query = query.where('r.job', '=', filter.job)
  if (filter.night !== undefined) query = query.where('r.night', '=', filter.night)
  if (filter.state !== undefined) query = query.where('r.state', '=', filter.state)
  if (filter.cursor !== undefined) {
    const [plannedAt, id] = readCursor(filter.cursor)
    query = query.where(sql<boolean>`(r.planned_at, r.id) < (${plannedAt}::timestamptz, ${id}::uuid)`)
  }
  const rows = (await query.execute()) as RunView[]
  const runs = rows.slice(0, filter.limit)
  const last = runs.at(-1)
  return { runs, nextCursor: rows.length > filter.limit && last ? writeCursor(last.plannedAt, last.id) : null }
}

/** Where the next page of a list begins: after the row of this instant and id. */
export function writeCursor(at: string, id: string): string {
  return Buffer.from(`${at} ${id}`).toString('base64url')
}

/** The instant and id of a cursor. Throws InputError('invalid-cursor') for one that `writeCursor` did not make. */
export function readCursor(cursor: string): [string, string] {
  const [plannedAt, id] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (
    plannedAt === undefined ||
    id === undefined ||
    !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(plannedAt) ||
    !/^[0-9a-f-]{36}$/.test(id)
  ) {
    throw new InputError('invalid-cursor', 'The cursor is none that this list gave out. Start again without one.')
  }
  return [plannedAt, id]
}
