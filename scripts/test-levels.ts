import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settings } from '../src/config.ts'
import { messageOf } from '../src/errors.ts'
import { type Servers, startServers } from '../test/support/servers.ts'
import { countTests, type Tally, type VitestReport } from './count-tests.ts'

/**
 * Runs the checks and the levels of tests in order, stops at the first that fails, and closes with one line that adds
 * them up.
 */

type Command = { name: string; program: string; args: string[] }

const CHECKS: Command[] = [
  { name: 'format', program: 'biome', args: ['check', '--error-on-warnings'] },
  { name: 'lint', program: 'oxlint', args: [] },
  { name: 'types', program: 'tsc', args: [] },
  { name: 'dead code', program: 'knip', args: ['--no-progress'] },
]

const LEVELS = ['checks', 'tidy', 'unit', 'integration', 'e2e', 'hostile', 'faults'] as const
type Level = (typeof LEVELS)[number]

const LEVELS_WITH_SERVERS: readonly Level[] = ['integration', 'e2e', 'hostile', 'faults']

type Run = {
  environment: NodeJS.ProcessEnv
  folder: string
  times: [name: string, seconds: string][]
  tally: Tally
  signal: AbortSignal
}

async function main(words: string[]): Promise<number> {
  if (words.includes('--help')) {
    say(`scripts/test [level…]   runs every level, or those named: ${LEVELS.join(', ')}`)
    return 0
  }
  const unknown = words.filter((word) => !LEVELS.some((level) => level === word))
  if (unknown.length > 0) {
    say(`There is no level ${unknown.join(', ')}. There are: ${LEVELS.join(', ')}.`)
    return 2
  }
  return runLevels(LEVELS.filter((level) => words.length === 0 || words.includes(level)))
}

async function runLevels(levels: Level[]): Promise<number> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-test-'))
  const run: Run = {
    environment: testEnvironment(),
    folder,
    times: [],
    tally: { passed: 0, failed: 0, skipped: 0 },
    signal: interrupt.signal,
  }
  let servers: Servers | null = null
  try {
    for (const level of levels) {
      if (LEVELS_WITH_SERVERS.includes(level) && servers === null) {
        servers = await timed(run, 'servers', () => startServers(process.env))
        run.environment['TEST_DATABASE_URL'] = servers.postgresUrl
        run.environment['TEST_REDIS_URL'] = servers.redisUrl
      }
      if (await passes(run, level)) continue
      const again = `FAILED at ${run.times.at(-1)?.[0]}. Once fixed: ./scripts/test ${level}`
      close(run, interrupt.signal.aborted ? 'Interrupted.' : again)
      return 1
    }
    close(run, 'All passed.')
    return 0
  } catch (error) {
    run.tally.failed += 1
    close(run, messageOf(error))
    return 1
  } finally {
    await servers?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Without the settings of a Daybreak of the person's own: a test that starts one says what it is to use. */
function testEnvironment(): NodeJS.ProcessEnv {
  const own = new Set(Object.keys(settings.shape))
  // Where the machine's browser is, though, is true for the tests too.
  own.delete('CHROMIUM_PATH')
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)))
}

async function passes(run: Run, level: Level): Promise<boolean> {
  if (level !== 'checks') return timed(run, level, () => passesTests(run, level))
  for (const check of CHECKS) {
    const passed = await timed(run, check.name, () => succeeds(run, check))
    if (passed) continue
    run.tally.failed += 1
    return false
  }
  return true
}

async function passesTests(run: Run, level: Level): Promise<boolean> {
  const report = join(run.folder, `${level}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const passed = await succeeds(run, {
    name: level,
    program: 'vitest',
    args: ['run', '--project', level, ...reporters],
  })
  const counted = await readFile(report, 'utf8').then(
    (text) => countTests(JSON.parse(text) as VitestReport),
    // It ended before it could report, and has said why.
    () => ({ passed: 0, failed: 1, skipped: 0 }),
  )
  run.tally.passed += counted.passed
  // An error outside of any test fails the level too.
  run.tally.failed += passed ? counted.failed : Math.max(counted.failed, 1)
  run.tally.skipped += counted.skipped
  return passed && counted.failed === 0
}

async function succeeds(run: Run, command: Command): Promise<boolean> {
  run.signal.throwIfAborted()
  say(`\n▸ ${command.name}`)
  return new Promise((done, failed) => {
    const child = spawn(command.program, command.args, {
      env: run.environment,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const stop = () => child.kill('SIGTERM')
    run.signal.addEventListener('abort', stop)
    child.once('error', failed)
    child.once('exit', (code) => {
      run.signal.removeEventListener('abort', stop)
      done(code === 0)
    })
  })
}

async function timed<T>(run: Run, name: string, step: () => Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await step()
  } finally {
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    run.times.push([name, seconds])
    say(`  ${name}: ${seconds} s`)
  }
}

/** Closes with a plain line that any CI can read. */
function close(run: Run, word: string): void {
  const { passed, failed, skipped } = run.tally
  say(`\n${run.times.map(([name, seconds]) => `${name.padEnd(12)}${seconds.padStart(7)} s`).join('\n')}\n`)
  say(word)
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.exitCode = await main(process.argv.slice(2))
