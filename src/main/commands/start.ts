import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { listen } from '../listen.ts'
import type { CommandTools } from './command-tools.ts'

export function startCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('start')
    .description('Run Daybreak: scheduler, workers and board in one process, or some of them.')
    .option('--roles <roles>', 'scheduler, worker, board, separated by commas (default: the setting ROLES)')
    .action(async ({ roles }: { roles?: string }) => {
      const wanted = roles === undefined ? tools.config().ROLES : parseRoles(roles)
      const program = await tools.openProgram()
      try {
        const board = wanted.includes('board') ? await listen(program) : null
        if (wanted.includes('scheduler')) await program.engine.startScheduler()
        if (wanted.includes('worker')) await program.engine.startWorkers()
        const where = board === null ? '' : ` The board: ${board.url}`
        tools.print(`Daybreak runs as ${wanted.join(', ')}.${where}`)
        const refusal = program.engine.refusal()
        if (refusal !== null) tools.log.error(`this node does not work: ${refusal}`)
        tools.log.info(
          { roles: wanted, node: program.engine.node, board: board?.url },
          `Daybreak runs as ${wanted.join(', ')}`,
        )
        await stopped(tools.signal)
        tools.log.info('stopping: running work may finish')
        await board?.close()
      } finally {
        await program.close()
      }
    })
}

const ROLES = ['scheduler', 'worker', 'board']

function parseRoles(text: string): string[] {
  const roles = text.split(',').map((role) => role.trim())
  const unknown = roles.filter((role) => !ROLES.includes(role))
  if (unknown.length > 0)
    throw new InputError('unknown-role', `There is no role "${unknown.join('", "')}". Roles: ${ROLES.join(', ')}.`)
  return roles
}

function stopped(signal: AbortSignal): Promise<void> {
  // It may have been told to while it started.
  if (signal.aborted) return Promise.resolve()
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }))
}
