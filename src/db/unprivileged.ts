import { execFile } from 'node:child_process'
import { chmod, chown, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { InputError, messageOf } from '../errors.ts'
import { inOwnView } from './own-view.ts'

const run = promisify(execFile)

/** The account PostgreSQL runs as when we are root, which it refuses to be: nobody owns nothing else on the machine. */
const UNPRIVILEGED_ID = 65534

/** Where setpriv and the shell that PostgreSQL's own programs call are. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const isRoot = () => process.getuid?.() === 0

/**
 * Runs a PostgreSQL program on `folder`; as root, as an account without rights, which the operating system keeps from
 * what is not its own. Where folders above it or above the program are closed to that account, it is shown these two
 * alone.
 */
export async function runUnprivileged(path: string, args: string[], folder: string): Promise<string> {
  await chmod(path, 0o755).catch((error: NodeJS.ErrnoException) => {
    // A read-only or foreign installation is executable already, or says so itself in a moment.
    if (error.code !== 'EPERM' && error.code !== 'EROFS') throw error
  })
  const environment = { PATH: SYSTEM_PATH, LC_ALL: 'C' }
  if (!isRoot()) return (await run(path, args, { env: environment })).stdout
  const id = String(UNPRIVILEGED_ID)
  const drop = [`--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--inh-caps=-all', '--ambient-caps=-all']
  const program = ['setpriv', ...drop, '--no-new-privs', path, ...args]
  // bin, lib and share are beside each other.
  const places = [dirname(dirname(path)), folder]
  const closed = (await Promise.all(places.map(closedAbove))).flat()
  if (closed.length > 0) await requireOwnView(closed, places)
  const [command = '', ...words] = closed.length > 0 ? inOwnView(closed, places, program) : program
  return (await run(command, words, { env: environment, cwd: '/' })).stdout
}

/** Gives a file or folder to that account, when there is one beside us. */
export async function handOver(path: string): Promise<void> {
  if (isRoot()) await chown(path, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
}

/**
 * Lets that account through to a folder that was handed over to it. DATA_DIR, in which the folder is, may be closed to
 * everybody: it is opened for passing through, and for this account alone. What is above it is not ours to open
 * (own-view.ts).
 */
export async function openPassage(folder: string): Promise<void> {
  if (!isRoot()) return
  const dataFolder = dirname(folder)
  const { mode, uid, gid } = await stat(dataFolder)
  if (!(await isPassable(dataFolder)) && uid === 0 && (gid === 0 || gid === UNPRIVILEGED_ID)) {
    await chown(dataFolder, 0, UNPRIVILEGED_ID)
    await chmod(dataFolder, (mode & 0o707) | 0o010)
  }
}

/** The folders above that the account may not pass. */
async function closedAbove(place: string): Promise<string[]> {
  const closed: string[] = []
  for (let each = place; each !== dirname(each); each = dirname(each)) {
    if (!(await isPassable(each))) closed.push(each)
  }
  return closed
}

/** Throws InputError `embedded-postgres` where nothing can be mounted, as in most containers. */
async function requireOwnView(closed: readonly string[], places: readonly string[]): Promise<void> {
  const [command = '', ...words] = inOwnView(closed, places, ['true'])
  await run(command, words, { env: { PATH: SYSTEM_PATH }, cwd: '/' }).catch((error: unknown) => {
    throw new InputError(
      'embedded-postgres',
      `The embedded PostgreSQL runs as the account ${UNPRIVILEGED_ID} (nobody), because it refuses to be root, and ${closed.join(', ')} is closed to it. ` +
        `Put Daybreak and DATA_DIR where everybody may pass, run chmod o+x ${closed.join(' ')}, start as another user than root, or set DATABASE_URL. ` +
        `It cannot be shown to it either: ${messageOf(error)}`,
    )
  })
}

/** Whether the account may pass through a folder, by its mode. */
async function isPassable(folder: string): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder)
  if (uid === UNPRIVILEGED_ID) return (mode & 0o100) !== 0
  return (mode & (gid === UNPRIVILEGED_ID ? 0o010 : 0o001)) !== 0
}
