import type { Command } from 'commander'
import { z } from 'zod'
import { changeRuns, ledgerFilterOf, runFilterFields } from '../../board/runs/index.ts'
import { InputError } from '../../errors.ts'
import type { BulkAction, BulkCount, RunFilter, RunView } from '../../queues/index.ts'
import { addDays } from '../../time.ts'
import { OPERATOR } from '../operator.ts'
import { printTable } from '../print.ts'
import type { Program } from '../program.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'

type FilterOptions = Partial<Record<keyof typeof runFilterFields, string>>

export function runsCommand(parent: Command, tools: CommandTools): void {
  const runs = parent.command('runs').description('The ledger of runs: look, retry, discard.')
  withFilter(runs.command('list').description('Runs, newest first.'))
    .option('--limit <count>', 'how many, at most 200', '20')
    .option('--cursor <text>', 'go on where a list ended')
    .action((options: FilterOptions & { limit: string; cursor?: string }) => list(tools, options))
  withFilter(runs.command('retry').description('Plan again everything that matches and failed. Counts first.'))
    .option('--count <count>', 'do it, for at most so many; without it they are only counted')
    .action((options: FilterOptions & { count?: string }) => change(tools, 'retry', options))
  withFilter(
    runs
      .command('discard')
      .description('Cancel what matches and is open, set aside what failed; its tries are kept. Counts first.'),
  )
    .option('--count <count>', 'do it, for at most so many; without it they are only counted')
    .action((options: FilterOptions & { count?: string }) => change(tools, 'discard', options))
}

function withFilter(command: Command): Command {
  return command
    .option('--client <id>', 'of one client')
    .option('--job <name>', 'of one job')
    .option('--state <states>', 'planned, queued, running, succeeded, failed, cancelled; several separated by commas')
    .option('--night <day>', 'of the night of a day')
    .option('--from <day>', 'about days from this one on')
    .option('--to <day>', 'about days up to this one')
    .option('--planned-from <time>', 'planned at this time or later; a day is its first moment in UTC')
    .option('--planned-to <time>', 'planned before this time')
    .option('--origin <who>', 'schedule, person, program, backfill, follow-up, late-facts')
    .option('--text <text>', 'that mention it in key, error or id')
}

/** People name the last day, the ledger the one after it. */
function filterOf(options: FilterOptions): RunFilter {
  const names = Object.keys(runFilterFields) as (keyof typeof runFilterFields)[]
  const given = Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
  const parsed = z.strictObject(runFilterFields).safeParse(given)
  if (!parsed.success) {
    const words = parsed.error.issues.map(({ path, message }) => `--${optionOf(String(path[0]))}: ${message}`)
    throw new InputError('filter', words.join('; '))
  }
  const { to } = parsed.data
  return ledgerFilterOf({ ...parsed.data, to: to && addDays(to, 1) })
}

/** `plannedFrom` is --planned-from. */
function optionOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

async function list(
  tools: CommandTools,
  { limit, cursor, ...options }: FilterOptions & { limit: string; cursor?: string },
): Promise<void> {
  const filter = filterOf(options)
  const place = cursor === undefined ? {} : { cursor }
  await withProgram(tools, async ({ engine }) => {
    const page = await engine.ledger.list({ ...filter, ...place, limit: parseCount('--limit', limit, 200) })
    if (page.runs.length > 0) printTable([['planned', 'state', 'job', 'key', 'error'], ...page.runs.map(rowOf)])
    if (page.lookedBackTo !== null) tools.print(`Looked at what was planned since ${page.lookedBackTo}.`)
    if (page.nextCursor !== null) tools.print(`There may be more: --cursor ${page.nextCursor}`)
    else if (page.runs.length === 0) tools.print('No run fits.')
  })
}

const ERROR_CHARS_MAX = 60

function rowOf({ plannedAt, state, job, key, errorMessage }: RunView): string[] {
  const error = state === 'succeeded' ? '' : (errorMessage ?? '').replaceAll(/\s+/g, ' ')
  return [plannedAt.slice(0, 19).replace('T', ' '), state, job, key, error.slice(0, ERROR_CHARS_MAX)]
}

async function change(
  tools: CommandTools,
  action: BulkAction,
  { count, ...options }: FilterOptions & { count?: string },
): Promise<void> {
  const filter = filterOf(options)
  const seen = count === undefined ? null : parseCount('--count', count, Number.MAX_SAFE_INTEGER)
  await withProgram(tools, async ({ engine, database }) => {
    if (seen === null) {
      const matching = await engine.ledger.countAll(action, filter)
      tools.print(`${countWords(matching)} would be ${PAST[action]}.`)
      if (matching.total > 0) tools.print(`Say --count ${matching.total} to do it.`)
      return
    }
    const intent = { action: `${action}-runs`, target: 'runs', clientId: filter.clientId ?? null }
    const { matching, changed } = await recordCommand(database.system, tools, intent, () =>
      changeRuns(engine.ledger, OPERATOR, { action, filter, count: seen }),
    )
    tools.print(`${countWords(matching)} matched; ${changed} changed.`)
  })
}

const PAST = { retry: 'planned again', discard: 'discarded' } as const

function countWords({ total, byState }: BulkCount): string {
  const parts = Object.entries(byState).map(([state, runs]) => `${runs} ${state}`)
  return `${total} ${total === 1 ? 'run' : 'runs'}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`
}

async function withProgram(tools: CommandTools, work: (program: Program) => Promise<void>): Promise<void> {
  const program = await tools.openProgram()
  try {
    await work(program)
  } finally {
    await program.close()
  }
}

function parseCount(option: string, text: string, max: number): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 0 && count <= max && text.trim() !== '') return count
  throw new InputError('count', `${option} takes a whole number up to ${max}, not "${text}".`)
}
