import { randomBytes } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { sampleClients } from '../sample/clients/index.ts'
import { loadSampleBusiness } from '../sample/load.ts'
import { type Config, readConfig } from '../src/config.ts'
import { InputError, messageOf } from '../src/errors.ts'
import { createLog } from '../src/log.ts'
import { listen } from '../src/main/listen.ts'
import { makeDataFolder } from '../src/main/make-data-folder.ts'
import { OPERATOR } from '../src/main/operator.ts'
import { print } from '../src/main/print.ts'
import { openProgram, outboxFolder, type Program } from '../src/main/program.ts'
import { createProgress, type ProgressDisplay } from '../src/main/progress.ts'
import { createUser, setPassword } from '../src/people/people.ts'
import { dayBefore, SECOND_MS, systemClock } from '../src/time.ts'
import { runNight } from './demo-night/night.ts'
import { resetData } from './demo-night/reset.ts'
import { printSummary } from './demo-night/summary.ts'

/** The demo: `scripts/demo --help` says what it does. */

type Options = { once: boolean; reset: boolean }

/** Any text will do; the same text is the same business. */
const SEED = 'daybreak'
const ADMIN = 'admin@daybreak.example'
const FREE_BYTES_MIN = 1_000_000_000
const INTERRUPTED = 130

async function main(words: string[], signal: AbortSignal): Promise<number> {
  const options = readOptions(words)
  const config = readConfig()
  if (options.reset) for (const line of await resetData(config)) print(line)
  await checkDisk(config)
  const startedAt = performance.now()
  const program = await openProgram(config, createLog('error'))
  try {
    // Before the night, so that a port that is taken is no surprise after it, and the night can be watched.
    const board = options.once ? null : await openBoard(program)
    print(`Started in ${elapsed(startedAt)}.`)
    const failed = await showNight(program, signal)
    print(`Done in ${elapsed(startedAt)}.`)
    // The signal's reason says it, as it does when loading is stopped.
    signal.throwIfAborted()
    sayWhere(config)
    if (board === null) return failed > 0 ? 1 : 0
    print()
    print(`The board: ${board.url}   sign in as ${ADMIN} with the password ${board.password} (shown this once)`)
    print('Ctrl-C stops it. Your data stays.')
    await aborted(signal)
    await board.close()
    return 0
  } finally {
    await program.close()
  }
}

function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({ args, options: { once: { type: 'boolean' }, reset: { type: 'boolean' } } })
    return { once: values.once ?? false, reset: values.reset ?? false }
  } catch (error) {
    throw new InputError('option', `${messageOf(error)}. scripts/demo --help lists what there is.`)
  }
}

async function checkDisk(config: Config): Promise<void> {
  await makeDataFolder(config.DATA_DIR)
  const { bavail, bsize } = await statfs(config.DATA_DIR)
  const free = bavail * bsize
  if (free >= FREE_BYTES_MIN) return
  const [has, needs] = [free, FREE_BYTES_MIN].map((bytes) => Math.floor(bytes / 1e6))
  throw new InputError(
    'no-space',
    `${config.DATA_DIR} has ${has} MB free, and the demo needs ${needs} MB. Free some, or set DATA_DIR.`,
  )
}

async function openBoard(program: Program): Promise<{ url: string; password: string; close(): Promise<void> }> {
  const board = await listen(program)
  return { ...board, password: await freshAdmin(program) }
}

/** A password of ours for the admin of the demo, made on the first start and made again on every other. */
async function freshAdmin({ database }: Program): Promise<string> {
  const password = randomBytes(12).toString('base64url')
  const actor = { kind: 'command-line', id: OPERATOR, name: OPERATOR, ip: null } as const
  const known = await database.system.selectFrom('users').select('id').where('email', '=', ADMIN).executeTakeFirst()
  if (known) await setPassword(database.system, { email: ADMIN, password }, actor)
  else
    await createUser(
      database.system,
      { email: ADMIN, name: 'Demo Admin', role: 'admin', clientId: null, password },
      actor,
    )
  return password
}

/** Fills what is missing, runs what is due, says what came of it. Returns how many runs failed. */
async function showNight(program: Program, signal: AbortSignal): Promise<number> {
  const at = systemClock()
  await fill(program, at, signal)
  const nightAt = performance.now()
  const { failed } = await runNight(program, { at, clients: sampleClients, signal })
  print(`The night took ${elapsed(nightAt)}.`)
  await printSummary(program.database.system, at)
  print()
  return failed
}

async function fill(program: Program, at: Temporal.Instant, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now()
  let display = null as ProgressDisplay | null
  const loaded = await loadSampleBusiness(program.database, {
    seed: SEED,
    lastDay: (timeZone) => dayBefore(at, timeZone),
    signal,
    onProgress(days, daysTotal) {
      display ??= createProgress('days written', daysTotal)
      display.update(days)
    },
  })
  display?.stop()
  const { interactions, payments, customer_satisfaction: surveys, customers, ...others } = loaded.rows
  const rest = Object.values(others).reduce((sum, count) => sum + count, 0)
  const counts = `${interactions} interactions, ${payments} payments, ${surveys} surveys, ${customers} customers, ${rest} other facts`
  print(
    loaded.days === 0
      ? 'The sample business is up to date.'
      : `Wrote ${loaded.days} days of three clients (${counts}) in ${elapsed(startedAt)}.`,
  )
}

function sayWhere(config: Config): void {
  if (config.SMTP_URL === undefined) print(`Mails:   ${outboxFolder(config)} (.eml files, any mail program opens them)`)
  if (config.S3_BUCKET === undefined) print(`Reports: ${config.DATA_DIR}/reports`)
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }))
}

function elapsed(since: number): string {
  return `${((performance.now() - since) / SECOND_MS).toFixed(1)} s`
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // The first asks to finish what can be finished; whoever asks twice means now.
      if (stop.signal.aborted) process.exit(INTERRUPTED)
      process.stderr.write('\nStopping …\n')
      stop.abort(
        new InputError('interrupted', 'stopped; what was finished is kept, and the next start goes on from there'),
      )
    })
  }
  // `scripts/demo | head` closes our output: that is a way to stop, too, and no reason to leave the database running.
  process.stdout.on('error', () => stop.abort(new InputError('interrupted', 'stopped, because its output was closed')))
  return stop.signal
}

/** PostgreSQL's code and the system's for a disk that is full. */
const DISK_FULL = ['53100', 'ENOSPC']

try {
  process.exitCode = await main(process.argv.slice(2), stopSignal())
} catch (error) {
  const code = (error as { code?: string }).code ?? ''
  if (!(error instanceof InputError) && !DISK_FULL.includes(code)) throw error
  const reason = DISK_FULL.includes(code)
    ? 'the disk is full: free some space, or set DATA_DIR to another disk'
    : messageOf(error)
  process.stderr.write(`demo: ${reason}\n`)
  process.exitCode = code === 'interrupted' ? INTERRUPTED : 1
}
