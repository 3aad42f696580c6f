import { Command } from 'commander'
import { type Config, readConfig } from '../config.ts'
import { InputError, messageOf } from '../errors.ts'
import { createLog } from '../log.ts'
import { systemClock } from '../time.ts'
import { backfillCommand } from './commands/backfill.ts'
import { clientCommand } from './commands/client.ts'
import type { CommandTools } from './commands/command-tools.ts'
import { doctorCommand } from './commands/doctor.ts'
import { importCommand } from './commands/import.ts'
import { keyCommand } from './commands/key.ts'
import { migrateCommand } from './commands/migrate.ts'
import { reportCommand } from './commands/report.ts'
import { runCommand } from './commands/run.ts'
import { startCommand } from './commands/start.ts'
import { userCommand } from './commands/user.ts'
import { print } from './print.ts'
import { openMigratedDatabase, openProgram } from './program.ts'

function createTools(): CommandTools {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // The first asks to finish what can be finished; whoever asks twice means now.
      if (stop.signal.aborted) process.exit(130)
      stop.abort(new InputError('interrupted', `stopped by ${name}`))
    })
  }
  let read: Config | undefined
  const config = () => {
    read ??= readConfig()
    return read
  }
  // Commands that print for people stay quiet unless something is wrong; the server says all it does.
  const log = createLog(process.argv[2] === 'start' ? config().LOG_LEVEL : 'warn')
  return {
    config,
    log,
    clock: systemClock,
    signal: stop.signal,
    print,
    async openDatabase() {
      const { database, close } = await openMigratedDatabase(config(), log)
      return { db: database, close }
    },
    openProgram: () => openProgram(config(), log),
  }
}

function createProgram(tools: CommandTools): Command {
  const program = new Command('daybreak')
    .description(
      'Nightly rollups, segments, forecasts and reports. Settings come from the environment: docs/configuration.md.',
    )
    .showHelpAfterError('(daybreak <command> --help explains)')
  for (const command of [
    startCommand,
    importCommand,
    runCommand,
    backfillCommand,
    reportCommand,
    doctorCommand,
    migrateCommand,
    clientCommand,
    userCommand,
    keyCommand,
  ]) {
    command(program, tools)
  }
  return program
}

try {
  await createProgram(createTools()).parseAsync()
} catch (error) {
  if (!(error instanceof InputError)) throw error
  process.stderr.write(`daybreak: ${messageOf(error)}\n`)
  process.exitCode = 1
}
