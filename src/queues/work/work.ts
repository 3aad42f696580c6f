import { setTimeout as sleep } from 'node:timers/promises'
import { UnrecoverableError, type Worker } from 'bullmq'
import type { Code } from '../../codes/index.ts'
import type { Database } from '../../db/database.ts'
import { messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { sqlFile } from '../../sql.ts'
import type { ChildPool } from '../child/child-pool.ts'
import { QUEUES, type QueueName } from '../job.ts'
import type { QueueBackend } from '../queue/backend.ts'
import { LOCK_MS, STALLED_COUNT_MAX, STALLED_INTERVAL_MS } from '../queue/rescue-stalled.ts'
import type { Registry } from '../registry.ts'
import { inAttemptSpan } from '../runs/run-traces.ts'
import {
  attemptRun,
  type ClaimedRun,
  CRASHES_MAX,
  type Ending,
  type Outcome,
  record,
  StopError,
  writeEndings,
} from './attempt.ts'
import { attemptInChild } from './attempt-in-child.ts'
import { batched } from './batch.ts'
import { MESSAGE_CHARS_MAX, plainText } from './log-lines.ts'
import { judgeUnknownJob } from './unknown-job.ts'

const claimRuns = sqlFile<ClaimedRun>(import.meta.dirname, 'claim-runs.sql', { prepared: true })

/**
 * A worker that dies takes every run in it along, and nobody can tell which of them it was. Each has its next attempts
 * in a process of its own, which may hold this much: the guilty one then counts its crashes alone, and what ran beside
 * it ends well.
 */
const SUSPECT_MEMORY_MB = 1024

/** BullMQ waits 15 s after it has lost its connection, and we as long again for what it could not hand over. */
const ASK_AGAIN_MS = 1_000

/** How long workers have to take their leave of the queue, and what they do then to end. */
const GOODBYE_MS = 2_000
const ASK_DONE_MS = 25

/** Claims, or endings, that go to the ledger together. */
const BATCH_MAX = 100

export type WorkTools<JobTools> = {
  database: Database
  backend: QueueBackend
  registry: Registry
  jobTools: JobTools
  /** For jobs that do not run in this process, and for runs under which a worker died; null: there are none. */
  children: ChildPool | null
  node: string
  concurrency: Record<QueueName, number>
  log: Log
  /** Called after every attempt: what waited for the run may be ready now. */
  onFinished(): void
}

export type WorkerSet = {
  /** Stops the attempt of a run on this node. */
  stopRun(runId: string, why: StopError['why']): void
  runningIds(): string[]
  /** A worker lost the database while it opened, and would stay without it for ever: the set has to be opened again. */
  isBroken(): boolean
  /**
   * Takes nothing new, gives running work `graceMs` to finish, then stops it and gives it back. `isFinal`: nobody opens
   * another set, and the connections to a server that is away may be cut off.
   */
  close(graceMs: number, isFinal: boolean): Promise<void>
}

/** What BullMQ can keep of a message: its backends hold no more of a text than the ledger does. */
function storable(message: string): string {
  return plainText(message, MESSAGE_CHARS_MAX)
}

/** BullMQ retries after `waitMs`; the ledger has decided. */
class TryAgain extends Error {
  readonly waitMs: number
  constructor(message: string, waitMs: number) {
    super(storable(message))
    this.name = 'TryAgain'
    this.waitMs = waitMs
  }
}

/** Opens one worker per queue. */
export function startWorkers<JobTools>(tools: WorkTools<JobTools>): WorkerSet {
  const running = new Map<string, AbortController>()
  const ledger = writeTogether(tools)
  const workers = QUEUES.map((name) => openWorker(name, running, { ...tools, ...ledger }))
  let isBroken = false
  for (const worker of workers) {
    begin(worker, () => {
      isBroken = true
    })
  }
  // BullMQ asks a server that refuses without a pause, hundreds of thousands of times a minute.
  const leaveOff = tools.backend.health.onPause((isPaused) => {
    for (const worker of workers) void (isPaused ? worker.pause(true) : worker.resume())
  })
  const stopAll = (why: StopError['why']) => {
    for (const controller of running.values()) controller.abort(new StopError(why))
  }
  return {
    stopRun: (runId, why) => running.get(runId)?.abort(new StopError(why)),
    runningIds: () => [...running.keys()],
    isBroken: () => isBroken,
    async close(graceMs, isFinal) {
      leaveOff()
      const cutOff = isFinal ? tools.backend.cutOff : null
      const timer = setTimeout(() => stopAll('shutdown'), graceMs)
      const closed = Promise.all(workers.map((worker) => worker.close()))
      await (cutOff === null ? closed : Promise.race([closed, cutOffWhenDone(running, cutOff)]))
      clearTimeout(timer)
    },
  }
}

/** What is done needs the queue's word no more, and a server that is away never gives it. */
async function cutOffWhenDone(running: ReadonlyMap<string, unknown>, cutOff: () => void): Promise<void> {
  while (running.size > 0) await sleep(ASK_DONE_MS)
  await sleep(GOODBYE_MS)
  cutOff()
  await sleep(GOODBYE_MS)
}

/** What a queue gave a worker. */
type QueuedJob = { runId: string; queue: QueueName }

type LedgerWrites = {
  claim: (job: QueuedJob) => Promise<ClaimedRun | undefined>
  finish: (ending: Ending) => Promise<boolean>
}

/** What this node's workers write to the ledger at the same time goes there in one statement. */
function writeTogether<JobTools>({ database, node }: WorkTools<JobTools>): LedgerWrites {
  return {
    claim: batched(BATCH_MAX, async (jobs: QueuedJob[]) => {
      const ids = jobs.map(({ runId }) => runId)
      const claimed = await claimRuns(database.system, [ids, node, jobs.map(({ queue }) => queue)])
      const runs = new Map(claimed.map((run) => [run.id, run]))
      return ids.map((id) => runs.get(id))
    }),
    finish: batched(BATCH_MAX, (endings: Ending[]) => writeEndings(database.system, endings)),
  }
}

type Tools<JobTools> = WorkTools<JobTools> & LedgerWrites

function openWorker<JobTools>(name: QueueName, running: Map<string, AbortController>, tools: Tools<JobTools>): Worker {
  const worker = tools.backend.openWorker(
    name,
    // BullMQ hands over a signal only to a function that declares three parameters.
    async (job, _token, signal) => {
      const stop = new AbortController()
      signal?.addEventListener('abort', () => stop.abort(new StopError('lost')))
      await processRun({ runId: String(job.id), queue: name }, stop, running, tools)
    },
    {
      name: tools.node,
      concurrency: tools.concurrency[name],
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: STALLED_COUNT_MAX,
      runRetryDelay: ASK_AGAIN_MS,
      autorun: false,
      settings: { backoffStrategy: (_made, _type, error) => (error instanceof TryAgain ? error.waitMs : -1) },
    },
  )
  worker.on('error', (error) => {
    if (tools.backend.health.report(error)) return
    tools.log.warn({ queue: name, error: error.message }, `worker of ${name}: ${error.message}`)
  })
  worker.on('lockRenewalFailed', (ids: string[]) => {
    for (const id of ids) running.get(id)?.abort(new StopError('lost'))
  })
  return worker
}

/**
 * BullMQ remembers for ever that it could not open, and one that runs all the same asks again and again without ever
 * letting go of the CPU.
 */
function begin(worker: Worker, onBroken: () => void): void {
  worker.waitUntilReady().then(() => {
    // Paused and resumed meanwhile, it runs already.
    if (worker.isRunning()) return
    worker.run().catch((error: unknown) => worker.emit('error', error as Error))
  }, onBroken)
}

async function processRun<JobTools>(
  queued: QueuedJob,
  stop: AbortController,
  running: Map<string, AbortController>,
  tools: Tools<JobTools>,
): Promise<void> {
  const { runId } = queued
  const older = running.get(runId)
  if (older) {
    // The queue took it from us while we were cut off from it, and gave it to us again: one attempt at a time.
    older.abort(new StopError('lost'))
    throw new TryAgain('its last attempt is still ending here', ASK_AGAIN_MS)
  }
  running.set(runId, stop)
  try {
    await claimAndAttempt(queued, stop, tools)
  } finally {
    running.delete(runId)
  }
}

async function claimAndAttempt<JobTools>(
  queued: QueuedJob,
  stop: AbortController,
  tools: Tools<JobTools>,
): Promise<void> {
  const run = await tools.claim(queued).catch((error: unknown) => {
    // The run stays where it is; failed in the queue, it would have to be found by a sweep.
    throw new TryAgain(`the ledger could not be asked: ${messageOf(error)}`, ASK_AGAIN_MS)
  })
  if (!run) return
  // Whoever asked for a stop gets one, also when the worker that should have stopped died.
  if (run.cancel_requested_at !== null) stop.abort(new StopError('cancel'))
  const startedAt = performance.now()
  const outcome = await inAttemptSpan(run, (traced) => attempt(traced, stop, tools))
  logOutcome(tools.log, run, outcome, Math.round(performance.now() - startedAt))
  tools.onFinished()
  answerQueue(outcome)
}

async function attempt<JobTools>(run: ClaimedRun, stop: AbortController, tools: Tools<JobTools>): Promise<Outcome> {
  const job = tools.registry.get(run.job)
  if (!job) return record(tools, run, await judgeUnknownJob(tools.database.system, run), [])
  if (run.crashes >= CRASHES_MAX) {
    const message = `its worker died ${run.crashes} times while it ran; look at the attempts, then retry it`
    return fail(run, 'crashed', message, tools)
  }
  const memoryMaxMb = job.memoryMaxMb ?? (run.crashes > 0 ? SUSPECT_MEMORY_MB : null)
  if (memoryMaxMb === null || tools.children === null) return attemptRun(job, run, stop, tools)
  return attemptInChild(job, run, stop, { ...tools, children: tools.children, memoryMaxMb })
}

function fail<JobTools>(run: ClaimedRun, code: Code, message: string, tools: Tools<JobTools>): Promise<Outcome> {
  return record(tools, run, { kind: 'failed', error: new Error(message), code }, [])
}

/** Says to BullMQ what the ledger has recorded, so that its board shows the same. */
function answerQueue(outcome: Outcome): void {
  switch (outcome.kind) {
    case 'succeeded':
    case 'cancelled':
    case 'lost':
      return
    case 'failed':
      throw new UnrecoverableError(storable(outcome.error.message))
    case 'crashed':
      if (outcome.waitMs === null) throw new UnrecoverableError(storable(outcome.error.message))
      throw new TryAgain(outcome.error.message, outcome.waitMs)
    case 'retried':
    case 'given-back':
      throw new TryAgain(outcome.error.message, outcome.waitMs)
  }
}

function logOutcome(log: Log, run: ClaimedRun, outcome: Outcome, durationMs: number): void {
  const facts = {
    run_id: run.id,
    job: run.job,
    key: run.key,
    attempt: run.attempt,
    outcome: outcome.kind,
    duration_ms: durationMs,
  }
  const title = `${run.job} ${run.key}`
  switch (outcome.kind) {
    case 'succeeded':
      return log.info(facts, `${title} succeeded in ${durationMs} ms`)
    case 'failed':
      return log.error(
        { ...facts, stack: outcome.error.stack },
        `${title} failed for good: ${messageOf(outcome.error)}`,
      )
    case 'retried':
      return log.warn(facts, `${title} failed, tried again in ${outcome.waitMs} ms: ${messageOf(outcome.error)}`)
    case 'crashed': {
      const next = outcome.waitMs === null ? 'for good' : `and is tried again in ${outcome.waitMs} ms`
      const level = outcome.waitMs === null ? 'error' : 'warn'
      return log[level]({ ...facts, stack: outcome.error.stack }, `${title} crashed ${next}: ${outcome.error.message}`)
    }
    case 'given-back':
      return log.info(facts, `${title} waits ${outcome.waitMs} ms: ${messageOf(outcome.error)}`)
    case 'cancelled':
      return log.info(facts, `${title} was cancelled`)
    case 'lost':
      return log.warn(facts, `${title} was taken over by another worker`)
  }
}
