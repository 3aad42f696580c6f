import type { Command } from 'commander'
import type { CommandTools } from './command-tools.ts'

export function migrateCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('migrate')
    .description('Bring the database schema and the queues up to date. Run it before every deploy; start does it too.')
    .action(async () => {
      const program = await tools.openProgram()
      const applied = await program.database.system
        .selectFrom('schema_files')
        .select('path')
        .where('path', 'like', 'migrations/%')
        .orderBy('path')
        .execute()
      tools.print(
        `The database is up to date: ${applied.length} migrations, the last ${applied.at(-1)?.path}; queues on ${program.backend.kind}.`,
      )
      await program.close()
    })
}
