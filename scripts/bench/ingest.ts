import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import type { SystemDatabase } from '../../src/db/database.ts'
import { createKey } from '../../src/people/people.ts'
import { systemClock } from '../../src/time.ts'
import { startDaybreak } from '../../test/support/program.ts'
import { closeBench, type Measure, median, percentile, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * How many facts a board takes over HTTP: batches of a thousand interactions, as collectors send them, against a board
 * that has one core (where the system can bind it to one) and an embedded PostgreSQL as durable as it comes.
 */

const BATCH = 1000
const BATCHES = 200
const WARM_UP = 20
/** Collectors at work at once, each on a connection of its own. */
const COLLECTORS = 4
const FACTS_PER_SECOND_MIN = 15_000
const P99_MAX_MS = 250
const CHANNELS = ['voice', 'whatsapp', 'web', 'email']
const TOPICS = ['billing', 'delivery', 'returns', 'technical', 'contract']

/** A batch, ready to be sent by whoever is free. */
type Sending = { clientId: string; body: Buffer }

export function ingestBench(settings: Record<string, string> = {}): Promise<Measure[]> {
  return withServer({ connections: 4 }, async ({ url, database, folder }) => {
    const keys = await givenCollectors(database.system)
    const board = await startDaybreak({
      DATABASE_URL: url,
      DATA_DIR: join(folder, 'data'),
      ROLES: 'board',
      REQUESTS_PER_SECOND: '1000',
      ...settings,
    })
    try {
      const core = await bindToOneCore(board.pid)
      return await measureAll({ url: board.url, pid: board.pid, keys, core }, database.system)
    } finally {
      await board.stop()
    }
  })
}

/** A client for each collector, with its key. */
async function givenCollectors(db: SystemDatabase): Promise<Map<string, string>> {
  const actor = { kind: 'command-line', id: 'bench', name: 'bench', ip: null } as const
  const keys = new Map<string, string>()
  for (let index = 0; index < COLLECTORS; index += 1) {
    const id = `client-${index}`
    await db.insertInto('clients').values({ id, name: id, time_zone: 'Europe/Berlin', currency: 'EUR' }).execute()
    const { key } = await createKey(db, { name: id, role: 'ingest', clientId: id, expiresAt: null }, actor)
    keys.set(id, key)
  }
  return keys
}

/** Returns what to call it in the table; systems without taskset give a process all their cores. */
async function bindToOneCore(pid: number): Promise<string> {
  const bound = await promisify(execFile)('taskset', ['-a', '-c', '-p', '0', String(pid)]).catch(() => null)
  return bound === null ? 'all cores: no taskset here' : 'one core'
}

type Target = { url: string; pid: number; keys: ReadonlyMap<string, string>; core: string }

async function measureAll(target: Target, db: SystemDatabase): Promise<Measure[]> {
  const clients = [...target.keys.keys()]
  const [first = ''] = clients
  tell(
    `sending ${WARM_UP + BATCHES} batches of ${BATCH} new interactions, ${COLLECTORS} at once, of ${COLLECTORS} clients, then of one`,
  )
  await send(target, batchesOf(clients, WARM_UP))
  const many = batchesOf(clients, BATCHES)
  const ofMany = await send(target, many)
  const ofOne = await send(target, batchesOf([first], BATCHES))
  const again = await send(target, many)
  tell(`sending ${BATCHES} more, each when it is due at ${FACTS_PER_SECOND_MIN} facts a second`)
  const paced = await sendWhenDue(target, batchesOf(clients, BATCHES))
  await checkStored(db, WARM_UP + 3 * BATCHES)
  return [
    ...throughput(`ingest on ${target.core}: new interactions of ${COLLECTORS} clients`, ofMany),
    ...throughput(`ingest on ${target.core}: new interactions of one client`, ofOne),
    ...throughput(`ingest on ${target.core}: the same batches again, which change nothing`, again),
    latency(
      `ingest on ${target.core}: a batch of 1,000 of ${COLLECTORS} clients, from when it was due at that rate`,
      paced,
    ),
  ]
}

/** Bodies are made before the clock runs: making them is the collectors' work. */
function batchesOf(clients: readonly string[], count: number): Sending[] {
  return Array.from({ length: count }, (_, index) => ({
    clientId: clients[index % clients.length] ?? '',
    body: Buffer.from(JSON.stringify(Array.from({ length: BATCH }, interaction))),
  }))
}

/** An interaction of the last hours, as a telephone system reports it. */
function interaction(_: unknown, index: number) {
  const started = systemClock().subtract({ seconds: 600 + ((index * 7919) % 30_000) })
  const [wait, talk, hold] = [index % 90, 30 + (index % 400), index % 40]
  return {
    id: randomUUID(),
    started_at: started.toString({ smallestUnit: 'second' }),
    ended_at: started.add({ seconds: wait + talk + hold }).toString({ smallestUnit: 'second' }),
    channel: CHANNELS[index % CHANNELS.length],
    status: index % 12 === 0 ? 'abandoned' : 'answered',
    agent_id: `agent-${index % 80}`,
    sector_id: `sector-${index % 6}`,
    customer_id: `customer-${(index * 31) % 20_000}`,
    topic: TOPICS[index % TOPICS.length],
    wait_s: wait,
    talk_s: talk,
    hold_s: hold,
    wrap_s: 20,
    resolved: index % 5 !== 0,
    sentiment: (index % 21) / 10 - 1,
    tags: ['imported'],
  }
}

/**
 * `factsPerBusySecond`: by the seconds that the board itself worked, which says what it takes when nobody else needs
 * its core.
 */
type Sent = { latenciesMs: number[]; factsPerSecond: number; factsPerBusySecond: number }

/** Sends all batches, some at once; each must be taken whole. */
async function send({ url, pid, keys }: Target, batches: readonly Sending[]): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: COLLECTORS })
  const waiting = batches.values()
  const latenciesMs: number[] = []
  const busy = await busySeconds(pid)
  const begun = performance.now()
  const collect = async () => {
    for (const { clientId, body } of waiting) {
      const sent = performance.now()
      await post(url, agent, keys.get(clientId) ?? '', body)
      latenciesMs.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: COLLECTORS }, collect))
  const seconds = (performance.now() - begun) / 1000
  agent.destroy()
  const facts = batches.length * BATCH
  return { latenciesMs, factsPerSecond: facts / seconds, factsPerBusySecond: facts / ((await busySeconds(pid)) - busy) }
}

