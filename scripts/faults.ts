import { setMaxListeners } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { printTable } from '../src/main/print.ts'
import type { Fault, Length } from '../test/faults/fault.ts'
import { faults } from '../test/faults/index.ts'
import { type FaultResult, runFault } from '../test/faults/run-fault.ts'
import type { SharedServers } from '../test/faults/world.ts'
import { ensureTemplate } from '../test/support/postgres.ts'
import { startServers } from '../test/support/servers.ts'
import type { BackendKind } from '../test/support/test-engine.ts'
import { type FaultRow, mergeFaultTable } from './fault-table.ts'

/** `npm run faults`: lets every fault happen in its long size, on both backends, and says which marks held. */

const HELP = `npm run faults -- [name…] [options]

Lets faults happen to real processes, a real database, mail server and object store, and says what held.

  --backend postgres|redis   one backend only
  --short                    the sizes that ./scripts/test uses
  --seed N                   other draws (default 1)
  --write                    write the rows into docs/reliability.md
  --help                     this

Exits 1 when a mark is missed. Faults:
${faults.map(({ name, title }) => `  ${name.padEnd(24)} ${title}`).join('\n')}
`

const PAGE = join(import.meta.dirname, '../docs/reliability.md')

type Plan = { cases: { fault: Fault; backend: BackendKind }[]; length: Length; seed: number; write: boolean }

async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      backend: { type: 'string' },
      short: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const unknown = positionals.filter((name) => !faults.some((fault) => fault.name === name))
  if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}; --help lists them`)
  if (values.backend !== undefined && values.backend !== 'postgres' && values.backend !== 'redis')
    throw new Error(`there is no backend ${values.backend}; there are postgres and redis`)
  const cases = faults
    .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    .flatMap((fault) => fault.backends.map((backend) => ({ fault, backend })))
    .filter(({ backend }) => values.backend === undefined || values.backend === backend)
  return runAll({ cases, length: values.short ? 'short' : 'long', seed: Number(values.seed), write: values.write })
}

async function runAll(plan: Plan): Promise<number> {
  const interrupt = new AbortController()
  // Every wait of every fault listens.
  setMaxListeners(0, interrupt.signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
  tell('starting servers')
  const servers = await startServers(process.env)
  const rows: (FaultRow & { name: string })[] = []
  try {
    const shared = { ...servers, postgresTemplate: await ensureTemplate(servers.postgresUrl) }
    for (const [index, { fault, backend }] of plan.cases.entries()) {
      const title = `${index + 1}/${plan.cases.length} ${fault.name} on ${backend}`
      const result = await runOne(title, fault, backend, plan, shared, interrupt.signal)
      rows.push({ name: fault.name, ...rowOf(fault, backend, result) })
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    tell('interrupted')
  } finally {
    await servers.stop()
  }
  printTable([
    ['fault', 'backend', '', 'figures', 'must hold'],
    ...rows.map((row) => [row.name, row.backend, row.held ? 'held' : 'MISSED', row.figures, row.mark]),
  ])
  if (plan.write) await writeFile(PAGE, mergeFaultTable(await readFile(PAGE, 'utf8'), rows))
  return rows.length === plan.cases.length && rows.every(({ held }) => held) ? 0 : 1
}

async function runOne(
  title: string,
  fault: Fault,
  backend: BackendKind,
  { length, seed }: Plan,
  shared: SharedServers,
  signal: AbortSignal,
): Promise<FaultResult> {
  tell(`${title}: ${fault.title}`)
  const options = { backend, shared, seed, signal, say: (text: string) => tell(`  ${text}`) }
  const result = await runFault(fault, length, options)
  const took = `${Math.round(result.durationMs / 1000)} s`
  if (result.missed.length === 0) tell(`${title}: held (${took}; ${figuresOf(result)})`)
  else tell(`${title}: MISSED after ${took}: ${result.missed.join('; ')} (${figuresOf(result)})\n${result.tails}`)
  return result
}

function rowOf(fault: Fault, backend: BackendKind, result: FaultResult): FaultRow {
  const held = result.missed.length === 0
  const figures = [figuresOf(result), ...result.missed].filter((text) => text !== '').join('; ')
  return { fault: fault.title, backend, figures, mark: fault.mark, held, on: Temporal.Now.plainDateISO().toString() }
}

function figuresOf({ figures }: FaultResult): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** Progress goes where it does not get into a table somebody keeps. */
function tell(text: string): void {
  process.stderr.write(`${Temporal.Now.plainTimeISO().toString({ smallestUnit: 'second' })} ${text}\n`)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`faults: ${messageOf(error)}\n`)
  process.exitCode = 2
}
