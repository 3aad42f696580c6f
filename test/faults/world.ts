import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, randomOf } from '../../sample/random.ts'
import { type Database, openDatabase, type SystemDatabase } from '../../src/db/database.ts'
import { createLog } from '../../src/log.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { openS3Store } from '../../src/storage/s3-store.ts'
import { cloneTemplate, ensureTemplate, type PostgresServer, startPostgres } from '../support/postgres.ts'
import { type DataFolder, makeDataFolder, type Settings } from '../support/program.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { startFauxqsStore } from '../support/s3.ts'
import { type SmtpTestServer, startSmtpServer } from '../support/smtp.ts'
import type { BackendKind } from '../support/test-engine.ts'
import type { Fault } from './fault.ts'
import { launch, type NodeProcess } from './node-process.ts'

/** Where the worlds of faults that break no server live. */
export type SharedServers = { postgresUrl: string; postgresTemplate: string; redisUrl: string }

/**
 * What a fault happens in: a database, a mail server and an object store of its own, and processes of the real program.
 */
export type World = {
  backend: BackendKind
  /** Our own eyes: a handle no process of the world shares. */
  db: SystemDatabase
  database: Database
  databaseUrl: string
  redisUrl: string
  /** A fault that asked for servers of its own may break them. */
  servers(): OwnServers
  smtp: SmtpTestServer
  store: ObjectStore
  /** What every process of the world starts with; a fault may change it for those it starts. */
  settings: Settings
  folder: string
  /** The same draws for the same seed. */
  random: Random
  signal: AbortSignal
  say(text: string): void
  sleep(ms: number): Promise<void>
  /** Asks until it is so; throws after `withinMs`, saying what did not happen. */
  until(what: string, withinMs: number, isSo: () => Promise<boolean> | boolean): Promise<void>
  /** Starts `daybreak start` with these roles, ready for work; PORT is a free one. */
  start(roles: string, change?: Settings): Promise<NodeProcess>
  /** The same without waiting for it. */
  launch(roles: string, change?: Settings): Promise<NodeProcess>
  /** Starts a program of test/faults that works on jobs made for tests. */
  startProgram(script: string, change?: Settings): Promise<NodeProcess>
  processes: NodeProcess[]
}

export type OwnServers = { postgres: PostgresServer; redis: RedisServer }

export type WorldOptions = {
  backend: BackendKind
  shared: SharedServers
  seed: number
  signal: AbortSignal
  say(text: string): void
}

const POLL_MS = 100
/** Lines of each log that are shown when a mark is missed. */
const TAIL_LINES = 6
const LOGS_MAX = 8
const LINE_CHARS_MAX = 240

type Opened = { world: World; close(): Promise<void>; tails(): Promise<string> }

/** Opens the world of one fault. `close` kills every process in it and drops its database. */
export async function openWorld(fault: Pick<Fault, 'name' | 'servers'>, options: WorldOptions): Promise<Opened> {
  const cleanups: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  }
  try {
    const world = await buildWorld(fault, options, cleanups)
    return { world, close, tails: () => tailsOf(join(world.folder, 'logs')) }
  } catch (error) {
    await close()
    throw error
  }
}

async function buildWorld(
  fault: Pick<Fault, 'name' | 'servers'>,
  { backend, shared, seed, signal, say }: WorldOptions,
  cleanups: (() => Promise<unknown>)[],
): Promise<World> {
  const own = fault.servers === 'own' ? await startOwnServers(backend, cleanups) : null
  const folder = await makeDataFolder()
  cleanups.push(() => folder.remove())
  await mkdir(join(folder.path, 'logs'))
  const { url, database } = await makeDatabase(own?.shared ?? shared, cleanups)
  const { smtp, store, settings } = await openOutsideWorld(cleanups)
  const redisUrl = own?.shared.redisUrl ?? shared.redisUrl
  const processes: NodeProcess[] = []
  cleanups.push(() => Promise.all(processes.map((node) => node.kill('SIGKILL'))))
  const base: Settings = {
    DATABASE_URL: url,
    DATA_DIR: folder.path,
    LOG_LEVEL: 'info',
    PORT: '0',
    ...settings,
    ...(backend === 'redis' ? { REDIS_URL: redisUrl, QUEUE_PREFIX: `fault_${randomBytes(4).toString('hex')}` } : {}),
  }
  return {
    backend,
    db: database.system,
    database,
    databaseUrl: url,
    redisUrl,
    servers() {
      if (own === null) throw new Error(`fault ${fault.name} breaks servers that others use: give it servers: 'own'`)
      return own
    },
    smtp,
    store,
    settings: base,
    folder: folder.path,
    random: randomOf(fault.name, backend, seed),
    signal,
    say,
    sleep: (ms) => sleep(ms, undefined, { signal }).then(() => {}),
    until: (what, withinMs, isSo) => waitUntil(what, withinMs, isSo, signal),
    ...starters(processes, base, folder),
    processes,
  }
}

