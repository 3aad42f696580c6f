import { type RawBuilder, sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { SECOND_MS } from '../time.ts'
import type { Program } from './program.ts'

export type Progress = { open: number; succeeded: number; failed: number; cancelled: number }

const ASK_EVERY_MS = SECOND_MS / 4

type WaitOptions = { onProgress?: (progress: Progress) => void; signal: AbortSignal }

/**
 * Starts scheduler and workers in this process and waits for the runs that `which` selects, as `waitUntilDone` does. Throws InputError
 * `clock` when this machine may not work, and what the signal says when it fires.
 */
export async function workUntilDone(
  program: Program,
  which: RawBuilder<boolean>,
  options: WaitOptions,
): Promise<Progress> {
  await program.engine.startScheduler()
  await program.engine.startWorkers()
  const refusal = program.engine.refusal()
  if (refusal !== null) throw new InputError('clock', `This machine may not work: ${refusal}.`)
  const progress = await waitUntilDone(program, which, options)
  options.signal.throwIfAborted()
  return progress
}

/**
 * Waits until none of the runs that `which` selects (a condition on `runs r`) is open any more; a run held by a failed one counts
 * as failed. Reports progress a few times a second; on abort returns what is so far.
 */
export async function waitUntilDone(
  program: Program,
  which: RawBuilder<boolean>,
  options: WaitOptions,
): Promise<Progress> {
  for (;;) {
    const progress = await progressOf(program.database.system, which)
    options.onProgress?.(progress)
    if (progress.open === 0 || options.signal.aborted) return progress
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS))
  }
}

async function progressOf(db: SystemDatabase, which: RawBuilder<boolean>): Promise<Progress> {
  const { rows } = await sql<Progress>`
    with recursive wanted as (
      select r.id, r.job, r.key, r.state from runs r where ${which}
    ), held as (
      select w.id from wanted w
      join run_dependencies d on d.run_id = w.id
      join runs needed on needed.job = d.job and needed.key = d.key and needed.state in ('failed', 'cancelled')
      where w.state = 'planned'
      union
      select w.id from held h
      join wanted broken on broken.id = h.id
      join run_dependencies d on d.job = broken.job and d.key = broken.key
      join wanted w on w.id = d.run_id and w.state = 'planned'
    )
    select
      count(*) filter (where state in ('planned', 'queued', 'running') and id not in (select id from held))::int as open,
      count(*) filter (where state = 'succeeded')::int as succeeded,
      count(*) filter (where state = 'failed' or id in (select id from held))::int as failed,
      count(*) filter (where state = 'cancelled')::int as cancelled
    from wanted`.execute(db)
  return rows[0] ?? { open: 0, succeeded: 0, failed: 0, cancelled: 0 }
}
