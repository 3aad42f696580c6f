import { setMaxListeners } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { printTable } from '../src/main/print.ts'
import type { Fault, Length } from '../test/faults/fault.ts'
import { type FaultResult, runFault } from '../test/faults/run-fault.ts'
import type { SharedServers } from '../test/faults/world.ts'
import { ensureTemplate } from '../test/support/postgres.ts'
import { startServers } from '../test/support/servers.ts'
import type { BackendKind } from '../test/support/test-engine.ts'
import { type FaultPage, type FaultRow, mergeFaultTable } from './fault-table.ts'

/** A command that lets faults happen in their long size, and says which marks held. */
export type FaultCommand = FaultPage & { about: string; faults: readonly Fault[] }

const ROOT = join(import.meta.dirname, '..')

function helpOf({ command, path, about, faults }: FaultCommand): string {
  return `npm run ${command} -- [name…] [options]

${about}

  --backend postgres|redis   one backend only
  --short                    the sizes that ./scripts/test uses
  --seed N                   other draws (default 1)
  --write                    write the rows into ${path}
  --help                     this

Exits 1 when a mark is missed. There are:
${faults.map(({ name, title }) => `  ${name.padEnd(24)} ${title}`).join('\n')}
`
}

type Plan = { cases: { fault: Fault; backend: BackendKind }[]; length: Length; seed: number; writeTo: FaultPage | null }

/** Runs the command with the words of its line, and sets the exit code. */
export async function runFaultCommand(command: FaultCommand, words: string[]): Promise<void> {
  try {
    process.exitCode = await obey(command, words)
  } catch (error) {
    process.stderr.write(`${command.command}: ${messageOf(error)}\n`)
    process.exitCode = 2
  }
}

async function obey(command: FaultCommand, words: string[]): Promise<number> {
  const { faults } = command
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
    process.stdout.write(helpOf(command))
    return 0
  }
  const unknown = positionals.filter((name) => !faults.some((fault) => fault.name === name))
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; --help lists them`)
  if (values.backend !== undefined && values.backend !== 'postgres' && values.backend !== 'redis')
    throw new Error(`there is no backend ${values.backend}; there are postgres and redis`)
  const cases = faults
    .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    .flatMap((fault) => fault.backends.map((backend) => ({ fault, backend })))
    .filter(({ backend }) => values.backend === undefined || values.backend === backend)
  const writeTo = values.write ? command : null
  return runAll({ cases, length: values.short ? 'short' : 'long', seed: Number(values.seed), writeTo })
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
  if (plan.writeTo !== null) await writeRows(plan.writeTo, rows)
  return rows.length === plan.cases.length && rows.every(({ held }) => held) ? 0 : 1
}

async function writeRows(page: FaultPage, rows: readonly FaultRow[]): Promise<void> {
  const file = join(ROOT, page.path)
  await writeFile(file, mergeFaultTable(await readFile(file, 'utf8'), rows, page))
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
  const options = { backend, shared, seed, signal, isTimed: true, say: (text: string) => tell(`  ${text}`) }
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
