import type { Command } from 'commander'
import type { Comparison } from '../../analytics/questions/index.ts'
import { InputError } from '../../errors.ts'
import { type ReportScheduleChange, scheduleReport, unscheduleReport } from '../../jobs/schedule-report.ts'
import { reportNamed } from '../../reports/catalogue/index.ts'
import type { ReportFormat } from '../../reports/document.ts'
import { PERIODS, type Period } from '../../reports/period.ts'
import { auditedSchedule, listReportSchedules, type Recipient } from '../../reports/schedules/report-schedules.ts'
import { printTable } from '../print.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'
import { type Only, parseComparisons, parseFormats, parseOnly, parsePeriod } from './report-options.ts'
import { requireClient } from './require-client.ts'

type ScheduleOptions = {
  client: string
  name?: string
  period: Period
  cron: string
  zone: string
  formats: ReportFormat[]
  to: AddressFormats[]
  owner?: string
  only: Only
  compare?: Comparison[]
}

/** null: the formats of the report. */
type AddressFormats = { address: string; formats: ReportFormat[] | null }

export function reportScheduleCommands(report: Command, tools: CommandTools): void {
  report
    .command('schedule')
    .description('Have a report rendered and mailed again and again. The same name again changes it.')
    .argument('<report>', 'name of the report')
    .requiredOption('--client <id>', 'the client')
    .requiredOption('--period <name>', `the last whole one before it is due: ${PERIODS.join(', ')}`, parsePeriod)
    .requiredOption('--cron <times>', "when it is due, such as '0 6 1 * *' for 6:00 on the first of the month")
    .option('--zone <zone>', 'whose clock that is: an IANA time zone, or client', 'client')
    .option('--to <address=formats>', 'who gets it, such as finance@acme.example=pdf,xlsx; again for each', parseTo, [])
    .option('--formats <list>', 'formats, separated by commas', parseFormats, ['pdf'])
    .option('--name <name>', 'what it is called (default: the name of the report)')
    .option('--owner <address>', 'who hears when it fails')
    .option('--only <dimension=member>', 'narrow it down, such as sector=sales; may be given again', parseOnly, {})
    .option('--compare <list>', 'compare it with something else than the report does, or none', parseComparisons)
    .action((name: string, options: ScheduleOptions) => schedule(tools, name, options))
  report
    .command('schedules')
    .description('List the scheduled reports and who gets them.')
    .option('--client <id>', 'of one client')
    .action((options: { client?: string }) => list(tools, options))
  report
    .command('unschedule')
    .description('Take a scheduled report away, with its recipients. What it has sent stays.')
    .argument('<name>', 'what it is called')
    .requiredOption('--client <id>', 'the client')
    .action((name: string, options: { client: string }) => unschedule(tools, name, options))
}

async function schedule(tools: CommandTools, word: string, options: ScheduleOptions): Promise<void> {
  const report = reportNamed(word).name
  const { client: clientId, name = report, period, cron, zone, formats, to, owner, only, compare } = options
  const recipients: Recipient[] = to.map((each) => ({ address: each.address, formats: each.formats ?? formats }))
  const narrowed = Object.keys(only).length > 0 ? { filters: only } : {}
  const compared = compare === undefined ? {} : { compare }
  const asked = { report, period, formats, ...narrowed, ...compared }
  const wanted = { clientId, name, asked, cron, zone, recipients, ownerAddress: owner ?? null }
  const { before } = await change(tools, { clientId, name, action: 'schedule-report' }, (db) =>
    scheduleReport(db, wanted),
  )
  const people = `${recipients.length} ${recipients.length === 1 ? 'recipient' : 'recipients'}`
  tools.print(`${before === null ? 'Scheduled' : 'Changed'} ${name} of ${clientId}: ${report} of ${period}, ${people}.`)
  if (recipients.length === 0) tools.print('Nobody gets it by mail; the board has its files. Add recipients with --to.')
}

async function unschedule(tools: CommandTools, name: string, { client: clientId }: { client: string }): Promise<void> {
  await change(tools, { clientId, name, action: 'unschedule-report' }, (db) => unscheduleReport(db, { clientId, name }))
  tools.print(`${name} of ${clientId} is scheduled no more.`)
}

type Intended = { clientId: string; name: string; action: string }
type SystemHandle = Parameters<typeof scheduleReport>[0]

async function change(
  tools: CommandTools,
  { clientId, name, action }: Intended,
  work: (db: SystemHandle) => Promise<ReportScheduleChange>,
): Promise<ReportScheduleChange> {
  const { db, close } = await tools.openDatabase()
  try {
    await requireClient(db.system, clientId)
    const intent = { action, target: `report-schedule:${name}`, clientId }
    return await recordCommand(db.system, tools, intent, async () => {
      const made = await work(db.system)
      return { ...made, audit: { ...intent, before: auditedSchedule(made.before), after: auditedSchedule(made.after) } }
    })
  } finally {
    await close()
  }
}

async function list(tools: CommandTools, { client }: { client?: string }): Promise<void> {
  const { db, close } = await tools.openDatabase()
  try {
    await requireClient(db.system, client ?? null)
    const found = await listReportSchedules(db.system, { clientId: client })
    if (found.length === 0) return tools.print('No report is scheduled. daybreak report schedule --help says how.')
    const head = ['client', 'name', 'report', 'of', 'when', 'clock', 'recipients']
    printTable([head, ...found.map((each) => [each.clientId, each.name, ...wordsOf(each)])])
  } finally {
    await close()
  }
}

function wordsOf({ asked, cron, zone, recipients }: Awaited<ReturnType<typeof listReportSchedules>>[number]): string[] {
  const people = recipients.map(
    ({ address, formats, unsubscribedAt }) =>
      `${address} (${unsubscribedAt === null ? formats.join(', ') : 'unsubscribed'})`,
  )
  return [String(asked['report']), String(asked['period']), cron, zone, people.join(', ') || 'nobody']
}

function parseTo(text: string, before: AddressFormats[]): AddressFormats[] {
  const [address = '', formats, ...more] = text.split('=')
  if (address === '' || more.length > 0)
    throw new InputError(
      'invalid-email',
      `Write --to finance@acme.example=pdf,xlsx; "${text}" is neither that nor an address.`,
    )
  return [...before, { address, formats: formats === undefined ? null : parseFormats(formats) }]
}
