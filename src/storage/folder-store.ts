import { randomUUID } from 'node:crypto'
import { createWriteStream, type Dirent, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InputError, messageOf, PermanentError } from '../errors.ts'
import { HOUR_MS } from '../time.ts'
import { createMeter } from './meter.ts'
import { checkKey, checkPrefix, RESERVED_SEGMENT } from './object-key.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { probe } from './probe.ts'

const ABANDONED_AFTER_MS = 24 * HOUR_MS
const PUBLISH_TRIES = 5
/** Reports are nobody's business but the program's own user's. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Objects as files below `root`, which is made if missing. Files that writers left unfinished more than a day ago are removed. */
export function openFolderStore(root: string): ObjectStore {
  const base = resolve(root)
  const partials = join(base, RESERVED_SEGMENT)
  try {
    mkdirSync(partials, { recursive: true, mode: FOLDER_MODE })
    sweep(partials)
  } catch (error) {
    throw unusable(base, error)
  }
  const store = {
    put: (key: string, body: Readable, { signal }: { signal?: AbortSignal }) => put(base, key, body, signal),
    get: (key: string) => get(base, key),
    delete: (key: string) => remove(base, key),
    list: (prefix: string) => list(base, prefix),
    presign: async () => null,
  }
  const check = () =>
    probe(store).catch((error: unknown) => {
      throw unusable(base, error)
    })
  return { ...store, check }
}

/** Ages are judged by a file written now, so by the file system's own clock, which stamped the others too. */
function sweep(partials: string): void {
  const mark = join(partials, randomUUID())
  writeFileSync(mark, '', { mode: FILE_MODE })
  const now = statSync(mark).mtimeMs
  for (const name of readdirSync(partials)) {
    const path = join(partials, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat && now - stat.mtimeMs > ABANDONED_AFTER_MS) rmSync(path, { force: true })
  }
  rmSync(mark, { force: true })
}

async function put(base: string, key: string, body: Readable, signal: AbortSignal | undefined): Promise<StoredObject> {
  const partial = join(base, RESERVED_SEGMENT, randomUUID())
  try {
    checkKey(key)
    signal?.throwIfAborted()
    const meter = createMeter()
    const file = createWriteStream(partial, { flags: 'wx', mode: FILE_MODE, flush: true })
    await pipeline(meter.through(body, signal), file)
    signal?.throwIfAborted()
    await publish(partial, join(base, key))
    return { key, ...meter.read() }
  } catch (error) {
    body.destroy()
    // The first error is the one that matters; a file that cannot be removed now is swept at a later start.
    await rm(partial, { force: true }).catch(() => undefined)
    throw signal?.aborted ? signal.reason : error
  }
}

/** A folder may vanish between making it and renaming into it, when a delete beside us has emptied it. */
async function publish(partial: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE })
      await rename(partial, target)
      return await syncFolder(dirname(target))
    } catch (error) {
      if (isCode(error, 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY')) {
        throw new InputError(
          'object-key',
          `${target} cannot be stored: one of its parts is a file and a folder at once. Use another key.`,
        )
      }
      if (!isCode(error, 'ENOENT') || attempt === PUBLISH_TRIES) throw error
    }
  }
}

/** Without this a power cut may forget the rename, though not the content. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch((error: unknown) => {
    // Somebody has deleted the object already.
    if (isCode(error, 'ENOENT')) return null
    throw error
  })
  try {
    await handle?.sync()
  } finally {
    await handle?.close()
  }
}

async function get(base: string, key: string): Promise<{ body: Readable; sizeBytes: number }> {
  checkKey(key)
  const handle = await open(join(base, key), 'r').catch((error: unknown) => {
    throw isCode(error, 'ENOENT', 'ENOTDIR') ? missing(base, key) : error
  })
  const stat = await handle.stat()
  if (stat.isFile()) return { body: handle.createReadStream(), sizeBytes: stat.size }
  await handle.close()
  throw missing(base, key)
}

async function remove(base: string, key: string): Promise<void> {
  checkKey(key)
  try {
    await unlink(join(base, key))
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM')) throw error
    return
  }
  for (let folder = dirname(key); folder !== '.'; folder = dirname(folder)) {
    const removed = await rmdir(join(base, folder)).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

/** Holds one folder's names at a time per level, never the whole list. */
async function* list(base: string, prefix: string): AsyncGenerator<string> {
  checkPrefix(prefix)
  yield* walk(base, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix)
}

async function* walk(base: string, folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await readdir(join(base, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  })
  for (const key of keysOf(entries, folder, prefix)) {
    if (key.endsWith('/')) yield* walk(base, key, prefix)
    else yield key
  }
}

/** In the order of S3: by the bytes of whole keys, to which a folder's name contributes with its slash. */
function keysOf(entries: Dirent[], folder: string, prefix: string): string[] {
  return entries
    .filter((entry) => entry.isFile() || (entry.isDirectory() && folder + entry.name !== RESERVED_SEGMENT))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
    .filter((key) => key.startsWith(prefix))
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes))
    .map(({ key }) => key)
}

function missing(base: string, key: string): PermanentError {
  return new PermanentError(
    'object-missing',
    `There is no object ${key} in ${base}. It may have been deleted after its time.`,
  )
}

function unusable(base: string, error: unknown): Error {
  const advice =
    'Give the user that runs Daybreak the right to write there and free space, or set DATA_DIR to another folder.'
  return new Error(`The folder ${base} cannot store objects: ${messageOf(error)}. ${advice}`, { cause: error })
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
