import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { rollUpDay } from '../../jobs/roll-up-day.ts'
import { on, type RequestOptions } from '../../queues/index.ts'
import { addDays, type Day, daysOf } from '../../time.ts'
import { OPERATOR } from '../operator.ts'
import type { Program } from '../program.ts'
import { createProgress } from '../progress.ts'
import { workUntilDone } from '../work-until-done.ts'
import type { CommandTools } from './command-tools.ts'
import { requireClient } from './require-client.ts'
import { parseAgain } from './run.ts'

type BackfillOptions = {
  client: string
  from: Day
  to: Day
  again: RequestOptions['again']
  dryRun?: true
  wait: boolean
}

const DAYS_MAX = 4000

export function backfillCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('backfill')
    .description('Roll up a range of past days of a client.')
    .requiredOption('--client <id>', 'the client')
    .requiredOption('--from <day>', 'first day, such as 2026-01-01', parseDay)
    .requiredOption('--to <day>', 'last day', parseDay)
    .option('--again <when>', 'days that were rolled up before: no, failed, succeeded, all', parseAgain, 'failed')
    .option('--dry-run', 'only count the days')
    .option('--no-wait', 'only plan it; a running Daybreak does the work')
    .action((options: BackfillOptions) => backfill(tools, options))
}

async function backfill(tools: CommandTools, options: BackfillOptions): Promise<void> {
  const { client, from, to, again, dryRun, wait } = options
  const days = daysOf({ from, to: addDays(to, 1) })
  if (days.length === 0 || days.length > DAYS_MAX)
    throw new InputError(
      'range',
      `From ${from} to ${to} are ${days.length} days; 1 to ${DAYS_MAX} can be filled at once.`,
    )
  if (dryRun) return tools.print(`${days.length} days would be planned, ${from} to ${to}.`)
  const program = await tools.openProgram()
  try {
    await requireClient(program.database.system, client)
    const requests = days.map((day) => on(rollUpDay, { clientId: client, day }))
    const planned = await program.engine.ledger.requestAll(requests, {
      origin: 'backfill',
      requestedBy: OPERATOR,
      again,
    })
    tools.print(`${planned} of ${days.length} days are planned.`)
    if (wait) await rollUpAndShow(tools, program, options, planned)
  } finally {
    await program.close()
  }
}

async function rollUpAndShow(
  tools: CommandTools,
  program: Program,
  { client, from, to }: BackfillOptions,
  planned: number,
): Promise<void> {
  const progress = createProgress('days', planned)
  const mine = { job: rollUpDay.name, clientIds: [client], nights: { first: from, last: to } }
  const done = await workUntilDone(program, mine, {
    signal: tools.signal,
    onProgress: (now) => progress.update(Math.max(0, planned - now.open)),
  }).finally(() => progress.stop())
  tools.print(`${done.succeeded} days are rolled up, ${done.failed} failed, ${done.cancelled} are cancelled.`)
  if (done.failed > 0)
    throw new InputError(
      'backfill-failed',
      `${done.failed} days failed; the board says why, and running this again tries them again.`,
    )
}

function parseDay(text: string): Day {
  try {
    return Temporal.PlainDate.from(text).toString()
  } catch {
    throw new InputError('day', `"${text}" is no day; write it as 2026-11-20.`)
  }
}
