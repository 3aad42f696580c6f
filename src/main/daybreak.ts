import { Command } from 'commander'
import { type Config, readConfig } from '../config.ts'
import { InputError } from '../errors.ts'
import { createLog, type Log } from '../log.ts'
import { systemClock } from '../time.ts'
import { backfillCommand } from './commands/backfill.ts'
import { clientCommand } from './commands/client.ts'
import type { CommandTools } from './commands/command-tools.ts'
import { doctorCommand } from './commands/doctor.ts'
import { eraseCommand } from './commands/erase.ts'
import { importCommand } from './commands/import.ts'
import { keyCommand } from './commands/key.ts'
import { migrateCommand } from './commands/migrate.ts'
import { reportCommand } from './commands/report.ts'
import { runCommand } from './commands/run.ts'
import { runsCommand } from './commands/runs.ts'
import { startCommand } from './commands/start.ts'
import { userCommand } from './commands/user.ts'
import { print } from './print.ts'
import { openMigratedDatabase, openProgram } from './program.ts'
import { sayFailure } from './say-failure.ts'
import { version } from './version.ts'

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
      const { database, close } = await openMigratedDatabase(config(), log())
      return { db: database, close }
    },
    openProgram: () => openProgram(config(), log()),
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

/** The server says all it does; doctor's findings say the same as its log; the others stay quiet unless something is wrong. */
function levelOf(command: string | undefined, config: () => Config): string {
  if (command === 'start') return config().LOG_LEVEL
  return command === 'doctor' ? 'silent' : 'error'
}

function createProgram(tools: CommandTools): Command {
  const program = new Command('daybreak')
    .description(
      'Nightly rollups, segments, forecasts and reports. Settings come from the environment: docs/configuration.md.',
    )
    .version(version)
    // Wrong usage is one line, like every other error: sayFailure writes it.
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  for (const command of [
    startCommand,
    importCommand,
    runCommand,
    runsCommand,
    backfillCommand,
    reportCommand,
    doctorCommand,
    migrateCommand,
    clientCommand,
    userCommand,
    keyCommand,
    eraseCommand,
  ]) {
    command(program, tools)
  }
  return program
}

const words = process.argv.slice(2)
const program = createProgram(createTools(words[0]))
try {
  await program.parseAsync(words, { from: 'user' })
} catch (error) {
  process.exitCode = sayFailure(error, program, words)
}
