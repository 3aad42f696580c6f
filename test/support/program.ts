import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHROMIUM_FOLDER } from './browser.ts'

/** The program itself, started as a person would from a shell. */

const ROOT = join(import.meta.dirname, '../..')
/** Shared by all that start processes: one that starts for the hundredth time should not compile again. */
export const COMPILED_FOLDER = join(ROOT, '.daybreak/test-tools/compiled')

/** A program that says nothing for this long has hung. */
const START_TIMEOUT_MS = 120_000
const RUN_TIMEOUT_MS = 120_000

export type Settings = Record<string, string>
export type Ended = { code: number | null; out: string; err: string }
export type DataFolder = { path: string; remove(): Promise<void> }

/** A DATA_DIR of its own, in which Chromium need not be unpacked again. */
export async function makeDataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), 'daybreak-data-'))
  await mkdir(CHROMIUM_FOLDER, { recursive: true })
  await symlink(CHROMIUM_FOLDER, join(path, 'chromium'))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }) }
}

/** Runs `daybreak …` to its end. */
export async function runDaybreak(words: readonly string[], settings: Settings): Promise<Ended> {
  const { child, said } = launch(words, settings)
  const late = setTimeout(() => child.kill('SIGKILL'), RUN_TIMEOUT_MS)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(late)
  return { code, ...said }
}

/**
 * Runs `daybreak …`, presses Ctrl-C once it has printed what fits `seen`, or once `seen` has happened, and waits for
 * its end.
 */
export async function interruptDaybreak(
  words: readonly string[],
  settings: Settings,
  seen: RegExp | Promise<void>,
): Promise<Ended> {
  const { child, said } = launch(words, settings)
  const late = setTimeout(() => child.kill('SIGKILL'), RUN_TIMEOUT_MS)
  const press = () => {
    if (seen instanceof RegExp && !seen.test(said.out)) return
    child.stdout?.off('data', press)
    child.kill('SIGINT')
  }
  if (seen instanceof RegExp) child.stdout?.on('data', press)
  else void seen.then(press)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(late)
  return { code, ...said }
}

export type StartedDaybreak = {
  url: string
  pid: number
  /** What it has logged. */
  log(): string
  /** Its exit code, once it ends. */
  ended: Promise<number | null>
  /** What it has printed and logged so far. */
  said(): string
  stop(): Promise<number | null>
}

/**
 * Starts `daybreak start` and waits for the address of its board. `stop` ends it as systemd would and returns its exit
 * code.
 */
export async function startDaybreak(settings: Settings): Promise<StartedDaybreak> {
  const { child, said } = launch(['start'], { PORT: '0', LOG_LEVEL: 'warn', ...settings })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const url = await new Promise<string>((done, failed) => {
    const give = (what: string) => () => {
      child.kill('SIGKILL')
      failed(new Error(`daybreak start ${what}. It said: ${said.out}${said.err}`))
    }
    const late = setTimeout(give('named no board in time'), START_TIMEOUT_MS)
    child.once('exit', give('ended'))
    child.stdout?.on('data', () => {
      const found = /The board: (\S+)/.exec(said.out)?.[1]
      if (found === undefined) return
      clearTimeout(late)
      child.removeAllListeners('exit')
      done(found)
    })
  })
  const all = () => said.out + said.err
  return { url, pid: child.pid ?? 0, log: () => said.err, said: all, ended, stop: () => stop(child) }
}

function launch(words: readonly string[], settings: Settings): { child: ChildProcess; said: Omit<Ended, 'code'> } {
  const { PATH = '', HOME = tmpdir(), CHROMIUM_PATH } = process.env
  const child = spawn(process.execPath, [join(ROOT, 'src/main/daybreak.ts'), ...words], {
    cwd: tmpdir(),
    // Nothing of a Daybreak of the person's own.
    env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILED_FOLDER, ...(CHROMIUM_PATH && { CHROMIUM_PATH }), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  return { child, said }
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return child.exitCode
}
