import { type Kysely, sql } from 'kysely'
import type { DB } from '../../db/schema.ts'

/** Schedules one page shows. */
export const SCHEDULES_MAX = 300

export type ScheduleView = {
  id: string
  job: string
  clientName: string | null
  cron: string
  zone: string
  client_zone: string | null
  catchUp: string
  overlap: string
  pausedUntil: string | null
  pausedReason: string | null
  /** The report a subscription's schedule renders. */
  subject: string | null
}

/** The schedules in sight, soonest first. */
export async function readSchedules(db: Kysely<DB>, clientId: string | undefined): Promise<ScheduleView[]> {
  const query = db
    .selectFrom('schedules as s')
    .leftJoin('clients as c', 'c.id', 's.client_id')
    .select([
      's.id',
      's.job',
      'c.name as clientName',
      's.cron',
      's.zone',
      'c.time_zone as client_zone',
      's.catch_up as catchUp',
      's.overlap',
      's.paused_until as pausedUntil',
      's.paused_reason as pausedReason',
      sql<string | null>`s.payload ->> 'report'`.as('subject'),
    ])
    .orderBy(sql`s.next_due_at nulls last`)
    .orderBy('s.id')
    .limit(SCHEDULES_MAX)
  return (clientId === undefined ? query : query.where('s.client_id', '=', clientId)).execute()
}
