import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, constants, glob, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { freePort } from '../../src/db/embedded-server.ts'
import { messageOf } from '../../src/errors.ts'

const run = promisify(execFile)

/** Fetched programs live here, out of git and kept between runs. */
const TOOLS_FOLDER = join(import.meta.dirname, '../../.daybreak/test-tools')

const FETCH_TIMEOUT_MS = 120_000
const START_TRIES = 100
const START_WAIT_MS = 50

export type RedisServer = {
  url: string
  port: number
  /** Ends the process as SIGTERM or SIGKILL does and waits until it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

type Program = { path: string; libraries: string | null }

/**
 * Starts a Redis of our own that keeps nothing on disk: one from the PATH, else Debian's, fetched without root.
 * `port`: one that was used before (to come back after a stop), otherwise a free one.
 */
export async function startRedis(options: { port?: number } = {}): Promise<RedisServer> {
  const program = (await findOnPath('redis-server')) ?? (await fetchedProgram())
  const port = options.port ?? (await freePort())
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
    '--databases',
    '64',
  ]
  const child = spawn(program.path, settings, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...(program.libraries === null ? {} : { LD_LIBRARY_PATH: program.libraries }) },
  })
  await answers(child, port)
  return { url: `redis://127.0.0.1:${port}`, port, stop: (signal = 'SIGTERM') => stopProcess(child, signal) }
}

async function answers(child: ChildProcess, port: number): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 })
  // Every refused try is one of these; the loop below is what counts them.
  redis.on('error', () => {})
  try {
    for (let attempt = 0; attempt < START_TRIES; attempt += 1) {
      if (child.exitCode !== null)
        throw new Error(`redis-server ended with ${child.exitCode} at its start on port ${port}`)
      const reply = await redis.connect().then(
        () => redis.ping(),
        () => null,
      )
      if (reply === 'PONG') return
      await sleep(START_WAIT_MS)
    }
    child.kill('SIGKILL')
    throw new Error(`redis-server gave no answer on port ${port} within ${(START_TRIES * START_WAIT_MS) / 1000} s`)
  } finally {
    redis.disconnect()
  }
}

async function stopProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((done) => child.once('exit', done))
  child.kill(signal)
  await gone
}

async function findOnPath(name: string): Promise<Program | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (await isExecutable(path)) return { path, libraries: null }
  }
  return null
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function fetchedProgram(): Promise<Program> {
  const folder = join(TOOLS_FOLDER, 'redis')
  const path = join(folder, 'usr/bin/redis-server')
  if (!(await isExecutable(path))) await fetchRedis(folder)
  const [libraries] = await Array.fromAsync(glob('usr/lib/*-linux-gnu', { cwd: folder }))
  return { path, libraries: libraries === undefined ? null : join(folder, libraries) }
}

/** Unpacks Debian's redis-server and what it needs beyond the installed packages into a folder; no package gets installed. */
async function fetchRedis(folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'daybreak-redis-'))
  try {
    const environment = { ...process.env, APT_CONFIG: await writeAptConfig(work), LC_ALL: 'C' }
    const options = { env: environment, timeout: FETCH_TIMEOUT_MS }
    await run('apt-get', ['-q', 'update'], options)
    await run('apt-get', ['-q', '-y', '--no-install-recommends', '--download-only', 'install', 'redis-server'], options)
    const unpacked = `${folder}.${process.pid}`
    await mkdir(unpacked, { recursive: true })
    for await (const archive of glob('archives/*.deb', { cwd: work }))
      await run('dpkg', ['-x', join(work, archive), unpacked])
    await rm(folder, { recursive: true, force: true })
    await rename(unpacked, folder)
  } catch (error) {
    const reason = messageOf(error).trim().split('\n').slice(0, 4).join(' ')
    throw new Error(
      `The queue tests need Redis. Set REDIS_URL, or run: apt-get install redis-server. Fetching it failed: ${reason}`,
      { cause: error },
    )
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
