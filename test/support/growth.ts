/** Tries of each size, in turns; the best counts, so that a busy machine makes no difference. */
const TRIES = 5
/** Less cannot be told from nothing. */
const MS_MIN = 1

/** How many times as long work on twice as much takes: 2 where it is linear, 4 where it is quadratic. */
export function growthOf(size: number, work: (size: number) => void): number {
  let [once, twice] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let tries = 0; tries < TRIES; tries += 1) {
    once = Math.min(
      once,
      millisecondsOf(() => work(size)),
    )
    twice = Math.min(
      twice,
      millisecondsOf(() => work(2 * size)),
    )
  }
  return Math.max(MS_MIN, twice) / Math.max(MS_MIN, once)
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
