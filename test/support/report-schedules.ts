import type { SystemDatabase } from '../../src/db/database.ts'
import { type ReportSchedule, scheduleReport } from '../../src/jobs/schedule-report.ts'
import { reportScheduleId } from '../../src/reports/schedules/report-schedules.ts'
import { ACME } from './given.ts'

type Given = Partial<Omit<ReportSchedule, 'asked'>> & { asked?: Partial<ReportSchedule['asked']> }

/**
 * Schedules a report of yesterday, for a minute that comes once in decades unless `given` says another. Returns the
 * schedule's id.
 */
export async function givenReportSchedule(db: SystemDatabase, given: Given = {}): Promise<string> {
  const schedule: ReportSchedule = {
    clientId: ACME,
    name: 'daily',
    cron: '0 7 29 2 1',
    zone: 'client',
    recipients: [],
    ownerAddress: null,
    ...given,
    asked: { report: 'performance', period: 'yesterday', formats: ['pdf'], ...given.asked },
  }
  await scheduleReport(db, schedule)
  return reportScheduleId(schedule.clientId, schedule.name)
}
