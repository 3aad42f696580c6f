import type { Command } from 'commander'
import { backfillCancelled, backfillStarted } from '../../board/backfills/index.ts'
import { InputError } from '../../errors.ts'
import { rollUpDay } from '../../jobs/roll-up-day.ts'
import {
  BACKFILL_RUNS_DEFAULT,
  BACKFILL_RUNS_MAX,
  type BackfillCount,
  type BackfillRequest,
  type BackfillView,
  type FoundWindows,
  jobNamed,
  REPROCESS,
  type Reprocess,
} from '../../queues/index.ts'
import { addDays, type Day, SECOND_MS } from '../../time.ts'
import { inSpan } from '../../tracing.ts'
import { OPERATOR } from '../operator.ts'
import type { Program } from '../program.ts'
import { createProgress } from '../progress.ts'
import { type Progress, runsProgress, startWork } from '../work-until-done.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'
import { requireClient } from './require-client.ts'

type BackfillOptions = {
  client?: string
  from?: Day
  to?: Day
  job: string
  schedule?: string
  reprocess: Reprocess
  newestFirst?: true
  oldestFirst?: true
  runsMax: number
  dryRun?: true
  wait: boolean
  cancel?: string
}

const ASK_EVERY_MS = SECOND_MS / 4

export function backfillCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('backfill')
    .description(
      'Run a job for a range of past days of a client, behind the nights. Asked twice while it runs, it is one.',
    )
    .option('--client <id>', 'the client')
    .option('--from <day>', 'first day, such as 2026-01-01', parseDay)
    .option('--to <day>', 'last day', parseDay)
    .option('--job <name>', 'a job that is scheduled for each client (docs/jobs.md lists them)', rollUpDay.name)
    .option('--schedule <id>', 'one schedule of the client, such as a report’s; it is mailed')
    .option('--reprocess <which>', 'windows that ran before, run again: none, failed, all', parseReprocess, 'failed')
    .option('--oldest-first', 'in the order of the days (default)')
    .option('--newest-first', 'the last day first')
    .option('--runs-max <count>', 'its runs in the queue or at work at once', parseRunsMax, BACKFILL_RUNS_DEFAULT)
    .option('--dry-run', 'only count')
    .option('--no-wait', 'only plan it; a running Daybreak does the work')
    .option('--cancel <id>', 'stop what is left of a backfill')
    .action((options: BackfillOptions) => backfill(tools, options))
}

async function backfill(tools: CommandTools, options: BackfillOptions): Promise<void> {
  checkOptions(options)
  const program = await tools.openProgram()
  try {
    if (options.cancel !== undefined) return await cancel(tools, program, options.cancel)
    const request = requestOf(program, options)
    await requireClient(program.database.system, request.clientId)
    if (options.dryRun) return sayCount(tools, request, await program.engine.ledger.countBackfill(request))
    const started = await start(tools, program, request)
    if (options.wait) await workAndShow(tools, program, started)
  } finally {
    await program.close()
  }
}

/** As the command line says of an option that must be there. */
function checkOptions({ cancel, client, from, to, oldestFirst, newestFirst }: BackfillOptions): void {
  const needed = Object.entries({ 'client <id>': client, 'from <day>': from, 'to <day>': to })
  const missing = needed.find(([, value]) => value === undefined)?.[0]
  if (cancel === undefined && missing !== undefined) {
    throw new InputError('option', `Say --${missing}, or --cancel <id>. daybreak backfill --help explains.`)
  }
  if (oldestFirst && newestFirst) throw new InputError('option', 'Say either --oldest-first or --newest-first.')
}

function requestOf({ registry }: Program, options: BackfillOptions): BackfillRequest {
  const { client = '', from = '', to = '', schedule, newestFirst, reprocess, runsMax } = options
  return {
    job: jobNamed(registry, options.job),
    clientId: client,
    scheduleId: schedule ?? null,
    from,
    to: addDays(to, 1),
    reprocess,
    newestFirst: newestFirst === true,
    runsMax,
  }
}

function sayCount({ print }: CommandTools, { job, clientId }: BackfillRequest, count: BackfillCount): void {
  const { windows, fresh, again, left, open, dependencies, first, last } = count
  print(`${fresh + again} of ${windows} windows of ${job.name} for ${clientId} would run.`)
  print(`${fresh} never ran, ${again} would run again, ${left} are left as they are, ${open} are open already.`)
  if (dependencies > 0) print(`${dependencies} runs they depend on would run first.`)
  if (first && last) print(`The oldest begins on ${first.from}, the newest ends on ${addDays(last.to, -1)}.`)
}

/** A backfill, and the runs of its windows that are not its own. */
type Started = { id: string; elsewhere: string[] }

async function start(tools: CommandTools, program: Program, request: BackfillRequest): Promise<Started> {
  const intent = { action: 'start-backfill', target: `job:${request.job.name}`, clientId: request.clientId }
  const { backfill, count, windows } = await inSpan('daybreak backfill', {}, null, () =>
    recordCommand(program.database.system, tools, intent, async () => {
      const started = await program.engine.ledger.startBackfill(request, { requestedBy: OPERATOR })
      return { ...started, audit: started.count && backfillStarted(started.backfill, started.count) }
    }),
  )
  sayStarted(tools, backfill.id, count, windows)
  return { id: backfill.id, elsewhere: windows.elsewhere }
}

