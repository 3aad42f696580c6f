import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { InputError } from '../errors.ts'

/**
 * Makes DATA_DIR and what is above it. One folder at a time: Node's recursive mkdir never comes back where a
 * folder exists and takes no others (/proc). Throws InputError('data-folder') that says what stands in the way.
 */
export async function makeDataFolder(folder: string): Promise<void> {
  const path = resolve(folder)
  try {
    await makeWithParents(path)
    if (!(await stat(path)).isDirectory()) throw Object.assign(new Error('it is a file'), { code: 'ENOTDIR' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = REASONS[code ?? ''] ?? message
    throw new InputError(
      'data-folder',
      `DATA_DIR ${path} cannot be used: ${reason}. Set DATA_DIR to a folder that can be written.`,
    )
  }
}

const REASONS: Record<string, string> = {
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
  EROFS: 'its disk is read-only',
  ENOTDIR: 'it is a file, or a file stands above it',
  ENOSPC: 'its disk is full',
  ENOENT: 'folders cannot be made there',
}

async function makeWithParents(path: string): Promise<void> {
  const made = await mkdir(path, { mode: 0o755 }).then(
    () => true,
    async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return true
      const parent = dirname(path)
      if (error.code !== 'ENOENT' || parent === path || (await exists(parent))) throw error
      await makeWithParents(parent)
      return false
    },
  )
  if (!made) await mkdir(path, { mode: 0o755 })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}
