import { readdirSync, readFileSync } from 'node:fs'

/** More processes than any job of ours starts. */
const PROCESSES_MAX = 200

/** A process and all it started, directly or not; the process alone where the machine does not say (no /proc). */
export function treeOf(pid: number): number[] {
  const tree = [pid]
  // Grows while it is walked.
  for (const each of tree) {
    if (tree.length >= PROCESSES_MAX) break
    tree.push(...childrenOf(each))
  }
  return tree
}

/** Each thread lists what it started itself. */
function childrenOf(pid: number): number[] {
  const listed = threadsOf(pid).map((thread) => textOf(`/proc/${pid}/task/${thread}/children`))
  return listed.flatMap((text) => text.split(' ').filter((word) => word.trim() !== '')).map(Number)
}

/**
 * Megabytes that processes hold for themselves, without the programs and files they share. null: the machine does not
 * say.
 */
export function heldMb(pids: number[]): number | null {
  const sizes = pids.map((pid) => /^RssAnon:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1])
  if (sizes.every((size) => size === undefined)) return null
  return sizes.reduce((sum, size) => sum + Number(size ?? 0), 0) / 1024
}

/** Ends a process and all it started, without asking. */
export function killTree(pid: number): void {
  for (const each of treeOf(pid)) {
    try {
      process.kill(each, 'SIGKILL')
    } catch (error) {
      // It ended by itself meanwhile, or runs under another account and ends with what it serves.
      if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/** What the system says of a process: nothing once it has ended, and nothing anywhere on a system without /proc. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}
