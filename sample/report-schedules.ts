import type { SystemDatabase } from '../src/db/database.ts'
import { type ReportSchedule, scheduleReport } from '../src/jobs/schedule-report.ts'
import { reportScheduleId } from '../src/reports/schedules/report-schedules.ts'

/** Yesterday's performance every morning, last month's revenue on every first: who gets them, and as what. */
function reportSchedules(clientId: string): ReportSchedule[] {
  const mail = (name: string) => `${name}@${clientId}.example`
  const formats: ReportSchedule['asked']['formats'] = ['pdf', 'xlsx', 'csv', 'html', 'json']
  const about = { clientId, zone: 'client', ownerAddress: mail('operations') }
  return [
    {
      ...about,
      name: 'performance-daily',
      asked: { report: 'performance', period: 'yesterday', formats },
      cron: '30 5 * * *',
      recipients: [
        { address: mail('supervisors'), formats: ['pdf', 'xlsx'] },
        { address: mail('front-office'), formats: ['html'] },
        { address: mail('data'), formats: ['csv', 'json'] },
      ],
    },
    {
      ...about,
      name: 'monthly-revenue',
      asked: { report: 'monthly-revenue', period: 'last-month', formats },
      cron: '0 6 1 * *',
      recipients: [
        { address: mail('finance'), formats: ['pdf', 'xlsx'] },
        { address: mail('owner'), formats: ['pdf'] },
        { address: mail('bookkeeping'), formats: ['csv'] },
      ],
    },
  ]
}

/** Schedules the reports of a sample client. What somebody has changed of them stays. */
export async function scheduleSampleReports(db: SystemDatabase, clientId: string): Promise<void> {
  for (const schedule of reportSchedules(clientId)) {
    const id = reportScheduleId(clientId, schedule.name)
    const known = await db.selectFrom('schedules').select('id').where('id', '=', id).executeTakeFirst()
    if (known === undefined) await scheduleReport(db, schedule)
  }
}
