import { readFile, rm, writeFile } from 'node:fs/promises'
import { InputError } from '../errors.ts'
import { SECOND_MS } from '../time.ts'

const WAIT_MS = 50
const TRIES_MAX = (2 * 60 * SECOND_MS) / WAIT_MS

/**
 * Does `work` while no other process of ours does its own under the same lock file. The lock of a process that died is
 * void.
 */
export async function withFolderLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await acquire(file)
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function acquire(file: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (await create(file)) return
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    // Empty: its holder is about to write its number, or has just let go.
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true })
    await new Promise((done) => setTimeout(done, WAIT_MS))
  }
  throw new InputError(
    'folder-locked',
    `Another process has held ${file} for two minutes. If none runs, delete the file.`,
  )
}

async function create(file: string): Promise<boolean> {
  return writeFile(file, String(process.pid), { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

/** Whether a process lives, under whichever account. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
