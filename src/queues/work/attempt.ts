import { setTimeout as sleep } from 'node:timers/promises'
import type { Code } from '../../codes/index.ts'
import type { AnyTransaction, Database } from '../../db/database.ts'
import type { RunAttempts } from '../../db/schema.ts'
import { DatabaseAwayError, InputError, messageOf, PermanentError, RetryLaterError } from '../../errors.ts'
import { type Log, withLineSink } from '../../log.ts'
import { sqlFile } from '../../sql.ts'
import { within } from '../../tracing.ts'
import { type Answer, answeringFor } from '../../uncaught.ts'
import type { AnyJob, RetryPolicy, RunContext, RunRequest } from '../job.ts'
import { planRuns } from '../runs/plan-runs.ts'
import { flushLines, keepLines, type LogLine, MESSAGE_CHARS_MAX, plainText } from './log-lines.ts'
import { clientHandle, ownHandle } from './own-handle.ts'
import { persist } from './persist.ts'
import { tellLate } from './tell-late.ts'

/** A run as its worker holds it. */
export type ClaimedRun = {
  id: string
  job: string
  key: string
  client_id: string | null
  night: string | null
  payload: unknown
  priority: 1 | 2 | 3
  /** Who claimed it; with the attempt, the fence around every later write. */
  node: string
  attempt: number
  failures: number
  crashes: number
  /** How often it lost the database since it was asked for. */
  aways: number
  planned_at: string
  queued_at: string | null
  started_at: string
  cancel_requested_at: string | null
  /** Where in which trace it stands. */
  trace_parent: string | null
}

/** Why an attempt spent no try. The last two: its node does not know the job, and some other or no other does. */
type GivenBackCode = Extract<Code, 'given-back' | 'database-away' | 'known-elsewhere' | 'unknown-job'>

/** How an attempt ended. `waitMs` is how long until the next try, where there is one. */
export type Outcome =
  | { kind: 'succeeded' }
  | { kind: 'failed'; error: Error; code: Code }
  | { kind: 'retried'; error: Error; code: Code; waitMs: number }
  /** Its process ended under it. `waitMs` null: that was once too often. */
  | { kind: 'crashed'; error: Error; code: Code; waitMs: number | null }
  | { kind: 'cancelled' }
  | { kind: 'given-back'; error: Error; code: GivenBackCode; waitMs: number }
  | { kind: 'lost' }

const STOP_MESSAGES = {
  deadline: 'it ran longer than its job allows and was stopped',
  cancel: 'a person cancelled it',
  shutdown: 'its node shut down and gave it back',
  lost: 'another worker took it over',
}

/** Why a run was told to stop; the reason of its AbortSignal. */
export class StopError extends Error {
  readonly why: keyof typeof STOP_MESSAGES
  constructor(why: StopError['why']) {
    super(STOP_MESSAGES[why])
    this.name = 'StopError'
    this.why = why
  }
}

/** An error of a run that nobody caught: what else it broke, nobody knows. */
export class StrayError extends Error {
  constructor(cause: unknown) {
    super(`an error that nobody caught: ${messageOf(cause)}`, { cause })
    this.name = 'StrayError'
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack
  }
}

const finishAttempts = sqlFile<{ id: string }>(import.meta.dirname, 'finish-attempts.sql', { prepared: true })

/** A job that ignores its signal is left behind after this long; it can commit nothing any more. */
export const STOP_GRACE_MS = 5_000
/** A run whose process ended this often while it ran is poison. */
export const CRASHES_MAX = 4
/** How long the end of an attempt is tried to be written; afterwards the run is found and planned again. */
const FINISH_RETRIES = 30
const FINISH_WAIT_MS = 1_000
/**
 * A run that lost the database spends no try, unless that happens again and again: then the database may be losing it
 * to the run.
 */
const AWAY_MAX = 10
const AWAY_RETRY: RetryPolicy = { attempts: AWAY_MAX, delayMs: 1_000, maxDelayMs: 30_000 }
const STACK_CHARS_MAX = 4_000
const PROGRESS_EVERY_MS = 1_000

export type AttemptTools<JobTools> = {
  database: Database
  log: Log
  jobTools: JobTools
  /** Records how an attempt ended, many at once; says which runs it still held. */
  finish: (ending: Ending) => Promise<boolean>
}

/**
 * Runs one attempt of a claimed run and records how it ended. `stop` fires with a StopError for deadline, cancel and
 * shutdown. Never throws for what the job did; throws when the ledger cannot be reached.
 */
