import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { evictionWords } from '../../queues/index.ts'
import { SECOND_MS } from '../../time.ts'
import type { Program } from '../program.ts'
import { watchUncaught } from '../watch-uncaught.ts'
import type { CommandTools } from './command-tools.ts'

/** To close everything, beside the grace that work has. */
const CLOSE_MAX_MS = 10 * SECOND_MS

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
  const { engine, backend, config } = program
  const uncaught = watchUncaught(log, config.SHUTDOWN_GRACE_SECONDS * SECOND_MS + CLOSE_MAX_MS)
  try {
    const { evicts } = await backend.examine()
    if (evicts !== null) log.warn(evictionWords(evicts))
    const board = roles.includes('board') ? await openBoard(program) : null
    if (roles.includes('scheduler')) await engine.startScheduler()
    if (roles.includes('worker')) await engine.startWorkers()
    log.info({ roles, node: engine.node, board: board?.url }, `Daybreak runs as ${roles.join(', ')}`)
    print(`Daybreak runs as ${roles.join(', ')}.${board === null ? '' : ` The board: ${board.url}`}`)
    await stopped(AbortSignal.any([signal, uncaught]))
    log.info('stopping: running work may finish')
    await board?.close()
  } finally {
    await program.close()
  }
  // Everything is closed. BullMQ keeps the timers of workers that could not take their leave of a server that is gone.
  // After an error that nobody caught, whoever watches over us starts us again.
  process.exit(uncaught.aborted ? 1 : undefined)
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
