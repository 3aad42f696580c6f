import { cp, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../src/errors.ts'
import type { Fault, Length, Verdict } from './fault.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'

export type FaultResult = Verdict & {
  durationMs: number
  /** The ends of all logs, when a mark was missed. */
  tails: string
}

/** `isTimed`: marks of time count, too. */
export type FaultOptions = WorldOptions & { isTimed: boolean }

/** Lets a fault happen in a world of its own. What goes wrong on the way is a mark missed. */
export async function runFault(fault: Fault, length: Length, options: FaultOptions): Promise<FaultResult> {
  const startedAt = performance.now()
  const durationMs = () => Math.round(performance.now() - startedAt)
  const { world, close, tails } = await openWorld(fault, options)
  try {
    const found = await fault.run(world, length).catch((error: unknown): Verdict => {
      options.signal.throwIfAborted()
      return { figures: {}, missed: [messageOf(error)], late: [] }
    })
    found.missed.push(...(options.isTimed ? found.late : []), ...(await fallen(world)))
    if (found.missed.length === 0) return { ...found, durationMs: durationMs(), tails: '' }
    return { ...found, durationMs: durationMs(), tails: `${await tails()}\nall logs: ${await keepLogs(world)}` }
  } finally {
    await close()
  }
}

/** The folder of a world goes with it; what may explain a mark that was missed stays. */
async function keepLogs({ folder }: World): Promise<string> {
  const kept = await mkdtemp(join(tmpdir(), 'daybreak-fault-logs-'))
  await cp(join(folder, 'logs'), kept, { recursive: true })
  return kept
}

/**
 * Processes of the world that ended although nobody ended them: each is a mark missed. A SIGKILL is somebody, if only a
 * job.
 */
async function fallen(world: World): Promise<string[]> {
  const dead = world.processes.filter((node) => !node.isAlive() && !node.wasToldToEnd())
  const ends = await Promise.all(dead.map(async ({ name, ended }) => ({ name, ...(await ended) })))
  return ends
    .filter(({ signal }) => signal !== 'SIGKILL')
    .map(({ name, code, signal }) => `${name} ended by itself (${signal ?? code})`)
}
