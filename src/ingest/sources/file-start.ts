import { open, stat } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { InputError, messageOf } from '../../errors.ts'
import type { Called } from './called.ts'
import type { SourceFile } from './source.ts'

const START_BYTES = 4096

/** What can be said of a file before it is read. */
export type FileStart = {
  /** 0 when it cannot be known. */
  bytesTotal: number
  /** A pipe can be read once only; nothing is known of its beginning. */
  isPipe: boolean
  /** Packed with gzip. */
  isPacked: boolean
  /** Its first bytes, unpacked. */
  bytes: Buffer
}

/** Looks at the beginning of a file. Throws an InputError for what is none or cannot be read. */
export async function readStart({ path, called: name }: SourceFile): Promise<FileStart> {
  try {
    // Before it is opened: whoever writes to a pipe would find it closed between two readers.
    const found = await stat(path)
    if (found.isDirectory()) throw new InputError('not-a-file', `${name} is a folder; name a file.`)
    if (!found.isFile()) return { bytesTotal: 0, isPipe: true, isPacked: false, bytes: Buffer.alloc(0) }
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0)
      const bytes = buffer.subarray(0, bytesRead)
      const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b
      return { bytesTotal: found.size, isPipe: false, isPacked, bytes: isPacked ? unpackedStart(bytes) : bytes }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(name, error as NodeJS.ErrnoException)
  }
}

/** What a file that cannot be opened or read means for whoever named it. */
export function unreadable(name: Called, error: NodeJS.ErrnoException): InputError {
  if (error.code === 'ENOENT') return new InputError('no-such-file', `There is no file ${name}.`)
  if (error.code === 'EACCES') return new InputError('unreadable', `${name} may not be read by this account.`)
  return new InputError('unreadable', `${name} cannot be read: ${messageOf(error)}.`)
}

function unpackedStart(packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, START_BYTES)
  } catch {
    // Damaged from its beginning: reading it says so.
    return Buffer.alloc(0)
  }
}
