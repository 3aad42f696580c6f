import { describe, expect, inject, test } from 'vitest'
import type { Fault } from './fault.ts'
import { runFault } from './run-fault.ts'

type Case = { name: string; backend: Fault['backends'][number]; fault: Fault }

/** Lets it happen; `story` is what to read when a mark is missed. */
async function happens({ fault, backend }: Case, signal: AbortSignal) {
  const shared = {
    postgresUrl: inject('postgresUrl'),
    postgresTemplate: inject('postgresTemplate'),
    redisUrl: inject('redisUrl'),
  }
  const options = { backend, shared, seed: 1, signal, isTimed: false, say() {} }
  const { missed, late, figures, tails } = await runFault(fault, 'short', options)
  for (const each of late) process.stderr.write(`${fault.name} on ${backend}, no reason to fail: ${each}\n`)
  return { missed, story: `must hold: ${fault.mark}\n${JSON.stringify(figures)}\n${tails}` }
}

/** Declares a test for the short size of each fault. */
export function testFaults(faults: readonly Fault[]): void {
  const cases = faults.flatMap((fault) => fault.backends.map((backend): Case => ({ name: fault.name, backend, fault })))
  describe.concurrent('side by side', () => {
    test.for(cases.filter(({ fault }) => !fault.alone))('$name on $backend', async (one, { signal }) => {
      const { missed, story } = await happens(one, signal)
      expect(missed, story).toEqual([])
    })
  })
  describe('alone, for they compare times', () => {
    test.for(cases.filter(({ fault }) => fault.alone))('$name on $backend', async (one, { signal }) => {
      const { missed, story } = await happens(one, signal)
      expect(missed, story).toEqual([])
    })
  })
}
