/** Tries of each size, in turns; the best counts, so that a busy machine makes no difference. */
const TRIES = 5
/** Less cannot be told from nothing. */
const MS_MIN = 1

/** Far from what caches and garbage do to times: work that is linear takes 8 times as long, quadratic work 64 times. */
const TIMES = 8

/** How many times as long work on eight times as much takes; below 24 it is linear. */
export function growthOf(size: number, work: (size: number) => void): number {
  let [once, often] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let tries = 0; tries < TRIES; tries += 1) {
    once = Math.min(
      once,
      millisecondsOf(() => work(size)),
    )
    often = Math.min(
      often,
      millisecondsOf(() => work(TIMES * size)),
    )
  }
  return Math.max(MS_MIN, often) / Math.max(MS_MIN, once)
}

/** The milliseconds of the best of some tries. */
export async function quickest(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES; tries += 1) {
    const from = performance.now()
    await work()
    best = Math.min(best, performance.now() - from)
  }
  return Math.max(MS_MIN, best)
}

/** Of this thread's processor, which others on a busy machine cannot take. */
function millisecondsOf(work: () => void): number {
  const from = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(from)
  return (user + system) / 1000
}
