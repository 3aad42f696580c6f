import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { COMPARISONS, type Comparison } from '../../analytics/questions/index.ts'
import { InputError } from '../../errors.ts'
import { renderReport } from '../../jobs/render-report.ts'
import { on } from '../../queues/index.ts'
import { reportNamed, reportNames } from '../../reports/catalogue/index.ts'
import { REPORT_FORMATS, type ReportFormat } from '../../reports/document.ts'
import { PERIODS, type Period, windowOf } from '../../reports/period.ts'
import { addDays, type Day, type DayWindow, dayOf, systemClock } from '../../time.ts'
import { inSpan } from '../../tracing.ts'
import { OPERATOR } from '../operator.ts'
import type { Program } from '../program.ts'
import { workUntilDone } from '../work-until-done.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'
import { type Only, parseComparisons, parseFormats, parseOnly, parsePeriod } from './report-options.ts'
import { reportScheduleCommands } from './report-schedules.ts'
import { requireClient } from './require-client.ts'

type ReportOptions = {
  client?: string
  month?: string
  from?: string
  to?: string
  period?: Period
  only: Only
  compare?: Comparison[]
  formats: ReportFormat[]
  out: string
}

export function reportCommand(parent: Command, tools: CommandTools): void {
  const command = parent
    .command('report')
    .enablePositionalOptions()
    .description(`Render a report and save its files. Reports: ${reportNames.join(', ')}.`)
    .argument('<report>', 'name of the report')
    .option('--client <id>', 'the client (has to be said)')
    .option('--month <month>', 'a month, such as 2011-11')
    .option('--from <day>', 'first day (instead of --month)')
    .option('--to <day>', 'last day')
    .option('--period <name>', `or the last whole one before today: ${PERIODS.join(', ')}`, parsePeriod)
    .option('--only <dimension=member>', 'narrow it down, such as sector=sales; may be given again', parseOnly, {})
    .option('--compare <list>', `compare it with ${COMPARISONS.join(', ')} or none`, parseComparisons)
    .option('--formats <list>', 'formats, separated by commas', parseFormats, [...REPORT_FORMATS])
    .option('--out <folder>', 'folder for the files', '.')
    .action((report: string, options: ReportOptions) => makeReport(tools, report, options))
  reportScheduleCommands(command, tools)
}

async function makeReport(tools: CommandTools, name: string, options: ReportOptions): Promise<void> {
  const report = reportNamed(name)
  const { client } = options
  if (client === undefined) throw new InputError('option', 'Say whose report it is: --client acme.')
  const windowOn = windowFrom(options)
  const program = await tools.openProgram()
  try {
    await requireClient(program.database.system, client)
    const payload = {
      clientId: client,
      report: report.name,
      ...windowOn(await todayOf(program, client)),
      formats: options.formats,
      filters: options.only,
      compare: options.compare ?? null,
      scheduleId: null,
      request: 'command-line',
    }
    const request = { origin: 'person', requestedBy: OPERATOR, again: 'all' } as const
    const intent = { action: 'request-run', target: `job:${renderReport.name}`, clientId: client }
    const { runId } = await inSpan('daybreak report', {}, null, () =>
      recordCommand(program.database.system, tools, intent, async () => {
        const { runId } = await program.engine.ledger.request(on(renderReport, payload), request)
        const after = { job: renderReport.name, report: report.name }
        return { runId, audit: { ...intent, target: `run:${runId}`, before: null, after } }
      }),
    )
    await workUntilDone(program, { runIds: [runId] }, { signal: tools.signal })
    const run = await program.engine.ledger.find(runId)
    if (run?.state !== 'succeeded')
      throw new InputError(
        'report-failed',
        `The report was not made (${run?.state}): ${run?.errorMessage ?? 'a roll-up it waits for failed'}`,
      )
    await saveFiles(program, runId, options.out, tools.print)
  } finally {
    await program.close()
  }
}

async function saveFiles(
  program: Program,
  executionId: string,
  folder: string,
  print: (line: string) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = await program.database.system
    .selectFrom('execution_files')
    .selectAll()
    .where('execution_id', '=', executionId)
    .orderBy('format')
    .execute()
  for (const file of files) {
    const path = join(folder, file.file_name)
    const { body } = await program.jobTools.storage.get(file.object_key)
    await pipeline(body, createWriteStream(path))
    print(`${path}  ${file.size_bytes} bytes  sha256 ${file.sha256}`)
  }
}

async function todayOf({ database }: Program, clientId: string): Promise<Day> {
  const { time_zone: timeZone } = await database.system
    .selectFrom('clients')
    .select('time_zone')
    .where('id', '=', clientId)
    .executeTakeFirstOrThrow()
  return dayOf(systemClock(), timeZone)
}

/** The window that the options say, as of the client's today. Throws InputError `window`. */
function windowFrom({ month, from, to, period }: ReportOptions): (today: Day) => DayWindow {
  const ends = from !== undefined && to !== undefined ? { from, to } : null
  if ([month, ends ?? undefined, period].filter((given) => given !== undefined).length !== 1)
    throw new InputError(
      'window',
      'Say which window: either --month 2011-11, or --from and --to, or --period last-month.',
    )
  if (period !== undefined) return (today) => windowOf(period, today)
  const window = ends === null ? monthWindow(month ?? '') : daysWindow(ends)
  return () => window
}

function daysWindow({ from, to }: { from: string; to: string }): DayWindow {
  try {
    return { from: Temporal.PlainDate.from(from).toString(), to: addDays(to, 1) }
  } catch {
    throw noWindow(`${from} … ${to}`)
  }
}

function monthWindow(month: string): DayWindow {
  try {
    const first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 })
    return { from: first.toString(), to: first.add({ months: 1 }).toString() }
  } catch {
    throw noWindow(month)
  }
}

function noWindow(text: string): InputError {
  return new InputError('window', `"${text}" is no month or day; write 2011-11 or 2011-11-01.`)
}