export async function attemptRun<JobTools>(
  job: AnyJob,
  run: ClaimedRun,
  stop: AbortController,
  tools: AttemptTools<JobTools>,
): Promise<Outcome> {
  const lines: LogLine[] = []
  const deadline = setTimeout(() => stop.abort(new StopError('deadline')), job.timeoutMs)
  const leaveOff = flushLines(tools.database.system, run, lines, tools.log)
  const state = { committed: false }
  const work = () => withLineSink(keepLines(lines), () => runOrStop(job, run, stop.signal, state, lines, tools))
  try {
    await within(run.trace_parent, () => answeringFor(endBy(stop), work))
    if (state.committed) return { kind: 'succeeded' }
    return await record(tools, run, { kind: 'succeeded' }, lines)
  } catch (error) {
    // What was committed succeeded, whatever happened afterwards.
    if (state.committed) return { kind: 'succeeded' }
    return await record(tools, run, judge(error, stop.signal, run, job.retry), lines)
  } finally {
    clearTimeout(deadline)
    leaveOff()
  }
}

/** The attempt ends as if its process had ended under it, which stops too: the next one has a process of its own. */
function endBy(stop: AbortController): Answer {
  return (error) => {
    stop.abort(new StrayError(error))
    return false
  }
}

async function runOrStop<JobTools>(
  job: AnyJob,
  run: ClaimedRun,
  signal: AbortSignal,
  state: { committed: boolean },
  lines: LogLine[],
  tools: AttemptTools<JobTools>,
): Promise<void> {
  signal.throwIfAborted()
  const context = { ...tools.jobTools, ...createContext(job, run, signal, state, lines, tools) }
  const work = job.run(job.payload.parse(run.payload), context)
  let giveUp: NodeJS.Timeout | undefined
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      giveUp = setTimeout(() => reject(signal.reason), STOP_GRACE_MS)
    })
  })
  try {
    await Promise.race([work, stopped])
    // A job that returns early because it was told to stop has not done its work.
    if (!state.committed) signal.throwIfAborted()
  } finally {
    clearTimeout(giveUp)
  }
}

function createContext<JobTools>(
  job: AnyJob,
  run: ClaimedRun,
  signal: AbortSignal,
  state: { committed: boolean },
  lines: LogLine[],
  { database, log }: AttemptTools<JobTools>,
): RunContext {
  const { client_id: clientId } = run
  const own = ownHandle(clientId, database)
  const follow = (tx: AnyTransaction) => (request: RunRequest) =>
    planRuns(tx, [{ request, options: { origin: 'follow-up', requestedBy: run.id, priority: run.priority } }]).then(
      () => {},
    )
  let reportedAt = Number.NEGATIVE_INFINITY
  return {
    runId: run.id,
    attempt: run.attempt,
    askedAt: run.planned_at,
    isLastTry: run.failures + 1 >= job.retry.attempts,
    db: clientHandle(clientId, database),
    signal,
    log: log.child({ run_id: run.id, job: job.name, client_id: run.client_id, attempt: run.attempt }),
    progress(share) {
      const now = performance.now()
      if (now - reportedAt < PROGRESS_EVERY_MS) return
      reportedAt = now
      const update = own.updateTable('runs').set({ progress: Math.min(1, Math.max(0, share)) })
      // Decoration: a report that fails must not fail the run, and the next one says more.
      update
        .where('id', '=', run.id)
        .where('attempt', '=', run.attempt)
        .execute()
        .catch((error: Error) => log.debug(error.message))
    },
    async checkpoint(write) {
      await persist(signal, () =>
        own.transaction().execute(async (tx) => {
          await holdClaim(tx, run)
          await write(tx)
        }),
      )
    },
    tellLate: (write) => tellLate(own, database.system, run, write),
    async commit(write) {
      if (state.committed) throw new Error(`${job.name} commits twice`)
      await persist(signal, () =>
        own.transaction().execute(async (tx) => {
          await holdClaim(tx, run)
          await write(tx, follow(tx))
          await writeEndings(tx, [endingOf(run, { kind: 'succeeded' }, lines)])
        }),
      )
      state.committed = true
    },
  }
}

/** Locks the run's row for the transaction, or refuses: another worker has the run. */
async function holdClaim(tx: AnyTransaction, run: ClaimedRun): Promise<void> {
  const held = await tx
    .selectFrom('runs')
    .select('id')
    .where('id', '=', run.id)
    .where('attempt', '=', run.attempt)
    .where('node', '=', run.node)
    .where('state', '=', 'running')
    // Rows that hang on the run, such as its lines, may come in meanwhile.
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!held) throw new StopError('lost')
}

/**
 * Writes how an attempt ended, again and again while the database is away; an attempt that lost its claim writes
 * nothing.
 */
