import { messageOf } from '../../src/errors.ts'
import type { Fault, Length, Verdict } from './fault.ts'
import { openWorld, type WorldOptions } from './world.ts'

export type FaultResult = Verdict & { durationMs: number; tails: string }

/** Lets a fault happen in a world of its own. What goes wrong on the way is a mark missed; `tails` are the ends of all logs then. */
export async function runFault(fault: Fault, length: Length, options: WorldOptions): Promise<FaultResult> {
  const startedAt = performance.now()
  const durationMs = () => Math.round(performance.now() - startedAt)
  const { world, close, tails } = await openWorld(fault, options)
  try {
    const found = await fault.run(world, length).catch((error: unknown): Verdict => {
      options.signal.throwIfAborted()
      return { figures: {}, missed: [messageOf(error)] }
    })
    return { ...found, durationMs: durationMs(), tails: found.missed.length === 0 ? '' : await tails() }
  } finally {
    await close()
  }
}
