/** Tries of each size; the best counts, so that a busy machine makes no difference. */
const TRIES = 7
/** Less cannot be told from nothing. */
const CPU_US_MIN = 1000

/** How many times as long work on twice as much takes: 2 where it is linear, 4 where it is quadratic. */
export function growthOf(size: number, work: (size: number) => void): number {
  return bestOf(() => work(2 * size)) / bestOf(() => work(size))
}

function bestOf(work: () => void): number {
  const tries = Array.from({ length: TRIES }, () => {
    const before = process.threadCpuUsage()
    work()
    const { user, system } = process.threadCpuUsage(before)
    return user + system
  })
  return Math.max(CPU_US_MIN, Math.min(...tries))
}
