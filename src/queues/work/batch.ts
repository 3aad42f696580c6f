import { setTimeout as sleep } from 'node:timers/promises'

/** A call that carried several is followed by this pause: what ends meanwhile goes together, for less work in all. */
const LINGER_MS = 3

type Waiting<In, Out> = { input: In; resolve: (output: Out) => void; reject: (error: unknown) => void }

/**
 * Turns calls that come at the same time into one: while a call is in progress, the next ones wait and then go
 * together. Under load that saves round trips and commits; alone a call goes at once. `work` answers in the order of
 * its inputs.
 */
export function batched<In, Out>(max: number, work: (inputs: In[]) => Promise<Out[]>): (input: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = []
  let busy = false

  async function flush(): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, max)
      waiting = waiting.slice(max)
      try {
        const outputs = await work(batch.map(({ input }) => input))
        for (const [index, { resolve }] of batch.entries()) resolve(outputs[index] as Out)
        if (batch.length > 1) await sleep(LINGER_MS)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    busy = false
  }

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject })
      // After the calls of this turn of the event loop have joined.
      if (!busy) {
        busy = true
        setImmediate(() => void flush())
      }
    })
}
