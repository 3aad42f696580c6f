import type { Log } from '../../log.ts'
import type { ChildPool } from '../child/child-pool.ts'
import type { AnyJob } from '../job.ts'
import { type ClaimedRun, type Ending, judge, judgeCrash, type Outcome, record, StopError } from './attempt.ts'
import { keepLines, type LogLine } from './log-lines.ts'

type Tools = { children: ChildPool; memoryMaxMb: number; log: Log; finish: (ending: Ending) => Promise<boolean> }

/**
 * Runs one attempt of a claimed run in a child process, which records how it ended, as `attemptRun` does here. When the
 * process ends without having done so, it is recorded from here: as what the run was stopped for, else as a crash.
 */
export async function attemptInChild(
  job: AnyJob,
  run: ClaimedRun,
  stop: AbortController,
  tools: Tools,
): Promise<Outcome> {
  const lines: LogLine[] = []
  // Over there the same is set; this one also reaches who cannot hear.
  const deadline = setTimeout(() => stop.abort(new StopError('deadline')), job.timeoutMs)
  try {
    const { children, memoryMaxMb } = tools
    const answer = await children.attempt(run, { memoryMaxMb, signal: stop.signal, onLine: keepLines(lines) })
    if (answer.kind === 'outcome') return answer.outcome
    if (answer.kind === 'unwritten') throw new Error(answer.message)
    const outcome = stop.signal.aborted
      ? judge(stop.signal.reason, stop.signal, run, job.retry)
      : judgeCrash(answer, run, job.retry)
    return await record(tools, run, outcome, lines)
  } finally {
    clearTimeout(deadline)
  }
}
