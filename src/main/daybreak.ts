import { Command } from 'commander'
import { type Config, readConfig } from '../config.ts'
import { InputError } from '../errors.ts'
import { createLog, type Log } from '../log.ts'
import { systemClock } from '../time.ts'
import { COMMANDS } from './command-list.ts'
import type { CommandTools } from './commands/command-tools.ts'
import { openMigratedDatabase } from './open-migrated-database.ts'
import { print } from './print.ts'
import { sayFailure } from './say-failure.ts'
import { version } from './version.ts'

/** For what a failed command still has to close. */
const LEAVE_MS = 2000

function createTools(command: string | undefined): CommandTools {
  const signal = stopSignal()
  let read: Config | undefined
  const config = () => {
    read ??= readConfig()
    return read
  }
  let opened: Log | undefined
  const log = () => {
    opened ??= createLog(levelOf(command, config))
    return opened
  }
  return {
    config,
    get log() {
      return log()
    },
    clock: systemClock,
    signal,
    print,
    async openDatabase() {
      const { database, close } = await openUnlessStopped(signal, () => openMigratedDatabase(config(), log()))
      return { db: database, close }
    },
    async openProgram() {
      const { openProgram } = await import('./program.ts')
      return openUnlessStopped(signal, () => openProgram(config(), log()))
    },
  }
}

/** A start waits for servers; whoever is told to stop meanwhile stops. What is opened after that is closed at once. */
async function openUnlessStopped<T extends { close(): Promise<void> }>(
  signal: AbortSignal,
  open: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const opening = open()
  const stopped = Promise.withResolvers<never>()
  const stop = () => stopped.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([opening, stopped.promise])
  } catch (error) {
    // Whoever is stopped has said so; how the start went on interests nobody.
    opening.then(
      (opened) => opened.close(),
      () => {},
    )
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // The first asks to finish what can be finished; whoever asks twice means now.
      if (stop.signal.aborted) process.exit(130)
      stop.abort(new InputError('interrupted', `stopped by ${name}`))
    })
  }
  return stop.signal
}

/**
 * The server says all it does; doctor's findings say the same as its log; the others stay quiet unless something is
 * wrong.
 */
function levelOf(command: string | undefined, config: () => Config): string {
  if (command === 'start') return config().LOG_LEVEL
  return command === 'doctor' ? 'silent' : 'error'
}

async function createProgram(command: string | undefined, tools: CommandTools): Promise<Command> {
  const program = new Command('daybreak')
    .description(
      'Nightly rollups, segments, forecasts and reports. Settings come from the environment: docs/configuration.md.',
    )
    .version(version)
    // What stands behind the name of a command is that command's own.
    .enablePositionalOptions()
    // Wrong usage is one line, like every other error: sayFailure writes it.
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  const named = command === undefined || !Object.hasOwn(COMMANDS, command) ? undefined : COMMANDS[command]
  for (const load of named === undefined ? Object.values(COMMANDS) : [named]) (await load())(program, tools)
  return program
}

const words = process.argv.slice(2)
const program = await createProgram(words[0], createTools(words[0]))
try {
  await program.parseAsync(words, { from: 'user' })
} catch (error) {
  process.exitCode = sayFailure(error, program, words)
}
// Whatever a failed command has left open must not keep a process that nobody starts again while it lives.
if (process.exitCode !== undefined && process.exitCode !== 0) setTimeout(() => process.exit(), LEAVE_MS).unref()
