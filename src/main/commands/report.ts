import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { renderReport } from '../../jobs/render-report.ts'
import { on } from '../../queues/index.ts'
import { reportNamed, reportNames } from '../../reports/catalogue/index.ts'
import { REPORT_FORMATS, type ReportFormat } from '../../reports/document.ts'
import { addDays, type DayWindow } from '../../time.ts'
import { inSpan } from '../../tracing.ts'
import { OPERATOR } from '../operator.ts'
import type { Program } from '../program.ts'
import { workUntilDone } from '../work-until-done.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'
import { requireClient } from './require-client.ts'

type ReportOptions = {
  client: string
  month?: string
  from?: string
  to?: string
  formats: ReportFormat[]
  out: string
}

export function reportCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('report')
    .description(`Render a report and save its files. Reports: ${reportNames.join(', ')}.`)
    .argument('<report>', 'name of the report')
    .requiredOption('--client <id>', 'the client')
    .option('--month <month>', 'a month, such as 2011-11')
    .option('--from <day>', 'first day (instead of --month)')
    .option('--to <day>', 'last day')
    .option('--formats <list>', 'formats, separated by commas', parseFormats, [...REPORT_FORMATS])
    .option('--out <folder>', 'folder for the files', '.')
    .action((report: string, options: ReportOptions) => makeReport(tools, report, options))
}

async function makeReport(tools: CommandTools, name: string, options: ReportOptions): Promise<void> {
  const report = reportNamed(name)
  const window = windowFrom(options)
  const program = await tools.openProgram()
  try {
    await requireClient(program.database.system, options.client)
    const payload = {
      clientId: options.client,
      report: report.name,
      ...window,
      formats: options.formats,
      subscriptionId: null,
      request: 'command-line',
    }
    const request = { origin: 'person', requestedBy: OPERATOR, again: 'all' } as const
    const intent = { action: 'request-run', target: `job:${renderReport.name}`, clientId: options.client }
    const { runId } = await inSpan('daybreak report', {}, null, () =>
      recordCommand(program.database.system, tools, intent, async () => {
        const { runId } = await program.engine.ledger.request(on(renderReport, payload), request)
        const after = { job: renderReport.name, report: report.name }
        return { runId, audit: { ...intent, target: `run:${runId}`, before: null, after } }
      }),
    )
    await workUntilDone(program, { runId }, { signal: tools.signal })
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

function windowFrom({ month, from, to }: ReportOptions): DayWindow {
  const ends = from !== undefined && to !== undefined ? { from, to } : null
  if ((month === undefined) === (ends === null))
    throw new InputError('window', 'Say which window: either --month 2011-11, or --from and --to.')
  try {
    if (ends !== null) return { from: Temporal.PlainDate.from(ends.from).toString(), to: addDays(ends.to, 1) }
    const first = Temporal.PlainYearMonth.from(month ?? '').toPlainDate({ day: 1 })
    return { from: first.toString(), to: first.add({ months: 1 }).toString() }
  } catch {
    throw new InputError('window', `"${month ?? `${from} … ${to}`}" is no month or day; write 2011-11 or 2011-11-01.`)
  }
}

function parseFormats(text: string): ReportFormat[] {
  const wanted = text.split(',').map((format) => format.trim())
  const known = REPORT_FORMATS.filter((format) => wanted.includes(format))
  if (known.length !== wanted.length)
    throw new InputError('format', `Formats are ${REPORT_FORMATS.join(', ')}; "${text}" has another.`)
  return known
}
