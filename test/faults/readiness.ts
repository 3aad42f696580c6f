import type { NodeProcess } from './node-process.ts'
import type { World } from './world.ts'

/** What a board said of itself, over time. */
export type ReadinessLog = {
  answers: { atMs: number; status: number }[]
  stop(): Promise<void>
}

const ASK_EVERY_MS = 250
const ANSWER_TIMEOUT_MS = 5_000

/** Asks /readyz again and again, as a load balancer does. Status 0: no answer. */
export function watchReadiness(world: World, board: NodeProcess): ReadinessLog {
  const answers: ReadinessLog['answers'] = []
  const stop = new AbortController()
  const watching = (async () => {
    while (!stop.signal.aborted && !world.signal.aborted) {
      const status = await fetch(`${board.url()}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).then(
        (response) => response.status,
        () => 0,
      )
      answers.push({ atMs: Date.now(), status })
      await new Promise((done) => setTimeout(done, ASK_EVERY_MS))
    }
  })()
  return {
    answers,
    async stop() {
      stop.abort()
      await watching
    },
  }
}
