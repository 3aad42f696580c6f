import { SingleBar } from 'cli-progress'
import { SECOND_MS } from '../time.ts'

/** How often a log is told how far it got. */
const LINE_EVERY_MS = 5 * SECOND_MS

/** A `total` that grows while one works is given with the update. */
export type ProgressDisplay = { update(done: number, total?: number): void; stop(): void }

/** A bar on a terminal, a plain line now and then in a log; on standard error, so that output stays clean. */
export function createProgress(unit: string, total: number): ProgressDisplay {
  return process.stderr.isTTY ? bar(unit, total) : lines(unit, total)
}

function bar(unit: string, total: number): ProgressDisplay {
  const display = new SingleBar({
    format: `{bar} {percentage} % | {value} of {total} ${unit} | {eta_formatted} left`,
    hideCursor: true,
  })
  display.start(total, 0)
  return {
    update(done, grown = total) {
      display.setTotal(grown)
      display.update(done)
    },
    stop: () => display.stop(),
  }
}

function lines(unit: string, total: number): ProgressDisplay {
  let saidAt = performance.now()
  return {
    update(done, grown = total) {
      if (performance.now() - saidAt < LINE_EVERY_MS) return
      saidAt = performance.now()
      process.stderr.write(`${done} of ${grown} ${unit}\n`)
    },
    stop() {},
  }
}
