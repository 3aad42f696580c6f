import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type FloodReport, flood } from '../../test/hostile/flood.ts'
import { type FloodWorld, givenDearClient } from '../../test/hostile/flood-world.ts'
import { type Flood, floods } from '../../test/hostile/floods.ts'
import { figureOf } from '../../test/hostile/floods-of-each.ts'
import { OURS } from '../../test/hostile/visitors.ts'
import { given } from '../../test/support/given.ts'
import { startDaybreak } from '../../test/support/program.ts'
import { closeBench, type Measure, percentile, tell } from './table.ts'
import { type BenchServer, withServer } from './with-server.ts'

/**
 * What the board still answers while a hundred connections ask without a pause for the dearest that each role, and a
 * stranger, may ask for. Each flood meets a program of its own, all roles in one process, with the limits of
 * production. The load is a process of its own, and so is whoever asks for /livez; what they say of themselves is
 * printed with each figure: the share of the time the load worked (near 1: it is what is slow) and how late the timers
 * beside it were.
 */

const CONNECTIONS = 100
const FOR_MS = 20_000
const REST_MS = 1500
const LIVEZ_P99_MAX_MS = 250
const MEMORY_TIMES_MAX = 1.5

async function hostileBench(chosen: readonly Flood[], forMs: number): Promise<Measure[]> {
  return withServer({ connections: 8 }, async (server) => {
    await given.client(server.database.system, { id: OURS })
    const world = await givenDearClient(server.database.system)
    const measures: Measure[] = []
    for (const one of chosen) measures.push(...(await measure(server, world, one, forMs)))
    return measures
  })
}

async function measure(
  { url, database, folder }: BenchServer,
  world: FloodWorld,
  { name, title, requests }: Flood,
  forMs: number,
): Promise<Measure[]> {
  const data = join(folder, `data-${name}`)
  await mkdir(data)
  const program = await startDaybreak({ DATABASE_URL: url, DATA_DIR: data, TRUSTED_PROXIES: 'loopback' })
  try {
    const list = await requests({ database, url: program.url }, world)
    const report = await flood(program, { requests: list, connections: CONNECTIONS, forMs, restMs: REST_MS })
    tell(`${title}: ${figureOf(report)}; ${aboutUs(report)}`)
    return measuresOf(title, report)
  } finally {
    await program.stop()
  }
}

function measuresOf(title: string, report: FloodReport): Measure[] {
  const { livezMs, livezRefused, restMb, peakMb, failed, broken } = report
  const p99 = percentile(livezMs, 0.99)
  const times = peakMb / restMb
  return [
    {
      work: title,
      figure: `${figureOf(report)}; ${aboutUs(report)}`,
      mark: `/livez p99 ≤ ${LIVEZ_P99_MAX_MS} ms`,
      held: p99 <= LIVEZ_P99_MAX_MS,
    },
    {
      work: `${title}: memory`,
      figure: `${times.toFixed(2)} × rest`,
      mark: `≤ ${MEMORY_TIMES_MAX} × rest`,
      held: times <= MEMORY_TIMES_MAX,
    },
    {
      work: `${title}: what failed`,
      figure: `${livezRefused} of /livez not 200, ${failed + broken} of the flood`,
      mark: '0',
      held: livezRefused + failed + broken === 0,
    },
  ]
}

function aboutUs({ busyShare, lateP99Ms, ownLateMs }: FloodReport): string {
  return `load busy ${Math.round(busyShare * 100)} %, its timers ${Math.round(lateP99Ms)} ms late, ours ${Math.round(ownLateMs)} ms`
}

const HELP = `npm run bench:hostile -- [flood…] [options]

  --seconds N   how long each lasts (default ${FOR_MS / 1000})
  --help        this

Floods:
${floods.map(({ name, title }) => `  ${name.padEnd(22)} ${title}`).join('\n')}
`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string' }, help: { type: 'boolean', default: false } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const chosen = floods.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  if (chosen.length < Math.max(1, positionals.length)) throw new Error('there is no such flood; --help lists them')
  return closeBench(await hostileBench(chosen, Number(values.seconds ?? FOR_MS / 1000) * 1000))
}

process.exitCode = await main()
