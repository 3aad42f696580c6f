import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { closeBench, type Measure, median, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * `npm run bench:import`: a file of contacts through `daybreak import`, as a process of its own, against COPY of the
 * same file into the same table (with its partitions, indexes and triggers) right before it. COPY is the superuser's:
 * PostgreSQL refuses anybody else's into a table with row-level security, whose price the import pays alone.
 */

const HELP = `npm run bench:import -- [options]

  --rows N      rows of the file (default 1000000)
  --rounds N    rounds, of which the median counts (default 3)
  --help        this
`

const { values } = parseArgs({
  strict: false,
  options: { rows: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '3' } },
})
const ROWS = Number(values['rows'])
const ROUNDS = Number(values['rounds'])
const SHARE_MIN = 0.35
const PEAK_MB_MAX = 250
const POLL_MS = 50

const CLIENT = 'bench'
const DAYS = 90
const FIRST_MS = Temporal.Instant.from('2026-01-01T00:00:00Z').epochMilliseconds
const COLUMNS =
  'client_id,id,started_at,channel,status,agent_id,sector_id,customer_id,topic,wait_s,talk_s,hold_s,wrap_s,resolved'

/** Of the file everything but the client, which COPY wants and an import knows. */
const MAPPING = {
  kind: 'interactions',
  ignore: ['client_id'],
  facts: [
    {
      to: 'interactions',
      columns: Object.fromEntries(
        COLUMNS.split(',')
          .slice(1)
          .map((name) => [name, { column: name }]),
      ),
    },
  ],
}

/** `connection` is the superuser's. */
type World = { url: string; connection: pg.Client; csv: string; mapping: string }

/** The figures of this bench, for whoever puts several into one table. */
export async function importBench(): Promise<Measure[]> {
  return withServer({ connections: 1 }, async ({ url, adminUrl, folder }) => {
    const connection = new pg.Client({ connectionString: adminUrl })
    await connection.connect()
    try {
      const world = { url, connection, csv: join(folder, 'calls.csv'), mapping: join(folder, 'mapping.json') }
      await fill(world)
      return await measure(world)
    } finally {
      await connection.end()
    }
  })
}

async function fill({ connection, csv, mapping }: World): Promise<void> {
  tell(`writing ${ROWS} rows`)
  await pipeline(Readable.from(lines()), createWriteStream(csv))
  await writeFile(mapping, JSON.stringify(MAPPING))
  await connection.query(
    "insert into clients (id, name, time_zone, currency) values ($1, $1, 'Europe/Berlin', 'EUR')",
    [CLIENT],
  )
  await connection.query("select ensure_fact_partitions('2026-01-01', '2026-04-01', '{interactions}')")
}

const STATUSES = ['answered', 'answered', 'answered', 'answered', 'abandoned']
const CHANNELS = ['voice', 'voice', 'whatsapp', 'web']

/** Contacts as an export has them: in the order of time, by 200 agents and 50,000 customers. */
function* lines(): Generator<string> {
  yield `${COLUMNS}\n`
  const stepMs = (DAYS * 86_400_000) / ROWS
  for (let row = 0; row < ROWS; row += 1) {
    const at = new Date(FIRST_MS + Math.floor(row * stepMs)).toISOString()
    const status = STATUSES[row % STATUSES.length]
    const spread = (row * 2_654_435_761) % 4_294_967_296
    yield `${CLIENT},call-${String(spread).padStart(10, '0')}-${row},${at},${CHANNELS[row % 4]},${status},agent-${spread % 200},sector-${spread % 8},customer-${spread % 50_000},topic ${spread % 12},${spread % 90},${status === 'answered' ? spread % 900 : 0},${spread % 60},${spread % 45},${spread % 3 === 0}\n`
  }
}

async function measure(world: World): Promise<Measure[]> {
  const copies: number[] = []
  const imports: number[] = []
  const peaks: number[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    copies.push(await copy(world))
    const { seconds, peakMb } = await importOnce(world)
    imports.push(seconds)
    peaks.push(peakMb)
    tell(`round ${round}: COPY ${copies.at(-1)?.toFixed(1)} s, import ${seconds.toFixed(1)} s, ${peakMb} MB`)
  }
  const share = median(copies.map((seconds, index) => seconds / (imports[index] ?? Number.NaN)))
  const peakMb = Math.max(...peaks)
  const rate = (seconds: number) => `${Math.round(ROWS / seconds).toLocaleString('en')} rows/s`
  const rows = ROWS.toLocaleString('en')
  return [
    { work: `COPY of ${rows} contacts`, figure: rate(median(copies)), mark: '', held: null },
    {
      work: `import of ${rows} contacts from CSV`,
      figure: `${rate(median(imports))}, ${share.toFixed(2)} × COPY`,
      mark: `≥ ${SHARE_MIN} × COPY`,
      held: share >= SHARE_MIN,
    },
    {
      work: 'memory of the importing process, at most',
      figure: `${peakMb} MB`,
      mark: `≤ ${PEAK_MB_MAX} MB`,
      held: peakMb <= PEAK_MB_MAX,
    },
  ]
}

/** An empty table, and nothing of the round before on its way to the disk. */
async function empty({ connection }: World): Promise<void> {
  await connection.query('truncate interactions, rollup_days')
  await connection.query('checkpoint')
}

async function copy(world: World): Promise<number> {
  await empty(world)
  const began = performance.now()
  const sink = world.connection.query(copyFrom(`copy interactions (${COLUMNS}) from stdin csv header`))
  await pipeline(createReadStream(world.csv, { highWaterMark: 1 << 18 }), sink)
  return (performance.now() - began) / 1000
}

/** The command as a person types it, from its start to its end. */
async function importOnce(world: World): Promise<{ seconds: number; peakMb: number }> {
  await empty(world)
  const began = performance.now()
  const program = join(import.meta.dirname, '../../src/main/daybreak.ts')
  const words = [program, 'import', 'interactions', world.csv, '--client', CLIENT, '--map', world.mapping]
  const child = spawn(process.execPath, words, {
    env: { PATH: process.env['PATH'], DATABASE_URL: world.url, DATA_DIR: join(world.csv, '../data') },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peakMb = 0
  const poll = setInterval(() => {
    void peakOf(child.pid).then((mb) => {
      peakMb = Math.max(peakMb, mb)
    })
  }, POLL_MS)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearInterval(poll)
  const seconds = (performance.now() - began) / 1000
  const { rows } = await world.connection.query<{ n: string }>('select count(*) as n from interactions')
  if (code !== 0 || Number(rows[0]?.n) !== ROWS) throw new Error(`the import ended with ${code} and ${rows[0]?.n} rows`)
  return { seconds, peakMb }
}

/** The most memory a process has held so far; 0 once it is gone. */
async function peakOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.ceil(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
}

if (import.meta.main) {
  if (values['help'] === true) process.stdout.write(HELP)
  else process.exitCode = closeBench(await importBench())
}
