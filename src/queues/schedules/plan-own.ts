import type { AnyTransaction } from '../../db/database.ts'
import { sqlFile } from '../../sql.ts'
import type { AnyJob, RunRequest } from '../job.ts'
import { type PlanOptions, type PlanRequest, planRuns, withDependencies } from '../runs/plan-runs.ts'
import type { ScheduleRow } from './schedule-row.ts'

const ownRuns = sqlFile<never>(import.meta.dirname, 'own-runs.sql')

/** Plans a schedule's runs; those that stand already become its own. Returns how many were new. */
export async function planOwn(tx: AnyTransaction, plans: PlanRequest[]): Promise<number> {
  const planned = await planRuns(tx, plans)
  const fresh = new Set(planned.map(({ job, key }) => `${job} ${key}`))
  const own = withDependencies(plans).filter(({ job, key, dueAt }) => dueAt !== null && !fresh.has(`${job} ${key}`))
  if (own.length > 0) await ownRuns(tx, [JSON.stringify(own)])
  return planned.length
}

/** What a schedule asks for when it is due, and how it is planned. */
export function ownPlan(job: AnyJob, row: ScheduleRow, dueAt: Temporal.Instant): PlanRequest {
  return { request: requestAt(job, row, dueAt), options: optionsAt(row, dueAt) }
}

function optionsAt(row: ScheduleRow, dueAt: Temporal.Instant): PlanOptions {
  const late = row.late_after_s === null ? {} : { lateAt: dueAt.add({ seconds: row.late_after_s }) }
  const isSerial = row.overlap === 'queue'
  return { origin: 'schedule', requestedBy: null, priority: 2, scheduleId: row.id, dueAt, isSerial, ...late }
}

function requestAt(job: AnyJob, row: ScheduleRow, dueAt: Temporal.Instant): RunRequest {
  if (!job.schedule) throw new Error(`schedule ${row.id}: job ${job.name} cannot be scheduled`)
  const client = { id: row.client_id ?? '', timeZone: row.client_zone ?? 'UTC' }
  return { job, payload: job.schedule.payload(dueAt, client, row.payload as Record<string, unknown>) }
}
