import { randomUUID } from 'node:crypto'
import { createWriteStream, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HOUR_MS } from './time.ts'

const ABANDONED_AFTER_MS = 24 * HOUR_MS
const PUBLISH_TRIES = 10
/** Reports and mails are nobody's business but the program's own user's. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Makes a folder for files that are being written, and removes what dead writers left there more than a day ago. */
export function openPartials(partials: string): void {
  mkdirSync(partials, { recursive: true, mode: FOLDER_MODE })
  // Ages are judged by a file written now, so by the file system's own clock, which stamped the others too.
  const mark = join(partials, randomUUID())
  writeFileSync(mark, '', { mode: FILE_MODE })
  const now = statSync(mark).mtimeMs
  for (const name of readdirSync(partials)) {
    const stat = statSync(join(partials, name), { throwIfNoEntry: false })
    if (stat && now - stat.mtimeMs > ABANDONED_AFTER_MS) rmSync(join(partials, name), { force: true })
  }
  rmSync(mark, { force: true })
}

/**
 * Writes a file that appears under `target` whole or not at all, even if the power fails: it grows in `partials`, which
 * must be on the same file system, and is renamed once it is on disk. Throws the content's own error; an abort must
 * come from the content.
 */
export async function writeWhole(content: AsyncIterable<Buffer>, partials: string, target: string): Promise<void> {
  const partial = join(partials, randomUUID())
  try {
    await mkdir(partials, { recursive: true, mode: FOLDER_MODE })
    await pipeline(content, createWriteStream(partial, { flags: 'wx', mode: FILE_MODE, flush: true }))
    await publish(partial, target)
  } catch (error) {
    // The first error is the one that matters; a file that cannot be removed now is swept at a later start.
    await rm(partial, { force: true }).catch(() => undefined)
    throw error
  }
}

/**
 * What making a folder and renaming into it may say when a delete beside us, which has emptied the folder, removes it
 * meanwhile.
 */
const VANISHED = ['ENOENT', 'EEXIST', 'ENOTDIR']

async function publish(partial: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE })
      await rename(partial, target)
      break
    } catch (error) {
      if (!isFileError(error, ...VANISHED) || attempt === PUBLISH_TRIES) throw error
    }
  }
  await syncFolder(dirname(target))
}

/** Without this a power cut may forget the rename, though not the content. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch((error: unknown) => {
    // Somebody has deleted the file and its folder already.
    if (isFileError(error, 'ENOENT')) return null
    throw error
  })
  try {
    await handle?.sync()
  } finally {
    await handle?.close()
  }
}

/** Whether the system failed with one of these codes, such as ENOENT. */
export function isFileError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
