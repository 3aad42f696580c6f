import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * Chromium writes its state into a folder of its own, named after our process so that what a killed one left can be
 * told.
 */
export async function createProfile(folder: string): Promise<string> {
  const profile = resolve(folder, 'profiles', `${process.pid}-${randomUUID()}`)
  await mkdir(profile, { recursive: true })
  return profile
}

export async function removeProfile(profile: string): Promise<void> {
  await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** Removes the profiles of processes that are gone. */
export async function sweepProfiles(folder: string): Promise<void> {
  const names = await readdir(resolve(folder, 'profiles')).catch(() => [])
  const dead = names.filter((name) => !isRunning(Number.parseInt(name, 10)))
  await Promise.all(dead.map((name) => removeProfile(join(resolve(folder, 'profiles'), name))))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
