import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import type { Program } from '../program.ts'
import type { CommandTools } from './command-tools.ts'

export function startCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('start')
    .description('Run Daybreak: scheduler, workers and board in one process, or some of them.')
    .option('--roles <roles>', 'scheduler, worker, board, separated by commas (default: the setting ROLES)')
    .action(({ roles }: { roles?: string }) =>
      start(tools, roles === undefined ? tools.config().ROLES : parseRoles(roles)),
    )
}

async function start({ openProgram, signal, log, print }: CommandTools, roles: string[]): Promise<void> {
  const program = await openProgram()
  const { engine } = program
  try {
    const board = roles.includes('board') ? await openBoard(program) : null
    if (roles.includes('scheduler')) await engine.startScheduler()
    if (roles.includes('worker')) await engine.startWorkers()
    log.info({ roles, node: engine.node, board: board?.url }, `Daybreak runs as ${roles.join(', ')}`)
    print(`Daybreak runs as ${roles.join(', ')}.${board === null ? '' : ` The board: ${board.url}`}`)
    await stopped(signal)
    log.info('stopping: running work may finish')
    await board?.close()
  } finally {
    await program.close()
  }
}

/** Loaded only by who serves it: the other commands and roles start sooner without. */
async function openBoard(program: Program): Promise<{ url: string; close(): Promise<void> }> {
  const { listen } = await import('../listen.ts')
  return listen(program)
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
