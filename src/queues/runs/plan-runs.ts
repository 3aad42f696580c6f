import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { ZodError } from 'zod'
import type { AnyDatabase } from '../../db/database.ts'
import type { Runs } from '../../db/schema.ts'
import { InputError } from '../../errors.ts'
import type { RunState } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import { systemClock } from '../../time.ts'
import { inSpan, traceParentHere } from '../../tracing.ts'
import { clientCaps, type QueueName, type RunRequest } from '../job.ts'

const insertRuns = sqlFile<NewRun>(import.meta.dirname, 'plan-runs.sql', { prepared: true })
const raiseRuns = sqlFile<{ id: string }>(import.meta.dirname, 'raise-runs.sql')
const replanRuns = sqlFile<{ id: string }>(import.meta.dirname, 'plan-again.sql')

export type Origin = Runs['origin']

/** Who asked, and how urgent it is: 1 a person waits, 2 a night, 3 a backfill. */
export type PlanOptions = {
  origin: Origin
  requestedBy: string | null
  priority: 1 | 2 | 3
  scheduleId?: string
  dueAt?: Temporal.Instant
  lateAt?: Temporal.Instant
  /** Waits until every earlier run of its schedule has ended. */
  isSerial?: boolean
  /** The backfill it belongs to, and its place in it: lower ones go first. */
  backfillId?: string
  position?: number
  /** W3C trace context of whoever asked; left out: of whoever plans. */
  traceParent?: string
}

/** A run that was not there before; `queued`: its queue is to be given it by whoever planned it. */
export type NewRun = {
  id: string
  job: string
  key: string
  queue: QueueName
  priority: number
  state: 'planned' | 'queued'
}

export type PlanRequest = { request: RunRequest; options: PlanOptions }

type PlannedRun = {
  id: string
  job: string
  key: string
  queue: string
  clientId: string | null
  night: string | null
  windowFrom: string | null
  windowTo: string | null
  payload: unknown
  after: { job: string; key: string }[]
} & Omit<PlanOptions, 'dueAt' | 'lateAt'> & { dueAt: string | null; lateAt: string | null }

/** Deep enough for any night; a cycle of jobs that wait for each other ends here. */
const CHAIN_MAX = 20

/**
 * Plans runs, and the runs they depend on that nobody has asked for yet, in one statement. Returns those that were new;
 * of the others, those that are open and less urgent move up. With `clientRunsMax`, those that wait for nothing and are
 * within their client's cap are queued at once, which the caller must hand over after the commit. Throws
 * InputError('invalid-payload') naming each field that is wrong.
 */
export async function planRuns(
  db: AnyDatabase,
  requests: PlanRequest[],
  clientRunsMax: number | null = null,
): Promise<NewRun[]> {
  const runs = withDependencies(requests)
  if (runs.length === 0) return []
  return inSpan('plan', { 'daybreak.runs': runs.length }, null, async () => {
    const trace = traceParentHere()
    const given = JSON.stringify(trace === undefined ? runs : runs.map((run) => ({ traceParent: trace, ...run })))
    const planned = await insertRuns(db, [given, clientRunsMax === null ? null : clientCaps(clientRunsMax)])
    if (planned.length < runs.length) await raiseRuns(db, [given])
    return planned
  })
}

/** The runs asked for and everything they stand on, each once. */
export function withDependencies(requests: PlanRequest[]): PlannedRun[] {
  const runs = new Map<string, PlannedRun>()
  const now = systemClock()
  for (const { request, options } of requests)
    addWithDependencies(runs, request, options, { depth: 0, askedAt: options.dueAt ?? now })
  return [...runs.values()]
}

function addWithDependencies(
  runs: Map<string, PlannedRun>,
  request: RunRequest,
  options: PlanOptions,
  { depth, askedAt }: { depth: number; askedAt: Temporal.Instant },
): void {
  if (depth > CHAIN_MAX) throw new Error(`job ${request.job.name} waits for itself`)
  const payload = parsePayload(request)
  const name = identityOf({ job: request.job, payload })
  const id = `${name.job}|${name.key}`
  const known = runs.get(id)
  if (known) {
    // Another one of the same call stands on it; it is its schedule's own all the same.
    if (depth === 0 && known.dueAt === null) runs.set(id, { ...known, ...options, ...instantsOf(options) })
    return
  }
  const dependencies = request.job.after(payload, askedAt)
  const window = request.job.window(payload)
  runs.set(id, {
    id: randomUUID(),
    ...name,
    queue: request.job.queue,
    clientId: request.job.client(payload),
    night: request.job.night(payload),
    windowFrom: window?.from ?? null,
    windowTo: window?.to ?? null,
    payload,
    after: dependencies.map(identityOf),
    ...options,
    ...instantsOf(options),
  })
  // What it depends on is not its schedule's own work: it has no due time, and its schedule's overlap does not count
  // it.
  const { scheduleId: _id, dueAt: _due, lateAt: _late, isSerial: _serial, ...inherited } = options
  for (const dependency of dependencies) addWithDependencies(runs, dependency, inherited, { depth: depth + 1, askedAt })
}

function instantsOf({ dueAt, lateAt }: PlanOptions): { dueAt: string | null; lateAt: string | null } {
  return { dueAt: dueAt?.toString() ?? null, lateAt: lateAt?.toString() ?? null }
}

/** What makes a run that run and no other. */
export function identityOf({ job, payload }: RunRequest): { job: string; key: string } {
  return { job: job.name, key: job.key(payload) }
}

/** The payload as the job's schema reads it. */
export function parsePayload({ job, payload }: RunRequest): unknown {
  const parsed = job.payload.safeParse(payload)
  if (parsed.success) return parsed.data
  throw new InputError('invalid-payload', `The payload of ${job.name} is wrong: ${describe(parsed.error)}.`)
}

function describe(error: ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`).join('; ')
}

/** The run of a request, when it was ever asked for. */
export async function findRun(
  db: AnyDatabase,
  request: RunRequest,
): Promise<{ id: string; state: RunState } | undefined> {
  const { job, key } = identityOf(request)
  return db.selectFrom('runs').select(['id', 'state']).where('job', '=', job).where('key', '=', key).executeTakeFirst()
}

type KnownRun = { id: string; job: string; key: string; state: RunState; backfillId: string | null }

/** Those of the runs that exist. */
export async function findRuns(db: AnyDatabase, runs: { job: string; key: string }[]): Promise<KnownRun[]> {
  const { rows } = await sql<KnownRun>`
    select r.id, job, key, r.state, r.backfill_id as "backfillId" from jsonb_to_recordset(${JSON.stringify(runs)}::jsonb) as given (job text, key text)
    join runs r using (job, key)`.execute(db)
  return rows
}

/**
 * Puts finished runs back to planned, as if they had never run: their attempts stay on record, what waits for them
 * waits again. Each keeps the backfill it belongs to unless the options name another. Returns the ids that changed.
 */
export async function planAgain(
  db: AnyDatabase,
  runs: { id: string; position?: number }[],
  states: readonly RunState[],
  options: PlanOptions,
): Promise<string[]> {
  if (runs.length === 0 || states.length === 0) return []
  const { origin, requestedBy, priority, backfillId, traceParent } = options
  return inSpan('plan again', { 'daybreak.runs': runs.length }, null, async () => {
    const asked = [origin, requestedBy, priority, backfillId ?? null, traceParent ?? traceParentHere() ?? null]
    const changed = await replanRuns(db, [JSON.stringify(runs), states, ...asked])
    return changed.map((run) => run.id)
  })
}
