import { z } from 'zod'
import type { SystemDatabase, SystemTransaction } from '../db/database.ts'
import { InputError } from '../errors.ts'
import { checkCron, deleteSchedule, parsePayload, putSchedule } from '../queues/index.ts'
import type { RepeatedReport } from '../reports/asked-report.ts'
import {
  listReportSchedules,
  type Recipient,
  type ReportScheduleView,
  replaceRecipients,
  reportScheduleId,
  SCHEDULE_NAME,
} from '../reports/schedules/report-schedules.ts'
import { isTimeZone, SECOND_MS, systemClock } from '../time.ts'
import { renderReport } from './render-report.ts'

/** A report that is to be sent again and again. */
export type ReportSchedule = {
  clientId: string
  /** Of lower-case letters, digits and hyphens; one of each name. */
  name: string
  asked: RepeatedReport
  cron: string
  /** An IANA name, or `client`. */
  zone: string
  recipients: Recipient[]
  /** Who hears when it fails. */
  ownerAddress: string | null
}

export type ReportScheduleChange = { before: ReportScheduleView | null; after: ReportScheduleView | null }
type Scheduled = { before: ReportScheduleView | null; after: ReportScheduleView }
type Unscheduled = { before: ReportScheduleView; after: null }

/**
 * Makes a schedule for a report, or changes the one of its name; twice is the same as once. Formats that a recipient
 * gets are rendered too. Throws InputError `schedule-name`, `invalid-cron`, `invalid-zone`, `invalid-email`,
 * `invalid-payload`, `no-such-client`.
 */
export async function scheduleReport(db: SystemDatabase, schedule: ReportSchedule): Promise<Scheduled> {
  checkNames(schedule)
  const { clientId, name, cron, zone, ownerAddress, recipients } = schedule
  const scheduleId = reportScheduleId(clientId, name)
  const formats = [...new Set([...schedule.asked.formats, ...recipients.flatMap((each) => each.formats)])]
  const payload = { ...schedule.asked, formats, scheduleId }
  return db.transaction().execute(async (tx) => {
    await checkAsked(tx, clientId, payload)
    const before = await find(tx, clientId, name)
    const settings = { cron, zone, ...policies() }
    await putSchedule(tx, { id: scheduleId, job: renderReport.name, clientId, payload, ownerAddress, settings })
    await replaceRecipients(tx, { clientId, scheduleId }, recipients)
    const after = await find(tx, clientId, name)
    if (after === null) throw new Error(`${scheduleId} was written and is gone`)
    return { before, after }
  })
}

/** Takes the schedule of a report away, with its recipients. Throws InputError `unknown-schedule`. */
export async function unscheduleReport(
  db: SystemDatabase,
  { clientId, name }: Pick<ReportSchedule, 'clientId' | 'name'>,
): Promise<Unscheduled> {
  return db.transaction().execute(async (tx) => {
    const before = await find(tx, clientId, name)
    const isGone = await deleteSchedule(tx, clientId, reportScheduleId(clientId, name))
    if (before !== null && isGone) return { before, after: null }
    throw new InputError('unknown-schedule', `${clientId} has no report scheduled as "${name}".`)
  })
}

async function find(tx: SystemTransaction, clientId: string, name: string): Promise<ReportScheduleView | null> {
  const [found] = await listReportSchedules(tx, { clientId, name })
  return found ?? null
}

function checkNames({ name, cron, zone, recipients, ownerAddress }: ReportSchedule): void {
  if (!SCHEDULE_NAME.test(name))
    throw new InputError('schedule-name', `"${name}" is no name: use lower-case letters, digits and hyphens.`)
  if (zone !== 'client' && !isTimeZone(zone))
    throw new InputError('invalid-zone', `"${zone}" is neither "client" nor an IANA time zone, such as Europe/London.`)
  checkCron(cron, 'UTC', systemClock())
  for (const address of [...recipients.map((each) => each.address), ...(ownerAddress === null ? [] : [ownerAddress])])
    if (!z.email().safeParse(address).success)
      throw new InputError('invalid-email', `"${address}" is no e-mail address, such as finance@acme.example.`)
}

/** What it would ask for if it were due now. */
async function checkAsked(tx: SystemTransaction, clientId: string, extra: Record<string, unknown>): Promise<void> {
  const client = await tx
    .selectFrom('clients')
    .select(['id', 'time_zone as timeZone'])
    .where('id', '=', clientId)
    .executeTakeFirst()
  if (!client) throw new InputError('no-such-client', `There is no client "${clientId}".`)
  parsePayload({ job: renderReport, payload: declared().payload(systemClock(), client, extra) })
}

/** What the job says of missed, late and overlapping times; a person may change it on the page of the schedule. */
function policies() {
  const { catchUp, catchUpWithinMs, lateAfterMs, overlap } = declared()
  return { catchUp, catchUpWithinS: seconds(catchUpWithinMs), lateAfterS: seconds(lateAfterMs), overlap }
}

function declared() {
  if (renderReport.schedule === null) throw new Error(`job ${renderReport.name} declares no schedule`)
  return renderReport.schedule
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / SECOND_MS)
}