function starters(processes: NodeProcess[], base: Settings, folder: DataFolder) {
  const begin = async (name: string, script: string, words: string[], change: Settings) => {
    const numbered = `${String(processes.length + 1).padStart(3, '0')}-${name}`
    const logFile = join(folder.path, 'logs', `${numbered}.log`)
    const node = await launch({ name: numbered, script, words, settings: { ...base, ...change }, logFile })
    processes.push(node)
    return node
  }
  const ready = async (node: NodeProcess) => {
    await node.says(/runs as/)
    return node
  }
  const daybreak = (roles: string, change: Settings = {}) =>
    begin(roles.replaceAll(',', '-'), 'src/main/daybreak.ts', ['start', '--roles', roles], change)
  return {
    launch: daybreak,
    start: async (roles: string, change?: Settings) => ready(await daybreak(roles, change)),
    startProgram: async (script: string, change: Settings = {}) =>
      ready(await begin(script.replace('.ts', ''), `test/faults/${script}`, [], change)),
  }
}

async function startOwnServers(
  backend: BackendKind,
  cleanups: (() => Promise<unknown>)[],
): Promise<OwnServers & { shared: SharedServers }> {
  // What it has committed must outlive a crash.
  const postgres = await startPostgres({ durable: true })
  cleanups.push(() => postgres.stop())
  const redis = backend === 'redis' ? await startRedis() : null
  if (redis) cleanups.push(() => redis.stop())
  const postgresTemplate = await ensureTemplate(postgres.url)
  return {
    postgres,
    get redis() {
      if (redis === null) throw new Error('on PostgreSQL there is no Redis to break')
      return redis
    },
    shared: { postgresUrl: postgres.url, postgresTemplate, redisUrl: redis?.url ?? '' },
  }
}

async function makeDatabase(
  { postgresUrl, postgresTemplate }: SharedServers,
  cleanups: (() => Promise<unknown>)[],
): Promise<{ url: string; database: Database }> {
  const name = `daybreak_fault_${randomBytes(6).toString('hex')}`
  const { url, drop } = await cloneTemplate(postgresUrl, postgresTemplate, name)
  cleanups.push(drop)
  const database = openDatabase(url, { max: 8, log: createLog('silent') })
  cleanups.push(() => database.close())
  return { url, database }
}

/** The mail server and the object store: what they hold is what people got, whatever our tables say. */
async function openOutsideWorld(cleanups: (() => Promise<unknown>)[]) {
  const smtp = await startSmtpServer()
  cleanups.push(() => smtp.stop())
  const s3 = await startFauxqsStore()
  cleanups.push(() => s3.stop())
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3
  const access = { bucket, endpoint, region, accessKeyId, secretAccessKey }
  const store = openS3Store({ ...access, forcePathStyle: true, checksums: 'when_supported' })
  const settings: Settings = {
    SMTP_URL: smtp.url,
    S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
    S3_FORCE_PATH_STYLE: 'true',
  }
  return { smtp, store, settings }
}

async function waitUntil(
  what: string,
  withinMs: number,
  isSo: () => Promise<boolean> | boolean,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what}`)
    await sleep(POLL_MS, undefined, { signal })
  }
}

/** The end of every log: the processes started last, last. */
async function tailsOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort().slice(-LOGS_MAX)
  const tails = names.map(async (name) => {
    const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n').slice(-TAIL_LINES)
    return `── ${name}\n${lines.map((line) => `   ${readable(line)}`).join('\n')}`
  })
  return (await Promise.all(tails)).join('\n')
}

/** A line of our log as time, level and message; whatever else was written, as it is. */
function readable(line: string): string {
  const [, level, time] = /^\{"level":(\d+),"time":"[^T]+T([^"Z]+)Z"/.exec(line) ?? []
  const message = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
  const text = time === undefined || message === undefined ? line : `${time} ${level} ${message}`
  return text.slice(0, LINE_CHARS_MAX)
}