export async function record(
  tools: Pick<AttemptTools<unknown>, 'finish' | 'log'>,
  run: ClaimedRun,
  outcome: Outcome,
  lines: LogLine[],
): Promise<Outcome> {
  if (outcome.kind === 'lost') return outcome
  const ending = endingOf(run, outcome, lines)
  for (let failures = 0; ; failures += 1) {
    try {
      return (await tools.finish(ending)) ? outcome : { kind: 'lost' }
    } catch (error) {
      // The database may be away for a moment; work that is done should not be done again for that.
      if (failures >= FINISH_RETRIES) throw error
      tools.log.warn({ run_id: run.id }, `the end of ${run.job} ${run.key} cannot be written: ${messageOf(error)}`)
      // Not in step: one that the database refuses must not take those it was written with along again.
      await sleep(FINISH_WAIT_MS * (0.5 + Math.random()))
    }
  }
}

const NEXT_STATE = {
  succeeded: 'succeeded',
  failed: 'failed',
  retried: 'queued',
  crashed: 'queued',
  cancelled: 'cancelled',
  'given-back': 'queued',
} as const

/** How an attempt ended, as finish-attempts.sql takes it. */
export type Ending = {
  id: string
  node: string
  attempt: number
  state: (typeof NEXT_STATE)[keyof typeof NEXT_STATE]
  outcome: RunAttempts['outcome']
  code: Code | null
  message: string | null
  stack: string | null
  waitMs: number
  lines: LogLine[]
}

function endingOf(run: ClaimedRun, outcome: Exclude<Outcome, { kind: 'lost' }>, lines: LogLine[]): Ending {
  const error = 'error' in outcome ? outcome.error : null
  return {
    id: run.id,
    node: run.node,
    attempt: run.attempt,
    state: outcome.kind === 'crashed' && outcome.waitMs === null ? 'failed' : NEXT_STATE[outcome.kind],
    outcome: outcome.kind,
    code: 'code' in outcome ? outcome.code : null,
    message: error === null ? null : plainText(error.message, MESSAGE_CHARS_MAX),
    stack: error?.stack === undefined ? null : plainText(error.stack, STACK_CHARS_MAX),
    waitMs: ('waitMs' in outcome ? outcome.waitMs : null) ?? 0,
    lines,
  }
}

/** Writes how attempts ended; answers for each whether its run was still held. */
export async function writeEndings(db: AnyTransaction | Database['system'], endings: Ending[]): Promise<boolean[]> {
  const rows = await finishAttempts(db, [JSON.stringify(endings)])
  const held = new Set(rows.map((row) => row.id))
  return endings.map((ending) => held.has(ending.id))
}

/** What an error means for the run. */
export function judge(
  thrown: unknown,
  signal: AbortSignal,
  run: Pick<ClaimedRun, 'failures' | 'crashes' | 'aways'>,
  retry: RetryPolicy,
): Outcome {
  const stop: unknown = signal.aborted ? signal.reason : thrown
  if (stop instanceof StrayError) return judgeCrash({ code: 'uncaught', error: stop }, run, retry)
  if (stop instanceof StopError && stop.why !== 'deadline') {
    if (stop.why === 'cancel') return { kind: 'cancelled' }
    return stop.why === 'lost' ? { kind: 'lost' } : { kind: 'given-back', error: stop, code: 'given-back', waitMs: 0 }
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (error instanceof RetryLaterError) return { kind: 'given-back', error, code: 'given-back', waitMs: error.waitMs }
  if (error instanceof DatabaseAwayError && run.aways < AWAY_MAX)
    return { kind: 'given-back', error, code: 'database-away', waitMs: backoffMs(AWAY_RETRY, run.aways + 1) }
  if (error instanceof PermanentError || error instanceof InputError) return { kind: 'failed', error, code: error.code }
  const code = stop instanceof StopError ? 'deadline' : error.name === 'ZodError' ? 'invalid-payload' : 'error'
  const failures = run.failures + 1
  if (failures >= retry.attempts || code === 'invalid-payload') return { kind: 'failed', error, code }
  return { kind: 'retried', error, code, waitMs: backoffMs(retry, failures) }
}

/** What the end of its process means for a run: another try that counts as a crash, until it is poison. */
export function judgeCrash(
  { code, error: cause }: { code: Code; error: Error },
  run: Pick<ClaimedRun, 'crashes'>,
  retry: RetryPolicy,
): Outcome {
  const crashes = run.crashes + 1
  if (crashes < CRASHES_MAX) return { kind: 'crashed', error: cause, code, waitMs: backoffMs(retry, crashes) }
  const error = new Error(
    `its process ended ${crashes} times while it ran, the last time: ${cause.message}; look at the attempts, then retry it`,
  )
  error.stack = cause.stack ?? error.message
  return { kind: 'crashed', error, code: 'crashed', waitMs: null }
}

/** Exponential with a cap, and jitter over its upper half, so that what failed together does not come back together. */
export function backoffMs(retry: RetryPolicy, failures: number, random: number = Math.random()): number {
  const full = Math.min(retry.maxDelayMs, retry.delayMs * 2 ** (failures - 1))
  return Math.round(full * (0.5 + random / 2))
}
