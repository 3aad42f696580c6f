import { type ChildProcess, spawn } from 'node:child_process'
import { access, constants, glob } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../../src/db/embedded-server.ts'
import { TOOLS_FOLDER, unpackPackage } from './debian-package.ts'

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
  if (!(await isExecutable(path))) {
    await unpackPackage(
      'redis-server',
      folder,
      'The queue tests need Redis. Set REDIS_URL, or run: apt-get install redis-server.',
    )
  }
  const [libraries] = await Array.fromAsync(glob('usr/lib/*-linux-gnu', { cwd: folder }))
  return { path, libraries: libraries === undefined ? null : join(folder, libraries) }
}
