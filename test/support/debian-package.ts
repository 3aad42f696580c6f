import { execFile } from 'node:child_process'
import { glob, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../../src/errors.ts'

const run = promisify(execFile)

const FETCH_TIMEOUT_MS = 120_000

/** Fetched programs live here, out of git and kept between runs. */
export const TOOLS_FOLDER = join(import.meta.dirname, '../../.daybreak/test-tools')

/** Unpacks a package of Debian, and what it needs beyond the installed ones, into a folder; nothing gets installed. */
export async function unpackPackage(name: string, folder: string, otherwise: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'daybreak-package-'))
  try {
    const environment = { ...process.env, APT_CONFIG: await writeAptConfig(work), LC_ALL: 'C' }
    const options = { env: environment, timeout: FETCH_TIMEOUT_MS }
    await run('apt-get', ['-q', 'update'], options)
    await run('apt-get', ['-q', '-y', '--no-install-recommends', '--download-only', 'install', name], options)
    const unpacked = `${folder}.${process.pid}`
    await mkdir(unpacked, { recursive: true })
    for await (const archive of glob('archives/*.deb', { cwd: work }))
      await run('dpkg', ['-x', join(work, archive), unpacked])
    await rm(folder, { recursive: true, force: true })
    await rename(unpacked, folder)
  } catch (error) {
    const reason = messageOf(error).trim().split('\n').slice(0, 4).join(' ')
    throw new Error(`${otherwise} Fetching it failed: ${reason}`, { cause: error })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Sends apt's lists and archives to a folder of ours, so that it needs no root and changes nothing on the machine. */
async function writeAptConfig(work: string): Promise<string> {
  await mkdir(join(work, 'lists/partial'), { recursive: true })
  await mkdir(join(work, 'archives/partial'), { recursive: true })
  const file = join(work, 'apt.conf')
  const lines = [
    `Dir::State::Lists "${work}/lists";`,
    `Dir::Cache "${work}";`,
    `Dir::Cache::archives "${work}/archives";`,
    'Acquire::Languages "none";',
    // Nothing shared is written, so there is nothing to lock and no other account to hide from.
    'Debug::NoLocking "true";',
    'APT::Sandbox::User "root";',
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  return file
}
