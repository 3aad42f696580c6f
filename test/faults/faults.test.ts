import { describe, expect, inject, test } from 'vitest'
import { faults } from './index.ts'
import { runFault } from './run-fault.ts'

/** The short sizes of every fault. The long ones: `npm run faults`. */

const cases = faults.flatMap((fault) => fault.backends.map((backend) => ({ name: fault.name, backend, fault })))

/** Lets it happen; `story` is what to read when a mark is missed. */
async function happens({ fault, backend }: (typeof cases)[number], signal: AbortSignal) {
  const shared = {
    postgresUrl: inject('postgresUrl'),
    postgresTemplate: inject('postgresTemplate'),
    redisUrl: inject('redisUrl'),
  }
  const { missed, figures, tails } = await runFault(fault, 'short', { backend, shared, seed: 1, signal, say() {} })
  return { missed, story: `must hold: ${fault.mark}\n${JSON.stringify(figures)}\n${tails}` }
}

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
