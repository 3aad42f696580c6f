import type { Config } from '../../config.ts'
import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { Clock } from '../../time.ts'
import type { Program } from '../program.ts'

/** What every command of the command line may use. Nothing is opened before a command asks for it. */
export type CommandTools = {
  config(): Config
  log: Log
  clock: Clock
  /** Fires on Ctrl-C and SIGTERM. */
  signal: AbortSignal
  print(line?: string): void
  /** The database alone, migrated. */
  openDatabase(): Promise<{ db: Database; close(): Promise<void> }>
  /** Every part, wired; nothing runs yet. */
  openProgram(): Promise<Program>
}
