import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'

/** Failed runs one page shows; the list of runs has the rest. */
export const FAILED_MAX = 20
/** Schedules a choice offers. */
const SCHEDULES_MAX = 200

export type FailedRun = { id: string; job: string; key: string; errorMessage: string | null }

/** What of a backfill failed, in its order. */
export async function failedRunsOf(db: AnyDatabase, backfillId: string): Promise<FailedRun[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'job', 'key', 'error_message as errorMessage'])
    .where('backfill_id', '=', backfillId)
    .where('state', '=', 'failed')
    .orderBy('position')
    .orderBy('id')
    .limit(FAILED_MAX)
    .execute()
}

export type NamedSchedule = { id: string; job: string; clientName: string; cron: string; subject: string | null }

/** Schedules that are none a job declares, such as those of reports: they are filled by name only. */
export async function namedSchedules(db: AnyDatabase): Promise<NamedSchedule[]> {
  return db
    .selectFrom('schedules as s')
    .innerJoin('clients as c', 'c.id', 's.client_id')
    .select([
      's.id',
      's.job',
      'c.name as clientName',
      's.cron',
      sql<string | null>`s.payload ->> 'report'`.as('subject'),
    ])
    .where(sql<boolean>`s.id <> s.job || '.' || s.client_id`)
    .orderBy('c.name')
    .orderBy('s.id')
    .limit(SCHEDULES_MAX)
    .execute()
}
