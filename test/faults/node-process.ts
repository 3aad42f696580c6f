import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../support/program.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Shared with the end-to-end tests: a process that starts for the hundredth time should not compile again. */
const COMPILED = join(ROOT, '.daybreak/test-tools/compiled')
const START_TIMEOUT_MS = 150_000
const POLL_MS = 25

/** A process of ours with a log of its own. */
export type NodeProcess = {
  name: string
  pid: number
  /** What a board it serves can be reached at; known once it is ready. */
  url(): string
  isAlive(): boolean
  /** Whether it was sent any signal. */
  wasToldToEnd(): boolean
  /** Sends a signal without waiting. Returns the time, in milliseconds since 1970. */
  signal(signal: NodeJS.Signals): number
  /** Ends it and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<Ended>
  ended: Promise<Ended>
  log(): Promise<string>
  /** Waits until the log says something; throws when it does not. */
  says(pattern: RegExp, timeoutMs?: number): Promise<void>
}

export type Ended = { code: number | null; signal: NodeJS.Signals | null; atMs: number }

/** Whatever happens to us, none of them outlives us. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** Starts `node <script> …words`; `says(/runs as/)` waits until it works. */
export async function launch(options: {
  name: string
  script: string
  words: readonly string[]
  settings: Settings
  logFile: string
}): Promise<NodeProcess> {
  const { name, script, words, settings, logFile } = options
  const { PATH = '', CHROMIUM_PATH } = process.env
  const output = await open(logFile, 'a')
  const child = spawn(process.execPath, [join(ROOT, script), ...words], {
    // Nothing of a Daybreak of the person's own.
    env: { PATH, HOME: tmpdir(), NODE_COMPILE_CACHE: COMPILED, ...(CHROMIUM_PATH && { CHROMIUM_PATH }), ...settings },
    stdio: ['ignore', output.fd, output.fd],
  })
  await output.close()
  living.add(child)
  const ended = once(child, 'exit').then(([code, signal]): Ended => {
    living.delete(child)
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, atMs: Date.now() }
  })
  const isAlive = () => child.exitCode === null && child.signalCode === null
  const log = () => readFile(logFile, 'utf8')
  let url: string | null = null
  let isTold = false
  const tell = (signal: NodeJS.Signals) => {
    isTold = true
    child.kill(signal)
  }
  return {
    name,
    pid: child.pid ?? 0,
    isAlive,
    wasToldToEnd: () => isTold,
    ended,
    log,
    url() {
      if (url === null) throw new Error(`${name} serves no board`)
      return url
    },
    signal(signal) {
      tell(signal)
      return Date.now()
    },
    async kill(signal) {
      if (isAlive()) tell(signal)
      return ended
    },
    async says(pattern, timeoutMs = START_TIMEOUT_MS) {
      const said = await waitForText({ name, log, isAlive }, pattern, timeoutMs)
      // Its address is the last thing that a board says at its start.
      const isBoard = /runs as [a-z, ]*board/.test(said)
      const text = isBoard ? await waitForText({ name, log, isAlive }, /The board: \S+\s/, timeoutMs) : said
      url ??= /The board: (\S+)/.exec(text)?.[1] ?? null
    },
  }
}

async function waitForText(
  { name, log, isAlive }: Pick<NodeProcess, 'name' | 'log' | 'isAlive'>,
  pattern: RegExp,
  timeoutMs: number,
): Promise<string> {
  const until = performance.now() + timeoutMs
  for (;;) {
    // In this order, or the last words of one that has just ended would be missed.
    const alive = isAlive()
    const text = await log()
    if (pattern.test(text)) return text
    if (!alive) throw new Error(`${name} ended before it said ${pattern}`)
    if (performance.now() > until) throw new Error(`${name} did not say ${pattern} within ${timeoutMs / 1000} s`)
    await sleep(POLL_MS)
  }
}