/**
 * Sends each batch at its time, however many are still in progress: what falls behind shows. Returns the milliseconds
 * from then to the answer.
 */
async function sendWhenDue({ url, keys }: Target, batches: readonly Sending[]): Promise<number[]> {
  const agent = new Agent({ keepAlive: true })
  const begun = performance.now()
  const latenciesMs = await Promise.all(
    batches.map(async ({ clientId, body }, index) => {
      const due = begun + (index * BATCH * 1000) / FACTS_PER_SECOND_MIN
      await sleep(Math.max(0, due - performance.now()))
      await post(url, agent, keys.get(clientId) ?? '', body)
      return performance.now() - due
    }),
  )
  agent.destroy()
  return latenciesMs
}

const TICKS_PER_SECOND = 100

/** Processor time of a process so far, of all its threads; NaN where the system does not tell. */
async function busySeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function post(url: string, agent: Agent, key: string, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const headers = {
    Authorization: `Bearer ${key}`,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  }
  const asking = request(`${url}/api/facts/interactions`, { method: 'POST', agent, headers }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
  })
  asking.on('error', reject)
  asking.end(body)
  const { status, text } = await promise
  if (status !== 202 || !text.includes('"rejected":0')) throw new Error(`the board answered ${status}: ${text}`)
}

async function checkStored(db: SystemDatabase, batches: number): Promise<void> {
  const { stored } = await db
    .selectFrom('interactions')
    .select((interactions) => interactions.fn.countAll<number>().as('stored'))
    .executeTakeFirstOrThrow()
  if (stored !== batches * BATCH) throw new Error(`${stored} interactions are stored of ${batches * BATCH}`)
}

function throughput(work: string, { factsPerSecond, factsPerBusySecond, latenciesMs }: Sent): Measure[] {
  return [
    {
      work,
      figure: `${Math.round(factsPerSecond).toLocaleString('en')} facts/s`,
      mark: `≥ ${FACTS_PER_SECOND_MIN.toLocaleString('en')} facts/s`,
      held: factsPerSecond >= FACTS_PER_SECOND_MIN,
    },
    {
      work: `${work}: by the time the board worked`,
      figure: `${Math.round(factsPerBusySecond).toLocaleString('en')} facts/s`,
      mark: '',
      held: null,
    },
    { ...latency(`${work}: a batch of 1,000, ${COLLECTORS} always in progress`, latenciesMs), mark: '', held: null },
  ]
}

function latency(work: string, latenciesMs: readonly number[]): Measure {
  const p99 = percentile(latenciesMs, 0.99)
  return {
    work,
    figure: `p50 ${Math.round(median(latenciesMs))} ms, p99 ${Math.round(p99)} ms`,
    mark: `p99 ≤ ${P99_MAX_MS} ms`,
    held: p99 <= P99_MAX_MS,
  }
}

const HELP = `node scripts/bench/ingest.ts [options]

  --profile FOLDER   write a CPU profile of the board there
  --help             this
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { profile: { type: 'string' }, help: { type: 'boolean', default: false } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const profile = values.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }
  return closeBench(await ingestBench(profile))
}

if (import.meta.main) process.exitCode = await main()
