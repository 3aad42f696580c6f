import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import { SECOND_MS } from '../../time.ts'

/** The job that renders reports, and what it declares for the schedules of all subscriptions. */
type ReportJob = {
  name: string
  schedule: {
    zone: string
    catchUp: string
    catchUpWithinMs: number | null
    lateAfterMs: number | null
    overlap: string
  } | null
}

const syncSchedules = sqlFile<never>(import.meta.dirname, 'sync-subscription-schedules.sql')

/** Gives every subscription its row in `schedules`, in step with what the subscription says, and takes those of deleted ones away. */
export async function syncSubscriptionSchedules(db: SystemDatabase, job: ReportJob): Promise<void> {
  if (job.schedule === null) throw new Error(`job ${job.name} declares no schedule, and subscriptions need one`)
  const { zone, catchUp, catchUpWithinMs, lateAfterMs, overlap } = job.schedule
  const within = { catchUpWithinS: seconds(catchUpWithinMs), lateAfterS: seconds(lateAfterMs) }
  await syncSchedules(db, [job.name, JSON.stringify({ zone, catchUp, ...within, overlap })])
  await sql`
    delete from schedules s
    where s.job = ${job.name} and s.id like 'subscription.%' and not exists (
      select from report_subscriptions r where s.id = 'subscription.' || r.client_id || '.' || r.id)`.execute(db)
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / SECOND_MS)
}
