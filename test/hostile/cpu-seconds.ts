import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Processor time of processes so far, with that of the children that have ended and were waited for. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / TICKS_PER_SECOND
}

function ticksOf(pid: number): number {
  const fields = statOf(pid).split(' ')
  // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted after the name, which may hold blanks.
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0)
}

function statOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2)
  } catch (error) {
    // It has ended since it was listed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH')
      return ''
    throw error
  }
}
