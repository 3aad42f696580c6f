import { type ChildProcess, spawn } from 'node:child_process'
import { access, constants, glob, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../../src/db/embedded-server.ts'
import { TOOLS_FOLDER, unpackPackage } from './debian-package.ts'

const START_TRIES = 1800
const START_WAIT_MS = 50
const PORT_TRIES = 3

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
export async function startRedis(options: { port?: number; settings?: readonly string[] } = {}): Promise<RedisServer> {
  if (options.port !== undefined) return startAt(options.port, options.settings)
  for (let tries = 1; ; tries += 1) {
    try {
      return await startAt(await freePort(), options.settings)
    } catch (error) {
      // Somebody else may have taken the port since it was free.
      if (tries === PORT_TRIES) throw error
    }
  }
}

function startAt(port: number, more: readonly string[] = []): Promise<RedisServer> {
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
    ...more,
  ]
  return launch(settings, port)
}

/** A sentinel that watches the master at a port. It writes into a file of its own settings. */
export async function startSentinel(masterPort: number): Promise<RedisServer> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  await writeFile(
    file,
    `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor master 127.0.0.1 ${masterPort} 1\n`,
  )
  return inFolder(await launch([file, '--sentinel'], port), folder)
}

/** Three masters that share the slots; `password` is asked for by each. */
export async function startRedisCluster(password?: string): Promise<{ nodes: RedisServer[]; stop(): Promise<void> }> {
  const started = await Promise.all(Array.from({ length: 3 }, startNode))
  const clients = started.map(({ node }) => new Redis(node.port, '127.0.0.1'))
  const share = Math.ceil(SLOTS / clients.length)
  for (const [index, client] of clients.entries()) {
    const last = Math.min(SLOTS, share * (index + 1)) - 1
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(share * index), String(last))
    for (const { node, busPort } of started)
      await client.call('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busPort))
  }
  for (const client of clients) await agrees(client)
  for (const client of clients) {
    if (password !== undefined) await client.config('SET', 'requirepass', password)
    client.disconnect()
  }
  const nodes = started.map(({ node }) => node)
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop('SIGKILL')))) }
}

const SLOTS = 16_384

async function startNode(): Promise<{ node: RedisServer; busPort: number }> {
  const [port, busPort] = [await freePort(), await freePort()]
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-redis-'))
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction']
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--dir', folder]
  return { node: inFolder(await launch([...settings, ...cluster], port), folder), busPort }
}

async function agrees(client: Redis): Promise<void> {
  for (let attempt = 0; attempt < START_TRIES; attempt += 1) {
    const said = String(await client.call('CLUSTER', 'INFO'))
    if (said.includes('cluster_state:ok') && said.includes('cluster_known_nodes:3')) return
    await sleep(START_WAIT_MS * 4)
  }
  throw new Error('the nodes of the Redis cluster do not find each other')
}

function inFolder(server: RedisServer, folder: string): RedisServer {
  return {
    ...server,
    async stop(signal) {
      await server.stop(signal)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function launch(settings: readonly string[], port: number): Promise<RedisServer> {
  const program = (await findOnPath('redis-server')) ?? (await fetchedProgram())
  const child = spawn(program.path, settings, {
    // A replica writes down what its master sends.
    cwd: tmpdir(),
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
      const info = await redis.connect().then(
        () => redis.info('server'),
        () => '',
      )
      // Another one that has the port answers too, until ours has noticed and ends.
      if (info.includes(`process_id:${child.pid}\r\n`)) return
      redis.disconnect()
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
