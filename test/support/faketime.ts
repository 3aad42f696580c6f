import { glob, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TOOLS_FOLDER, unpackPackage } from './debian-package.ts'
import type { Settings } from './program.ts'

/**
 * A clock on the wall that can be set for one process and what it starts. How long things take, they still measure
 * rightly.
 */
export type FakeClock = {
  /** What the process is to be started with. */
  settings: Settings
  /** Sets it off the machine's clock by so many seconds, within a second, while the process runs. */
  shift(seconds: number): Promise<void>
}

/**
 * Makes a clock that shows the right time until it is shifted. libfaketime is the machine's, else Debian's, fetched
 * without root.
 */
export async function makeFakeClock(file: string): Promise<FakeClock> {
  const shift = (seconds: number) => writeFile(file, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  await shift(0)
  return {
    settings: {
      LD_PRELOAD: await findLibrary(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    shift,
  }
}

const LIBRARY = 'usr/lib/*/faketime/libfaketimeMT.so.1'

async function findLibrary(): Promise<string> {
  const folder = join(TOOLS_FOLDER, 'faketime')
  const found = (await libraryIn('/')) ?? (await libraryIn(folder))
  if (found !== null) return found
  const otherwise = 'The clock fault needs libfaketime. Run: apt-get install libfaketime.'
  await unpackPackage('libfaketime', folder, otherwise)
  const fetched = await libraryIn(folder)
  if (fetched === null) throw new Error(`${otherwise} Debian's package holds no ${LIBRARY}.`)
  return fetched
}

async function libraryIn(folder: string): Promise<string | null> {
  const [path] = await Array.fromAsync(glob(LIBRARY, { cwd: folder }))
  return path === undefined ? null : join(folder, path)
}
