import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../src/config.ts'
import { startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { InputError } from '../../src/errors.ts'

/** What lies in DATA_DIR and is the business's, unlike what is only unpacked there. */
const FOLDERS = ['postgres', 'reports', 'outbox']

/** Deletes the embedded database, the stored reports and the outbox; returns a line for each that was there. */
export async function resetData(config: Config): Promise<string[]> {
  if (config.DATABASE_URL !== undefined) {
    throw new InputError(
      'reset',
      '--reset deletes the embedded database only, and DATABASE_URL names another: empty that one yourself.',
    )
  }
  await stopServer(join(config.DATA_DIR, 'postgres'))
  const lines: string[] = []
  for (const name of FOLDERS) {
    const folder = join(config.DATA_DIR, name)
    const size = await sizeOf(folder)
    if (size === null) continue
    await rm(folder, { recursive: true })
    lines.push(`Deleted ${folder} (${size.files} files, ${(size.bytes / 1e6).toFixed(1)} MB).`)
  }
  return lines.length > 0 ? lines : [`Nothing to delete in ${config.DATA_DIR}.`]
}

/** A server may have outlived who started it, and must not lose its files under its feet. */
async function stopServer(folder: string): Promise<void> {
  const pidFile = join(folder, 'data', 'postmaster.pid')
  if (!(await exists(pidFile))) return
  const server = await startEmbeddedServer({ folder, port: 0 }).catch((error: unknown) => {
    // One that does not start holds no files: what is broken may go.
    if (error instanceof InputError) return null
    throw error
  })
  await server?.release()
  if (server !== null && (await exists(pidFile))) {
    throw new InputError('in-use', `Another Daybreak is using ${folder}. Stop it, and then --reset.`)
  }
}

async function sizeOf(folder: string): Promise<{ files: number; bytes: number } | null> {
  if (!(await exists(folder))) return null
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size))
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}
