import type { LineSink, Log } from '../../log.ts'
import { MINUTE_MS } from '../../time.ts'
import type { ClaimedRun } from '../work/attempt.ts'
import { type ChildAnswer, type ChildProgram, type RunChild, startChild } from './run-child.ts'

/**
 * Processes for runs that must not harm others. They stay for the next run: what they opened, a browser for one, is
 * warm.
 */
export type ChildPool = {
  attempt(run: ClaimedRun, how: { memoryMaxMb: number; signal: AbortSignal; onLine: LineSink }): Promise<ChildAnswer>
  /** Ends every process, the ones at work too. */
  close(): Promise<void>
}

/** A process collects litter: after this many runs another takes its place. */
const RUNS_MAX = 100
/** A program at rest holds no memory that it does not need. */
const IDLE_MAX_MS = 5 * MINUTE_MS

type Pooled = { child: RunChild; memoryMaxMb: number; runs: number; idle: NodeJS.Timeout | null }

/** As many processes as there are runs at once, which the queues bound; each runs one at a time. */
export function createChildPool(program: ChildProgram, log: Log): ChildPool {
  const pool = new Set<Pooled>()

  function start(memoryMaxMb: number): Pooled {
    const pooled: Pooled = { child: startChild(program, memoryMaxMb, log), memoryMaxMb, runs: 0, idle: null }
    pool.add(pooled)
    void pooled.child.gone.then(({ error }) => {
      pool.delete(pooled)
      if (pooled.idle === null) return
      clearTimeout(pooled.idle)
      log.warn({ stack: error.stack }, `a process between two runs ended: ${error.message}`)
    })
    return pooled
  }

  /** The one used last is the warmest. */
  function take(memoryMaxMb: number): Pooled {
    const taken =
      [...pool].findLast((pooled) => pooled.idle !== null && pooled.memoryMaxMb === memoryMaxMb) ?? start(memoryMaxMb)
    if (taken.idle) clearTimeout(taken.idle)
    taken.idle = null
    taken.runs += 1
    return taken
  }

  function giveBack(pooled: Pooled): void {
    // To the end of the line, where the next one looks first.
    pool.delete(pooled)
    pool.add(pooled)
    pooled.idle = setTimeout(() => void end(pooled), IDLE_MAX_MS)
  }

  async function end(pooled: Pooled): Promise<void> {
    if (pooled.idle) clearTimeout(pooled.idle)
    pooled.idle = null
    await pooled.child.end()
  }

  return {
    async attempt(run, { memoryMaxMb, signal, onLine }) {
      const pooled = take(memoryMaxMb)
      const answer = await pooled.child.attempt(run, signal, onLine)
      // One that was told to stop may still be at what it was doing.
      if (answer.kind === 'outcome' && !signal.aborted && pooled.runs < RUNS_MAX) giveBack(pooled)
      else void end(pooled)
      return answer
    },
    async close() {
      await Promise.all([...pool].map(end))
    },
  }
}
