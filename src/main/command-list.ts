import type { Command } from 'commander'
import type { CommandTools } from './commands/command-tools.ts'

type AddCommand = (parent: Command, tools: CommandTools) => void

/**
 * Each command brings along what it needs, so that only the one that is asked for is loaded. In the order of --help.
 */
export const COMMANDS: Record<string, () => Promise<AddCommand>> = {
  start: async () => (await import('./commands/start.ts')).startCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  run: async () => (await import('./commands/run.ts')).runCommand,
  runs: async () => (await import('./commands/runs.ts')).runsCommand,
  backfill: async () => (await import('./commands/backfill.ts')).backfillCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  migrate: async () => (await import('./commands/migrate.ts')).migrateCommand,
  client: async () => (await import('./commands/client.ts')).clientCommand,
  user: async () => (await import('./commands/user.ts')).userCommand,
  key: async () => (await import('./commands/key.ts')).keyCommand,
  link: async () => (await import('./commands/link.ts')).linkCommand,
  erase: async () => (await import('./commands/erase.ts')).eraseCommand,
}
