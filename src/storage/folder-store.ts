import type { Dirent } from 'node:fs'
import { open, readdir, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { InputError, messageOf, PermanentError } from '../errors.ts'
import { heard } from '../heard.ts'
import { isFileError, openPartials, writeWhole } from '../whole-file.ts'
import { createMeter } from './meter.ts'
import { checkKey, checkPrefix, RESERVED_SEGMENT } from './object-key.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { probe } from './probe.ts'

/** How the system says that a part of a key is a file where a folder is needed, or the other way round. */
const CLASHES = ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY']

/**
 * Objects as files below `root`, which is made if missing. Files that writers left unfinished more than a day ago are
 * removed.
 */
export function openFolderStore(root: string): ObjectStore {
  const base = resolve(root)
  const partials = join(base, RESERVED_SEGMENT)
  try {
    openPartials(partials)
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

async function put(base: string, key: string, body: Readable, signal: AbortSignal | undefined): Promise<StoredObject> {
  try {
    checkKey(key)
    signal?.throwIfAborted()
    const meter = createMeter()
    await writeWhole(meter.through(body, signal), join(base, RESERVED_SEGMENT), join(base, key))
    return { key, ...meter.read() }
  } catch (error) {
    body.destroy()
    if (signal?.aborted) throw signal.reason
    throw isFileError(error, ...CLASHES) && (error.syscall === 'mkdir' || error.syscall === 'rename')
      ? clash(base, key)
      : error
  }
}

async function get(base: string, key: string): Promise<{ body: Readable; sizeBytes: number }> {
  checkKey(key)
  const handle = await open(join(base, key), 'r').catch((error: unknown) => {
    throw isFileError(error, 'ENOENT', 'ENOTDIR') ? missing(base, key) : error
  })
  const stat = await handle.stat()
  if (stat.isFile()) return { body: heard(handle.createReadStream()), sizeBytes: stat.size }
  await handle.close()
  throw missing(base, key)
}

async function remove(base: string, key: string): Promise<void> {
  checkKey(key)
  try {
    await unlink(join(base, key))
  } catch (error) {
    if (!isFileError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM')) throw error
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
    if (isFileError(error, 'ENOENT', 'ENOTDIR')) return []
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

function clash(base: string, key: string): InputError {
  const reason = 'a file stands there where a folder is needed, or a folder where the file belongs'
  return new InputError('object-key', `${key} cannot be stored in ${base}: ${reason}. Move it out of the way.`)
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
