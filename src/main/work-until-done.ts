import type { SystemDatabase } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { sqlFile } from '../sql.ts'
import { SECOND_MS } from '../time.ts'
import type { Program } from './program.ts'

export type Progress = { open: number; succeeded: number; failed: number; cancelled: number }

/** Which runs are waited for; what is not named does not select. */
export type RunSelection = {
  runIds?: string[]
  clientIds?: string[]
  job?: string
  /** Only those that had not ended by then. */
  openSince?: Temporal.Instant
}

type WaitOptions = { onProgress?: (progress: Progress) => void; signal: AbortSignal }

const ASK_EVERY_MS = SECOND_MS / 4

const countRuns = sqlFile<Progress>(import.meta.dirname, 'count-runs.sql')

/**
 * Starts scheduler and workers in this process and waits for the selected runs, as `waitUntilDone` does. Throws
 * InputError `clock` when this machine may not work, and what the signal says when it fires.
 */
export async function workUntilDone(program: Program, which: RunSelection, options: WaitOptions): Promise<Progress> {
  await startWork(program)
  const progress = await waitUntilDone(program, which, options)
  options.signal.throwIfAborted()
  return progress
}

/** Starts scheduler and workers in this process. Throws InputError `clock` when this machine may not work. */
export async function startWork({ engine }: Program): Promise<void> {
  await engine.startScheduler()
  await engine.startWorkers()
  const refusal = engine.refusal()
  if (refusal !== null) throw new InputError('clock', `This machine may not work: ${refusal}.`)
}

/**
 * Waits until none of the selected runs is open any more; a run held by a failed one counts as failed. Reports progress
 * a few times a second; on abort returns what is so far.
 */
export async function waitUntilDone(program: Program, which: RunSelection, options: WaitOptions): Promise<Progress> {
  for (;;) {
    const progress = await runsProgress(program.database.system, which)
    options.onProgress?.(progress)
    if (progress.open === 0 || options.signal.aborted) return progress
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS))
  }
}

/** How far the selected runs have come now; a run held by a failed one counts as failed. */
export async function runsProgress(db: SystemDatabase, which: RunSelection): Promise<Progress> {
  const { runIds, clientIds, job, openSince } = which
  const since = openSince?.toString() ?? null
  const [progress] = await countRuns(db, [runIds ?? null, clientIds ?? null, job ?? null, since])
  return progress ?? { open: 0, succeeded: 0, failed: 0, cancelled: 0 }
}
