import { writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { Database } from '../../db/database.ts'
import { messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { jobOfRun, type Registry } from '../registry.ts'
import { attemptRun, type ClaimedRun, StopError, writeEndings } from '../work/attempt.ts'
import { type FromChild, portable, type ToChild } from './child-protocol.ts'

/** What a child process works with. */
export type ChildTools<JobTools> = {
  registry: Registry
  database: Database
  jobTools: JobTools
  log: Log
  /** Ends what would outlive the process. */
  close(): Promise<void>
}

/**
 * Makes this process a child that runs attempts for the worker that started it. `open` gets what the worker was given
 * as settings, once; an error in there, or one that nobody catches anywhere, ends the process, and the worker records
 * why.
 */
export function serveRuns<Settings, JobTools>(open: (settings: Settings) => Promise<ChildTools<JobTools>>): void {
  endWithParent()
  goFirst()
  const opened = Promise.withResolvers<ChildTools<JobTools>>()
  let stop = new AbortController()
  process.on('message', (message: ToChild) => {
    switch (message.kind) {
      case 'open':
        void open(message.settings as Settings).then((tools) => {
          opened.resolve(tools)
          tell({ kind: 'ready' })
          // Now rather than at its end, which may be sudden.
          flushCompileCache()
        })
        return
      case 'run':
        stop = new AbortController()
        void attempt(message.run, stop, opened.promise).then(tell)
        return
      case 'stop':
        stop.abort(new StopError(message.why))
        return
      case 'end':
        void opened.promise.then((tools) => tools.close()).then(() => process.exit())
    }
  })
}

function tell(message: FromChild): void {
  // Nobody to tell means that the worker is gone, and this process goes too.
  process.send?.(message, undefined, undefined, () => {})
}

async function attempt<JobTools>(
  run: ClaimedRun,
  stop: AbortController,
  opened: Promise<ChildTools<JobTools>>,
): Promise<FromChild> {
  const { registry, ...tools } = await opened
  const finish = async (ending: Parameters<typeof writeEndings>[1][number]) =>
    (await writeEndings(tools.database.system, [ending]))[0] ?? false
  try {
    const outcome = await attemptRun(jobOfRun(registry, run.job), run, stop, { ...tools, finish })
    return { kind: 'ended', outcome: portable(outcome) }
  } catch (error) {
    return { kind: 'unwritten', message: messageOf(error) }
  }
}

function endWithParent(): void {
  // At once where the loop is free to hear it, and before anything is asked of the database; see also child-preload.ts.
  if (!process.connected) process.exit()
  process.on('disconnect', () => process.exit())
}

/** Where the machine itself runs out of memory, it ends this process and what it starts before worker and database. */
function goFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '800')
  } catch {
    // Only Linux has such a list, and not everybody may write to it; then the machine chooses by itself.
  }
}