function sayStarted(
  { print }: CommandTools,
  id: string,
  count: BackfillCount | null,
  { inProgress, done, elsewhere }: FoundWindows,
): void {
  if (count === null) {
    print(`Known: backfill ${id}, which is in progress.`)
    if (elsewhere.length > 0) print(`${elsewhere.length} of its windows are in progress elsewhere.`)
    return
  }
  const { windows, fresh, again, left } = count
  print(`Planned: backfill ${id}, ${fresh + again} of ${windows} windows.`)
  if (inProgress + left === 0) return
  const undone = left > done ? `, ${left - done} failed or were cancelled and are left as they are` : ''
  print(`${inProgress} are in progress already, ${done} are done already${undone}.`)
}

async function workAndShow(tools: CommandTools, program: Program, { id, elsewhere }: Started): Promise<void> {
  await startWork(program)
  const { backfill, others } = await waitForEnd(tools, program, { id, elsewhere })
  const { succeeded, failed, blocked, cancelled } = togetherOf(backfill, others)
  if (isGoing(backfill)) {
    tools.print(`Backfill ${id} goes on wherever Daybreak runs. To stop it: daybreak backfill --cancel ${id}`)
  } else if (others.open > 0) {
    tools.print(`${others.open} windows that were in progress before go on wherever Daybreak runs.`)
  } else {
    tools.print(`${succeeded} runs succeeded, ${failed} failed, ${cancelled} are cancelled, ${blocked} wait in vain.`)
  }
  tools.signal.throwIfAborted()
  const undone = failed + cancelled + blocked
  if (undone === 0) return
  const words = `${undone} runs of backfill ${id} or its windows are not done; the board says why, and asking for it again tries them again.`
  throw new InputError('backfill-failed', words)
}

/**
 * How far its own runs and those of its windows that were in progress before have come; of the others, what waits in
 * vain counts as failed.
 */
function togetherOf({ runs }: BackfillView, others: Progress) {
  return {
    succeeded: runs.succeeded + others.succeeded,
    failed: runs.failed + others.failed,
    cancelled: runs.cancelled + others.cancelled,
    blocked: runs.blocked,
    total: runs.total + others.open + others.succeeded + others.failed + others.cancelled,
  }
}

function isGoing({ state }: BackfillView): boolean {
  return state === 'running' || state === 'cancelling'
}

type SoFar = { backfill: BackfillView; others: Progress }

/** Shows how far it is until nothing more happens, or somebody presses Ctrl-C. */
async function waitForEnd({ signal }: CommandTools, program: Program, { id, elsewhere }: Started): Promise<SoFar> {
  const progress = createProgress('runs', 0)
  try {
    for (;;) {
      const backfill = await program.engine.ledger.findBackfill(id)
      if (!backfill) throw new InputError('unknown-backfill', `Backfill ${id} was deleted while it ran.`)
      const others = await runsProgress(program.database.system, { runIds: elsewhere })
      const { succeeded, failed, cancelled, total } = togetherOf(backfill, others)
      progress.update(succeeded + failed + cancelled, total)
      if ((!isGoing(backfill) && others.open === 0) || signal.aborted) return { backfill, others }
      await new Promise((done) => setTimeout(done, ASK_EVERY_MS))
    }
  } finally {
    progress.stop()
  }
}

async function cancel(tools: CommandTools, { database, engine }: Program, id: string): Promise<void> {
  const before = await engine.ledger.findBackfill(parseId(id))
  if (!before) throw new InputError('unknown-backfill', `There is no backfill ${id}.`)
  const intent = { action: 'cancel-backfill', target: `backfill:${id}`, clientId: before.clientId }
  const { after } = await recordCommand(database.system, tools, intent, async () => {
    const after = await engine.ledger.cancelBackfill(id)
    return { after, audit: backfillCancelled(before, after) }
  })
  const { cancelled, running, succeeded } = after.runs
  tools.print(
    `Backfill ${id} is ${after.state}: ${succeeded} runs succeeded, ${cancelled} are cancelled, ${running} stop.`,
  )
}

function parseId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text
  throw new InputError('backfill', `"${text}" is no id of a backfill; daybreak backfill and the board say it.`)
}

function parseDay(text: string): Day {
  try {
    return Temporal.PlainDate.from(text).toString()
  } catch {
    throw new InputError('day', `"${text}" is no day; write it as 2026-11-20.`)
  }
}

function parseReprocess(text: string): Reprocess {
  const known = REPROCESS.find((each) => each === text)
  if (known) return known
  throw new InputError('reprocess', `--reprocess takes ${REPROCESS.join(', ')}, not "${text}".`)
}

function parseRunsMax(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= BACKFILL_RUNS_MAX) return count
  throw new InputError('runs-max', `--runs-max takes a number from 1 to ${BACKFILL_RUNS_MAX}, not "${text}".`)
}
