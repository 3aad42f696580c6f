import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Code } from '../../codes/index.ts'
import { type LineSink, type Log, relayLine } from '../../log.ts'
import { SECOND_MS } from '../../time.ts'
import { type ClaimedRun, type Outcome, STOP_GRACE_MS, type StopError } from '../work/attempt.ts'
import type { FromChild, ToChild } from './child-protocol.ts'
import { heldMb, killTree, treeOf } from './process-tree.ts'

/** The program children run. */
export type ChildProgram = {
  /** A file that calls serveRuns. */
  entry: string
  /** What it opens its parts with. */
  settings: unknown
  /** Keeps what Node compiled, so that the next child starts in half the time; null: nothing is kept. */
  compiledFolder: string | null
}

/** Why a process ended that was at work. */
export type ChildEnd = { code: Extract<Code, 'out-of-memory' | 'child-exited' | 'unresponsive'>; error: Error }

export type ChildAnswer =
  | { kind: 'outcome'; outcome: Outcome }
  | { kind: 'unwritten'; message: string }
  | ({ kind: 'ended' } & ChildEnd)

/** A process of ours that runs one attempt at a time. */
export type RunChild = {
  /** Never rejects, whatever happens over there. Told to stop by `signal`, and killed when it does not hear. */
  attempt(run: ClaimedRun, signal: AbortSignal, onLine: LineSink): Promise<ChildAnswer>
  gone: Promise<ChildEnd>
  /** Asks it to end, and kills it when it does not. */
  end(): Promise<void>
}

/** The rest is for buffers, and for what it starts. */
const HEAP_SHARE = 0.5
const LOOK_EVERY_MS = 100
/** A tree is walked less often than it is weighed: that takes longer. */
const WALK_EVERY_LOOKS = 10
const START_TIMEOUT_MS = 60 * SECOND_MS
/** The attempt itself gives up after STOP_GRACE_MS, and says so when it still can. */
const KILL_AFTER_MS = STOP_GRACE_MS + SECOND_MS / 2
const END_GRACE_MS = 3 * SECOND_MS
const SAID_LINES_MAX = 40

/** Starts a process for runs that may hold `memoryMaxMb`. It can be used at once. */
export function startChild(program: ChildProgram, memoryMaxMb: number, log: Log): RunChild {
  const heapMb = Math.floor(memoryMaxMb * HEAP_SHARE)
  const child = fork(program.entry, [String(process.pid), program.compiledFolder ?? ''], {
    execArgv: [`--max-old-space-size=${heapMb}`, `--import=${import.meta.resolve('./child-preload.ts')}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  const said: string[] = []
  let killedFor: ChildEnd | null = null
  let current: { resolve(answer: ChildAnswer): void; onLine: LineSink } | null = null
  const kill = (end: ChildEnd) => {
    killedFor ??= end
    if (child.pid !== undefined) killTree(child.pid)
  }
  // It may be gone already; then that is heard of by its end.
  const tell = (message: ToChild) => void child.send(message, () => {})
  const late = setTimeout(
    () => kill(ended('unresponsive', `did not start within ${START_TIMEOUT_MS / SECOND_MS} s`)),
    START_TIMEOUT_MS,
  )
  const gone = endOf(child).then((end) => {
    clearTimeout(late)
    return killedFor ?? explain(end, said, heapMb)
  })
  child.on('message', (message: FromChild) => {
    if (message.kind === 'ready') clearTimeout(late)
    else current?.resolve(message.kind === 'ended' ? { kind: 'outcome', outcome: message.outcome } : message)
  })
  listen(child, (text) => {
    const line = relayLine(log, text)
    if (line) current?.onLine(line)
    else said.push(text)
    if (said.length > SAID_LINES_MAX) said.shift()
  })
  tell({ kind: 'open', settings: program.settings })
  return {
    gone,
    async attempt(run, signal, onLine) {
      const answer = Promise.withResolvers<ChildAnswer>()
      current = { resolve: answer.resolve, onLine }
      tell({ kind: 'run', run })
      const unwatch = watchMemory(child.pid, memoryMaxMb, kill)
      const unhook = whenStopped(signal, tell, kill)
      try {
        return await Promise.race([answer.promise, gone.then((end) => ({ kind: 'ended' as const, ...end }))])
      } finally {
        current = null
        unwatch()
        unhook()
      }
    },
    async end() {
      tell({ kind: 'end' })
      const timer = setTimeout(() => kill(ended('unresponsive', 'did not end when asked to')), END_GRACE_MS)
      await gone
      clearTimeout(timer)
    },
  }
}

/** Passes the reason on, and kills who does not hear. Returns how to stop. */
function whenStopped(signal: AbortSignal, tell: (message: ToChild) => void, kill: (end: ChildEnd) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    tell({ kind: 'stop', why: (signal.reason as StopError).why })
    timer = setTimeout(() => kill(ended('unresponsive', 'did not stop when told to')), KILL_AFTER_MS)
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/**
 * The heap has a limit of its own; buffers, and the browser a run starts, are seen from outside only. Returns how to
 * stop.
 */
function watchMemory(pid: number | undefined, maxMb: number, kill: (end: ChildEnd) => void): () => void {
  if (pid === undefined) return () => {}
  let tree = [pid]
  let looks = 0
  const timer = setInterval(() => {
    if (looks % WALK_EVERY_LOOKS === 0) tree = treeOf(pid)
    looks += 1
    const mb = heldMb(tree) ?? 0
    if (mb > maxMb)
      kill(ended('out-of-memory', `held ${Math.ceil(mb)} MB with all it started; its job allows ${maxMb} MB`))
  }, LOOK_EVERY_MS)
  return () => clearInterval(timer)
}

type ProcessEnd = { code: number | null; signal: NodeJS.Signals | null; error: Error | null }

/** After the last of what it wrote; what it started may hold its output open longer than it lives. */
function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', () => setTimeout(() => child.stderr?.destroy(), SECOND_MS).unref())
    child.once('close', (code, signal) => resolve({ code, signal, error: null }))
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error })
    })
  })
}

function explain({ code, signal, error }: ProcessEnd, said: string[], heapMb: number): ChildEnd {
  const stack = said.join('\n')
  if (error !== null) return ended('unresponsive', `could not be started: ${error.message}`, stack)
  // V8 says it nowhere else: its exit code is that of any abort.
  if (said.some((line) => line.startsWith('FATAL ERROR') && line.includes('out of memory')))
    return ended('out-of-memory', `ran out of memory; its heap may hold ${heapMb} MB`, stack)
  if (signal !== null) return ended('child-exited', `was killed by ${signal}`, stack)
  return ended('child-exited', `exited with code ${code} before the run had ended`, stack)
}

function ended(code: ChildEnd['code'], what: string, stack?: string): ChildEnd {
  const error = new Error(`the process of the run ${what}`)
  error.stack = stack === undefined || stack === '' ? error.message : stack
  return { code, error }
}

function listen(child: ChildProcess, onLine: (text: string) => void): void {
  if (child.stderr !== null) createInterface({ input: child.stderr, crlfDelay: Infinity }).on('line', onLine)
}
